"""Batches on a line: how the mean squared distance to the best line falls, and where it ends."""

from dataclasses import dataclass

import numpy as np

__all__ = ["LineProblem", "samples_seen"]


@dataclass(frozen=True, eq=False)
class LineProblem:
    r"""A line `y = m x + b`, fitted by stochastic gradient descent on the mean squared error.

    If each batch is drawn afresh, one step turns the mean of d d^T, with d the distance to the
    minimum, into a linear function of itself (a matrix M of 4 x 4), plus what the batch's noise
    adds. The run settles while M shrinks; where it settles is the noise floor.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
    minimum : ndarray of shape (2,)
        Least squares (m, b).
    lowest : float
        The loss there.
    hessian : ndarray of shape (2, 2)
    curvatures, gradients : ndarray of shape (n, 2, 2) and (n, 2)
        Those of each sample, at the minimum.
    """

    x: np.ndarray
    y: np.ndarray
    minimum: np.ndarray
    lowest: float
    hessian: np.ndarray
    curvatures: np.ndarray
    gradients: np.ndarray

    @classmethod
    def of(cls, x, y):
        """Find the minimum for x and y, both `(n,)`, and what each sample says there.

        Raises
        ------
        ValueError
            There are not two different x, so that many lines are best.
        """
        x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
        if x.ndim != 1 or x.shape != y.shape or len(np.unique(x)) < 2:
            raise ValueError(
                f"LineProblem.of: x has shape {x.shape} and {len(np.unique(x))} different values, "
                f"y has shape {y.shape}; expected both (n,), with two different x or more. "
                "This works: LineProblem.of(np.array([0.0, 1.0, 2.0]), np.array([1.0, 3.0, 4.0]))"
            )
        rows = np.column_stack([x, np.ones_like(x)])
        minimum = np.linalg.lstsq(rows, y, rcond=None)[0]
        residual = rows @ minimum - y
        curvatures = 2 * rows[:, :, None] * rows[:, None, :]
        gradients = 2 * residual[:, None] * rows
        lowest = float(np.mean(residual**2))
        return cls(x, y, minimum, lowest, curvatures.mean(axis=0), curvatures, gradients)

    def noise_left(self, size):
        """How much of a single sample's variance is left in the mean of `size` different ones.

        (n - size) / (n - 1) / size: all of it for one sample, none for all of them.
        """
        n = len(self.x)
        return (n - size) / (n - 1) / size

    def stable_rate(self, size):
        r"""The largest learning rate at which the mean squared distance doesn't grow.

        $$ M = 1 - \eta K + \eta^2 Q $$ has the eigenvalue 1 where $\eta Q - K$ is singular.
        """
        pull, push = self._pull(), self._push(size)
        return float(1 / np.max(np.linalg.eigvals(np.linalg.solve(pull, push)).real))

    def floor(self, size, rate):
        r"""The mean cost above the lowest where a constant rate settles; infinite beyond the wall.

        $$ \tfrac12 \mathrm{tr}(H S), \qquad (K - \eta Q)\, \mathrm{vec}(S) = \eta\,
           \mathrm{vec}(C) $$ with C the covariance of a batch's gradient at the minimum.
        """
        if rate >= self.stable_rate(size):
            return np.inf
        covariance = self.noise_left(size) * self.gradients.T @ self.gradients / len(self.x)
        left = self._pull() - rate * self._push(size)
        spread = np.linalg.solve(left, rate * covariance.ravel())
        return float(self.hessian.ravel() @ spread / 2)

    def excess(self, points):
        """The cost above the lowest at points `(..., 2)`, as `(...)`."""
        with np.errstate(over="ignore", invalid="ignore"):
            d = points - self.minimum
            return 0.5 * np.einsum("...i,ij,...j", d, self.hessian, d)

    def descend(self, orders, size, rates):
        """Descend from (0, 0), one step per batch: `(m, b)` after each, `(steps + 1, 2)`.

        `orders` `(passes, n)` holds the shuffled rows of each pass, as `Batches` draws them;
        `rates` the learning rate of each step.
        """
        m, b, points = 0.0, 0.0, [(0.0, 0.0)]
        for (xx, x, xy, y), rate in zip(self.batch_means(orders, size), rates, strict=True):
            along_m, along_b = 2 * (m * xx + b * x - xy), 2 * (m * x + b - y)
            m, b = m - rate * along_m, b - rate * along_b
            points.append((m, b))
        return np.array(points)

    def batch_means(self, orders, size):
        """The means of x x, x, x y and y over each batch, `(steps, 4)`: all a step looks at."""
        x, y = self.x[orders], self.y[orders]
        starts = np.arange(0, orders.shape[1], size)
        counts = np.diff(starts, append=orders.shape[1])
        sums = np.add.reduceat(np.stack([x * x, x, x * y, y]), starts, axis=2)
        return (sums / counts).reshape(4, -1).T.tolist()

    def _pull(self):
        """K: the full gradient, on either side of d d^T."""
        identity = np.eye(2)
        return np.kron(self.hessian, identity) + np.kron(identity, self.hessian)

    def _push(self, size):
        """Q: the mean of the batch's curvature on both sides at once."""
        whole = np.kron(self.hessian, self.hessian)
        one = np.einsum("nij,nkl->ikjl", self.curvatures, self.curvatures).reshape(4, 4)
        return whole + self.noise_left(size) * (one / len(self.x) - whole)


def samples_seen(n, size, passes):
    """How many samples a run has seen at its start and after each step, `(steps + 1,)`.

    The last batch of a pass may be short.

    >>> samples_seen(10, 4, passes=2).tolist()
    [0, 4, 8, 10, 14, 18, 20]
    """
    ends = np.minimum(np.arange(1, -(-n // size) + 1) * size, n)
    return np.append(0, (n * np.arange(passes)[:, None] + ends).ravel())
