"""Gradient descent on a quadratic: walls, half-lives, regimes, without descending.

Each step multiplies the distance to the minimum, along each eigenvector of the Hessian, by
1 - rate * eigenvalue: a million steps are one power.
"""

from dataclasses import dataclass

import numpy as np

from course.autodiff import value_and_gradient
from course.theory.momentum import HEAVY, is_nesterov
from course.trees import parameters, rebuild

__all__ = [
    "DIVERGED",
    "REGIMES",
    "Quadratic",
    "as_vector",
    "from_vector",
    "half_life",
    "has_diverged",
    "quadratic",
    "regime",
    "regime_borders",
    "until_diverged",
]

ARRIVED = 1e-3  # from least squares, in every parameter
DIVERGED = 1e6  # times the first loss: where `train` stops too
BORDERS = (0.1, 1.0, 2.0)  # of rate times curvature
REGIMES = ("crawling", "converging", "oscillating", "diverging")


@dataclass(frozen=True, eq=False)
class Quadratic:
    r"""A loss that is a quadratic in its parameters p.

    $$ f(p) = f_{min} + \tfrac12 (p - p^*)^T H (p - p^*) $$

    Parameters
    ----------
    minimum : ndarray of shape (n,)
        p*.
    lowest : float
        The loss there.
    curvatures : ndarray of shape (n,)
        The eigenvalues of H, rising.
    directions : ndarray of shape (n, n)
        Its eigenvectors in columns.

    >>> bowl = Quadratic(np.zeros(2), 0.0, np.array([1.0, 10.0]), np.eye(2))
    >>> float(bowl.stable_rate), float(bowl.condition)
    (0.2, 10.0)
    """

    minimum: np.ndarray
    lowest: float
    curvatures: np.ndarray
    directions: np.ndarray

    @property
    def stable_rate(self):
        """The largest stable learning rate, 2 / (largest curvature)."""
        return 2 / self.curvatures[-1]

    @property
    def condition(self):
        """The condition number: the largest curvature over the smallest."""
        return self.curvatures[-1] / self.curvatures[0]

    def descend(self, start, rate, steps):
        r"""Where gradient descent is after each number of steps, `(len(steps), n)`.

        $$ p_k = p^* + V (1 - rate\, \lambda)^k V^T (p_0 - p^*) $$
        """
        along = self.directions.T @ (np.asarray(start) - self.minimum)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            shrunk = (1 - rate * self.curvatures) ** np.asarray(steps, dtype=float)[:, None]
            return self.minimum + (shrunk * along) @ self.directions.T

    def descend_with_momentum(self, start, rate, momentum, rule=HEAVY, most=3000):
        r"""Descend by the heavy ball or Nesterov's rule, as `Momentum` and `Nesterov` do.

        $$ v \leftarrow \mu v + \eta \lambda e, \qquad e \leftarrow e - v \quad\text{or}\quad
           e \leftarrow e - (\mu v + \eta \lambda e) $$

        along each eigenvector, from v = 0.

        Returns
        -------
        ndarray of shape (steps + 1, n)
            Distances to the minimum along the directions, the flattest first. It ends where every
            parameter has arrived (within `ARRIVED` of the minimum), where a distance is a million
            times the first, or after `most` steps.
        """
        ahead = momentum if is_nesterov(rule) else 0.0
        rows = []
        along = (self.directions.T @ (np.asarray(start) - self.minimum)).tolist()
        for distance, curvature in zip(along, self.curvatures.tolist(), strict=True):
            push, limit, velocity, row = rate * curvature, DIVERGED * abs(distance), 0.0, [distance]
            for _ in range(most):
                pull = push * distance
                velocity = momentum * velocity + pull
                distance -= ahead * velocity + pull if ahead else velocity
                row.append(distance)
                if abs(distance) > limit:
                    break
            rows.append(row)
        steps = min(map(len, rows))
        distances = np.array([row[:steps] for row in rows]).T
        arrived = np.all(np.abs(distances @ self.directions.T) <= ARRIVED, axis=1)
        return distances[: np.argmax(arrived) + 1] if arrived.any() else distances

    def loss(self, points):
        """The loss at points `(..., n)`, as `(...)`."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            along = (np.asarray(points) - self.minimum) @ self.directions
            return self.lowest + 0.5 * along**2 @ self.curvatures


def quadratic(loss, model, *batch):
    """Find the quadratic that `loss(model, *batch)` is, from n + 1 of its gradients.

    The parameters are in the order of `parameters(model)`, in one row.

    Raises
    ------
    ValueError
        The loss isn't a quadratic with a lowest place in the model's parameters.

    >>> from course import Line, mse
    >>> x = np.array([-1.0, 1.0])
    >>> quadratic(lambda line, x, y: mse(line(x), y), Line(0.0, 0.0), x, 3 * x).minimum.round(9)
    array([3., 0.])
    """
    start = as_vector(model)

    def gradient_at(point):
        value, slope = value_and_gradient(loss, from_vector(model, point), *batch)
        return float(value), as_vector(slope)

    _, linear = gradient_at(np.zeros(len(start)))
    hessian = np.array([gradient_at(unit)[1] - linear for unit in np.eye(len(start))])
    curvatures, directions = np.linalg.eigh((hessian + hessian.T) / 2)
    minimum = -np.linalg.pinv(hessian, hermitian=True) @ linear
    found = Quadratic(minimum, gradient_at(minimum)[0], curvatures, directions)
    for point in (start, 2 * minimum - start, minimum + 100 * (start - minimum)):
        value, slope = gradient_at(point)
        terms = np.abs(hessian) @ np.abs(point) + np.abs(linear)  # rounding goes by their size
        gap = max(np.abs(hessian @ point + linear - slope)) / (max(terms) or 1)
        size = terms @ (np.abs(point) + np.abs(minimum)) + abs(found.lowest)
        if not max(gap, abs(found.loss(point) - value) / (size or 1)) <= 1e-6:
            raise ValueError(_NO_QUADRATIC)
    if curvatures[-1] <= 1e-9 * max(np.abs(linear)) or curvatures[0] < -1e-9 * curvatures[-1]:
        raise ValueError(_NO_QUADRATIC)
    return found


_NO_QUADRATIC = (
    "this loss isn't a quadratic with a lowest place in the model's parameters, so its path can't "
    "be computed ahead. Give a model that is linear in its parameters, with mse: "
    "lambda model, x, y: mse(model(x), y) and Line(0.0, 0.0)."
)


def as_vector(model):
    """All parameters of a model in a row, in the order of `parameters(model)`, `(n,)`.

    >>> as_vector({"weight": np.ones((2, 2)), "bias": np.zeros(1)})
    array([1., 1., 1., 1., 0.])
    """
    return np.concatenate([np.ravel(p) for p in parameters(model)]).astype(float)


def from_vector(model, vector):
    """The model with the parameters of a row in place of its own.

    >>> from_vector([2.0, 5.0], np.array([1.0, 3.0]))
    [1.0, 3.0]
    """
    old = parameters(model)
    pieces = np.split(vector, np.cumsum([np.size(p) for p in old])[:-1])
    pairs = zip(old, pieces, strict=True)
    return rebuild(model, [v.reshape(np.shape(p)) if np.ndim(p) else float(v[0]) for p, v in pairs])


def regime(rate, curvature):
    """Name what gradient descent does along a direction, by rate times curvature.

    Up to 0.1 it is crawling, to 1 converging, to 2 oscillating, beyond diverging.

    >>> regime(0.5, 3.0)
    'oscillating'
    """
    return REGIMES[int(np.searchsorted(BORDERS, round(rate * curvature, 9)))]


def regime_borders(curvature):
    """The three learning rates at which one regime ends and the next begins, rising."""
    return tuple(border / curvature for border in BORDERS)


def half_life(rate, curvature):
    """After how many steps the distance along a direction has halved; infinite if it never does.

    log(1/2) / log |1 - rate curvature|

    >>> round(half_life(1e-4, 0.4925))
    14074
    """
    shrink = abs(1 - rate * curvature)
    if shrink == 0:
        return 0.0
    return np.log(0.5) / np.log(shrink) if shrink < 1 else np.inf


def has_diverged(losses):
    """Where a loss is NaN or a million times the first, `(steps,)` of booleans.

    >>> has_diverged(np.array([1.0, 5e5, 2e6, np.nan])).tolist()
    [False, False, True, True]
    """
    return ~(losses <= DIVERGED * losses[0])


def until_diverged(losses):
    """How many losses there are up to and with the first that has diverged, as `train` records.

    >>> until_diverged(np.array([1.0, 5e5, 2e6, np.nan]))
    3
    """
    gone = has_diverged(losses)
    return int(np.argmax(gone)) + 1 if gone.any() else len(losses)
