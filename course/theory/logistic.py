"""Logistic regression: bounded by its curvature at the start, which is its largest."""

from dataclasses import dataclass

import numpy as np

from course.functions import sigmoid
from course.theory.quadratics import REGIMES, regime_borders

__all__ = ["LOGISTIC_REGIMES", "Logistic", "logistic_borders", "logistic_regime"]

LOGISTIC_REGIMES = (*REGIMES[:3], "climbing first", "never settling")


@dataclass(frozen=True, eq=False)
class Logistic:
    r"""Logistic regression on given features, from weights of zero.

    $$ f(w) = \frac{1}{n} \sum_i \log(1 + e^{z_i}) - y_i z_i, \qquad z = X w $$

    Its curvature is largest where the model is least sure, at the start, and falls as
    probabilities leave 1/2. So a rate can climb first and settle later.

    Parameters
    ----------
    features : ndarray of shape (n, k)
        X; a column of ones in it takes the place of a bias.
    y : ndarray of shape (n,)
        Zeros and ones.
    """

    features: np.ndarray
    y: np.ndarray

    def cost(self, weights):
        """The cross-entropy at weights `(..., k)`, as `(...)`."""
        logits = weights @ self.features.T
        return np.mean(np.logaddexp(0, logits) - self.y * logits, axis=-1)

    def right(self, weights):
        """The share of points on the right side of the boundary."""
        return float(np.mean((self.features @ weights > 0) == self.y))

    def gradient(self, weights):
        """The derivative of the cost by each weight: the mean of (p - y) x."""
        return self.features.T @ (sigmoid(self.features @ weights) - self.y) / len(self.y)

    def hessian(self, weights):
        """The cost's second derivatives, `(k, k)`: the mean of p (1 - p) x x^T."""
        p = sigmoid(self.features @ weights)
        return (self.features.T * (p * (1 - p))) @ self.features / len(self.y)

    def curvature(self, weights):
        """The largest curvature at these weights; nowhere is it larger than at zero."""
        return float(np.linalg.eigvalsh(self.hessian(weights))[-1])

    def solve(self, steps=50):
        """The weights of the lowest cost, by Newton's method.

        Raises
        ------
        ValueError
            None are best: a boundary makes no mistake, and larger weights cost less.
        """
        weights = np.zeros(self.features.shape[1])
        for _ in range(steps):
            if self.right(weights) == 1:
                break
            step = np.linalg.solve(self.hessian(weights), self.gradient(weights))
            weights = weights - step
            if np.max(np.abs(step)) < 1e-9 * np.max(np.abs(weights)):
                return weights
        raise ValueError(
            "Logistic.solve: no weights are best. A boundary that makes no mistake has a lower "
            "cost the larger its weights are; give points that no such boundary parts, for "
            "instance those of data.sine_boundary(300, rng) with a cubic's features."
        )

    def descend(self, rate, steps):
        """The weights at the start and after each step of gradient descent, `(steps + 1, k)`."""
        weights = np.zeros(self.features.shape[1])
        rows, columns = self.features, np.ascontiguousarray(self.features.T) / len(self.y)
        path = [weights]
        with np.errstate(over="ignore"):  # exp(large) is inf, and 1 / inf the 0 that is meant
            for _ in range(steps):
                p = 1 / (1 + np.exp(-(rows @ weights)))
                weights = weights - rate * (columns @ (p - self.y))
                path.append(weights)
        return np.array(path)


def logistic_regime(rate, first, last):
    """Name what descent on a logistic regression does, by its curvatures at start and best.

    Below 2 over the `first` curvature the regimes are those of a quadratic; up to 2 over the
    `last` it is "climbing first", beyond "never settling".

    >>> logistic_regime(1.0, first=10.0, last=0.1)
    'climbing first'
    """
    return LOGISTIC_REGIMES[int(np.searchsorted(logistic_borders(first, last), rate))]


def logistic_borders(first, last):
    """The four learning rates at which one of `LOGISTIC_REGIMES` ends and the next begins."""
    return (*regime_borders(first), 2 / last)
