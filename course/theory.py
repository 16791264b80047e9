r"""What can be said of a descent without descending: walls, half-lives, noise floors, momentum.

Near its minimum every smooth loss is a quadratic, and the loss of a model that is linear in its
parameters is one everywhere. There each step of gradient descent multiplies the distance to the
minimum, along each eigenvector of the Hessian, by 1 - rate * eigenvalue: a million steps are one
power. With batches the mean squared distance obeys such a law too, with momentum the distances of
two steps in a row, and a logistic regression is bounded by its curvature at the start.
"""

from dataclasses import dataclass

import numpy as np

from course.autodiff import value_and_gradient
from course.functions import sigmoid
from course.trees import parameters, rebuild

__all__ = [
    "ARRIVED",
    "DIVERGED",
    "HEAVY",
    "LOGISTIC_REGIMES",
    "NESTEROV",
    "REGIMES",
    "LineProblem",
    "Logistic",
    "Quadratic",
    "as_vector",
    "best_momentum",
    "from_vector",
    "half_life",
    "has_diverged",
    "logistic_borders",
    "logistic_regime",
    "momentum_factor",
    "quadratic",
    "regime",
    "regime_borders",
    "samples_seen",
    "until_diverged",
]

DIVERGED = 1e6  # times the first loss: where `train` stops too
ARRIVED = 1e-3  # from least squares, in every parameter
BORDERS = (0.1, 1.0, 2.0)  # of rate times curvature
REGIMES = ("crawling", "converging", "oscillating", "diverging")
LOGISTIC_REGIMES = (*REGIMES[:3], "climbing first", "never settling")
HEAVY, NESTEROV = "heavy ball", "Nesterov"


# gradient descent on a quadratic


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
        ahead = momentum if _is_nesterov(rule) else 0.0
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


# momentum on a quadratic


def momentum_factor(rate, momentum, curvature, rule=HEAVY):
    r"""By how much a step with momentum multiplies the distance to the minimum, in the long run.

    The distance e of a step follows from the two before it,

    $$ e_{k+1} = \tau e_k - \delta e_{k-1}, \qquad z^2 - \tau z + \delta = 0, $$

    and the factor is the larger |z|. Heavy ball: trace tau = 1 + momentum - rate curvature,
    determinant delta = momentum. Nesterov: both (1 + momentum) and momentum are multiplied by
    1 - rate curvature instead. Below 1 it arrives. All arguments but `rule` broadcast.

    Raises
    ------
    ValueError
        The rule is neither "heavy ball" nor "Nesterov".

    References
    ----------
    Polyak (1964); Lessard, Recht and Packard (2016).

    >>> round(float(momentum_factor(0.1, 0.0, 1.0)), 6)
    0.9
    """
    rate, momentum, curvature = np.broadcast_arrays(rate, momentum, curvature)
    shrink = 1 - rate * curvature
    if _is_nesterov(rule):
        trace, determinant = (1 + momentum) * shrink, momentum * shrink
    else:
        trace, determinant = momentum + shrink, momentum
    root = np.sqrt((trace**2 / 4 - determinant).astype(complex))
    return np.maximum(np.abs(trace / 2 + root), np.abs(trace / 2 - root))


def best_momentum(curvatures, rule=HEAVY):
    r"""The theory's best learning rate and momentum, by the smallest and the largest curvature.

    $$ \eta = \frac{4}{(\sqrt{L} + \sqrt{\ell})^2}, \quad
       \rho = \Big(\frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}\Big)^2, \quad \kappa = L / \ell $$

    for the heavy ball (Polyak 1964); for Nesterov, 4 / (3 L + l) and (r - 2) / (r + 2) with
    r = sqrt(3 kappa + 1) (Lessard, Recht and Packard 2016).

    >>> tuple(float(value) for value in best_momentum([1.0, 9.0]))
    (0.25, 0.25)
    """
    low, high = curvatures[0], curvatures[-1]
    if _is_nesterov(rule):
        root = np.sqrt(3 * high / low + 1)
        return 4 / (3 * high + low), (root - 2) / (root + 2)
    root = np.sqrt(high / low)
    return 4 / (np.sqrt(high) + np.sqrt(low)) ** 2, ((root - 1) / (root + 1)) ** 2


def _is_nesterov(rule):
    if rule not in (HEAVY, NESTEROV):
        raise ValueError(f"rule is {rule!r}; it must be {HEAVY!r} or {NESTEROV!r}.")
    return rule == NESTEROV


# batches


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


# logistic regression


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
