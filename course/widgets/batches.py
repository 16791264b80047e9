"""The batch-size explorer: how many samples before each step, and how far to go then.

For a line under mean squared error the theory of stochastic descent can be computed exactly, if
each batch is drawn afresh: one step turns the mean of d d^T, with d the distance to the minimum,
into a linear function of itself (a matrix M of 4 x 4), plus what the batch's noise adds. The run
settles while M shrinks; where it settles is the noise floor.
"""

from dataclasses import dataclass

import numpy as np

from course import data
from course.plots import COLORS, STYLES, contours, number
from course.schedules import CosineDecay
from course.widgets.base import Choice, Curve, Explorer, Number, Words, figure

__all__ = ["LineProblem", "explore_batches"]

PASSES, SEED = 20, 1
SIZES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100]
CONSTANT, FALLING = "constant", "falling to 0"
DIVERGED = 1e6  # times the first loss: where `train` stops too
NOTHING = 1e-9  # above the lowest cost, nothing but rounding


@dataclass(frozen=True, eq=False)
class LineProblem:
    r"""A line `y = m x + b` to be fitted to `x` and `y`, both `(n,)`, by mean squared error.

    `minimum` is least squares (m, b), `lowest` its loss; `hessian` `(2, 2)` the curvature.
    `curvatures` `(n, 2, 2)` and `gradients` `(n, 2)` are those of each sample, at the minimum.
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
        """Find the minimum, and what each sample says there."""
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

    def _pull(self):
        """K: the full gradient, on either side of d d^T."""
        identity = np.eye(2)
        return np.kron(self.hessian, identity) + np.kron(identity, self.hessian)

    def _push(self, size):
        """Q: the mean of the batch's curvature on both sides at once."""
        whole = np.kron(self.hessian, self.hessian)
        one = np.einsum("nij,nkl->ikjl", self.curvatures, self.curvatures).reshape(4, 4)
        return whole + self.noise_left(size) * (one / len(self.x) - whole)


def descend(problem, orders, size, rates):
    """Stochastic descent from (0, 0), one step per batch: `(m, b)` after each, `(steps + 1, 2)`.

    `orders` `(passes, n)` holds the shuffled rows of each pass, as `Batches` draws them; `rates`
    the learning rate of each step.
    """
    m, b, points = 0.0, 0.0, [(0.0, 0.0)]
    for (xx, x, xy, y), rate in zip(batch_means(problem, orders, size), rates, strict=True):
        along_m, along_b = 2 * (m * xx + b * x - xy), 2 * (m * x + b - y)
        m, b = m - rate * along_m, b - rate * along_b
        points.append((m, b))
    return np.array(points)


def batch_means(problem, orders, size):
    """The means of x x, x, x y and y over each batch, `(steps, 4)`: all that a step looks at."""
    x, y = problem.x[orders], problem.y[orders]
    starts = np.arange(0, orders.shape[1], size)
    counts = np.diff(starts, append=orders.shape[1])
    sums = np.add.reduceat(np.stack([x * x, x, x * y, y]), starts, axis=2)
    return (sums / counts).reshape(4, -1).T.tolist()


def samples_seen(n, size, passes=PASSES):
    """How many samples a run has seen at its start and after each step, `(steps + 1,)`.

    The last batch of a pass may be short.

    >>> samples_seen(10, 4, passes=2).tolist()
    [0, 4, 8, 10, 14, 18, 20]
    """
    ends = np.minimum(np.arange(1, -(-n // size) + 1) * size, n)
    return np.append(0, (n * np.arange(passes)[:, None] + ends).ravel())


def explore_batches():
    """Drag the batch size and the learning rate; path, cost and noise floor answer.

    The data are the noisy line of `data.line`, its x standardised. Each run sees every sample
    twenty times, in the order in which `Batches(x, y, size, rng=np.random.default_rng(1))` gives
    them, so that runs of every batch size have seen as much.

    Returns
    -------
    Explorer with the controls `size`, `rate` and `schedule` ("constant" or "falling to 0").
    """
    x, y = data.line(np.random.default_rng(0))
    problem = LineProblem.of((x - x.mean()) / x.std(), y)
    rng = np.random.default_rng(SEED)
    orders = np.array([rng.permutation(len(x)) for _ in range(PASSES)])
    return Explorer(
        draw=lambda: draw(problem),
        move=lambda size, rate, schedule: move(problem, orders, size, rate, schedule),
        controls={
            "size": Number("batch size", SIZES, 10),
            "rate": Number("learning rate", _rates(), 0.1),
            "schedule": Choice("the rate is", [CONSTANT, FALLING]),
        },
        presets={
            "one at a time": {"size": 1},
            "mini-batch": {"size": 10},
            "all at once": {"size": 100},
            "too fast for one": {"size": 1, "rate": 0.5, "schedule": CONSTANT},
        },
        title="batch-size explorer",
    )


def draw(problem):
    """What stands still: contours, empty cost axes, and the scale of rates."""
    fig, axes = figure([["path", "cost"], ["rate", "rate"]], (10, 4.8), height_ratios=[8, 1])
    _draw_path(axes["path"], problem)
    _draw_cost(axes["cost"], problem)
    axes["rate"].set(xscale="log", xlim=(RATES[0], RATES[-1]), ylim=(0, 1), yticks=[])
    axes["rate"].set(xlabel="learning rate; the dashed wall is the largest stable one")
    return fig


def move(problem, orders, size, rate, schedule):
    """What moves: the path, the cost, the floor, the wall; and a sentence about them."""
    seen = samples_seen(len(problem.x), size, len(orders))
    steps, falling = len(seen) - 1, schedule == FALLING
    rates = list(map(CosineDecay(rate, steps), range(steps))) if falling else [rate] * steps
    points = descend(problem, orders, size, rates)
    excess = problem.excess(points)
    kept = _until_diverged(excess + problem.lowest)
    shown = _thinned(kept)
    wall, floor = problem.stable_rate(size), problem.floor(size, rate)
    path, model = COLORS["path"], COLORS["model"]
    marks = [
        Curve("path", *points[shown].T, path, width=0.9, dot=3.0),
        Curve("path", *points[kept - 1 : kept].T, model, "", dot=9),
        Curve("cost", seen[shown][1:], excess[shown][1:], path, width=1.2),
        Curve("cost", seen[kept - 1 : kept], excess[kept - 1 : kept], model, "", dot=9),
        Curve("rate", [wall, wall], [0, 1], "black", "--"),
        Curve("rate", [rate, rate], [0, 1], model, width=3),
        Words("rate", np.sqrt(RATES[-1] * wall), 0.5, "diverges", align="center"),
        Words("rate", np.sqrt(RATES[0] * min(wall, 0.1)), 0.5, "settles", align="center"),
    ]
    if not falling and np.isfinite(floor):
        marks.append(Curve("cost", seen[[1, -1]], [floor, floor], COLORS["gradient"], "-."))
    tail = None if kept <= steps else float(np.mean(excess[-(steps // 4) :]))
    return marks, sentence(size, rate, falling, steps, tail, wall, floor)


def sentence(size, rate, falling, steps, tail, wall, floor):
    """Say what is seen: how many steps, where the cost settles, and what theory expects.

    `tail` is the mean cost above the lowest in the last quarter of the run, None if it diverged.
    """
    said = f"Batch size {size}, learning rate {rate:.4g}{' falling to 0' if falling else ''}: "
    limit = f"the largest stable rate for this batch size is {wall:.3g}."
    if tail is None:
        return f"{said}diverging, stopped early; {limit}"
    above = "is" if tail < NOTHING else f"lies {number(tail)} above"
    said += f"{steps:,} steps in {PASSES} passes. In the last five the cost {above} the lowest "
    said += "possible"
    if falling:
        return f"{said}; {limit}"
    if floor == np.inf:
        return f"{said} and no theory promises that it stays: {limit}"
    return f"{said} (noise floor by theory: {number(floor)}); {limit}"


def _draw_path(ax, problem):
    m, b = problem.minimum
    first, second = np.linspace(-0.9 * m, 2.1 * m, 160), np.linspace(-0.2 * b, 1.4 * b, 160)
    grid = np.stack(np.meshgrid(first, second), axis=-1)
    contours(ax, first, second, problem.excess(grid))
    ax.plot(0, 0, label="start", **{**STYLES["start"], "linestyle": "none"})
    ax.plot(m, b, label="best", **{**STYLES["best"], "linestyle": "none"})
    ax.plot([], [], label="path", **STYLES["path"])
    ax.plot([], [], "o", markersize=9, color=COLORS["model"], label="now")
    ax.set(title="The path over the cost", xlabel="m, per standard deviation of x", ylabel="b")
    ax.legend(loc="upper left", fontsize=8)


def _draw_cost(ax, problem):
    first = float(problem.excess(np.zeros(2)))
    ax.axhline(first, label="start", **{**STYLES["start"], "marker": None})
    ax.plot([], [], "-.", color=COLORS["gradient"], label="noise floor by theory")
    ax.set(title="The cost above the lowest", xlabel="samples seen", ylabel="cost minus lowest")
    ax.set(xscale="log", yscale="log", xlim=(0.9, 1.2 * PASSES * len(problem.x)))
    ax.set(ylim=(0.01, first * 30))
    ax.legend(loc="lower left", fontsize=8)


def _rates():
    """Slider positions at thirtieths of a power of ten, from 0.001 to 2."""
    return [float(f"{10 ** (k / 30):.3g}") for k in range(-90, 10)]


RATES = _rates()


def _until_diverged(losses):
    """How many losses there are up to the first that is a million times the first of all."""
    gone = ~(losses <= DIVERGED * losses[0])
    return int(np.argmax(gone)) if gone.any() else len(losses)


def _thinned(count, most=220):
    """Which steps are drawn: all of a short run, else at equal ratios, and the last one."""
    if count <= most:
        return np.arange(count)
    return np.unique(np.concatenate([[0], np.geomspace(1, count - 1, most).astype(int)]))
