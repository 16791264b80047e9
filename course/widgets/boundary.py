"""Drag the learning rate and the steps; the boundary between two names moves.

The score of a point is `features @ weights`, its logit; the boundary is where that is zero, and
the loss is the binary cross-entropy. Its curvature is largest where the model is least sure, at
the start, and falls as probabilities leave 1/2. So a rate can climb first and settle later.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course import data
from course.functions import sigmoid
from course.plots import CLASSES, COLORS, STYLES, number
from course.widgets.base import Choice, Curve, Explorer, Number, figure

__all__ = ["Logistic", "explore_boundary"]

MOST_STEPS = 1000
BLOCKS = (60, 250, MOST_STEPS)  # how many steps are descended at once
REGIMES = ("crawling", "converging", "oscillating", "climbing first", "never settling")
SHADES = ("#dddddd", "#cfe8d8", "#fbe7b5", "#f6cdb6", "#e3b8c4")
SINE = "a sine"
AS_MEASURED, STANDARDISED = "penguins, in mm", "penguins, standardised"


@dataclass(frozen=True, eq=False)
class Logistic:
    r"""Logistic regression on given features, from weights of zero.

    $$ f(w) = \frac{1}{n} \sum_i \log(1 + e^{z_i}) - y_i z_i, \qquad z = X w $$

    `features` is X, `(n, k)`: a column of ones, then powers of the horizontal coordinate, last the
    vertical coordinate itself. `y` holds 0 and 1. The rest is for the picture.
    """

    features: np.ndarray
    y: np.ndarray
    names: tuple
    axes: tuple

    @property
    def points(self):
        """Where the points are drawn, `(n, 2)`."""
        return self.features[:, [1, -1]]

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
        """The weights of the lowest cost, by Newton's method; they must exist."""
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


def height(weights, x, logit=0.0):
    """Where the score is `logit` above each x: the vertical coordinate of the boundary.

    NaN where no height does it.

    >>> height(np.array([-2.0, 1.0, 4.0]), np.array([0.0, 2.0]))
    array([0.5, 0. ])
    """
    if weights[-1] == 0:
        return np.full(np.shape(x), np.nan)
    return (logit - np.polynomial.polynomial.polyval(x, weights[:-1])) / weights[-1]


def regime(rate, first, last):
    """Name what descent does at a rate, by the curvature at the start and at the best weights."""
    return REGIMES[int(np.searchsorted(_borders(first, last), rate))]


def problems():
    """The explorer's three: the points around a sine, and two species of penguins, on two scales.

    Returns
    -------
    dict of str -> Logistic
    """
    x, side = data.sine_boundary(300, np.random.default_rng(0))
    cubic = np.column_stack([x[:, :1] ** np.arange(4), x[:, 1]])
    birds = data.penguins(["bill_length", "bill_depth"], missing="drop")
    two = birds.y < 2
    measured, species = birds.x[two], birds.y[two]
    scaled = data.Standardize.fit(measured)(measured)
    names = birds.classes[:2]
    lengths = ("bill length (mm)", "bill depth (mm)")
    scales = ("bill length (standardised)", "bill depth (standardised)")
    return {
        SINE: Logistic(cubic, side, ("below", "above"), ("x1", "x2")),
        AS_MEASURED: Logistic(_with_ones(measured), species, names, lengths),
        STANDARDISED: Logistic(_with_ones(scaled), species, names, scales),
    }


def explore_boundary():
    """Drag the learning rate and the steps; the boundary, its probabilities and the cost answer.

    Returns
    -------
    Explorer with the controls `rate`, `steps` and `data` ("a sine", "penguins, in mm" or
    "penguins, standardised").
    """
    known = {name: _Solved(problem) for name, problem in problems().items()}
    return Explorer(
        draw=lambda data: draw(known[data]),
        move=lambda rate, steps, data: move(known[data], rate, steps),
        controls={
            "rate": Number("learning rate", RATES, 0.05),
            "steps": Number("steps", STEPS, 30),
            "data": Choice("the points", known),
        },
        still=("data",),
        presets={
            "crawl": {"data": SINE, "rate": 0.002, "steps": 100},
            "converge": {"data": SINE, "rate": 0.02, "steps": 100},
            "climb first": {"data": SINE, "rate": 1.0, "steps": 100},
            "in mm, 100 steps": {"data": AS_MEASURED, "rate": 0.002, "steps": 100},
            "standardised, 100 steps": {"data": STANDARDISED, "rate": 3.0, "steps": 100},
        },
        title="boundary explorer",
    )


class _Solved:
    """A problem, what theory says of it, and the paths that were descended last."""

    def __init__(self, problem):
        self.problem = problem
        self.best = problem.solve()
        self.lowest = float(problem.cost(self.best))
        self.first = problem.curvature(np.zeros_like(self.best))
        self.last = problem.curvature(self.best)
        self._descend = lru_cache(maxsize=8)(problem.descend)

    def path(self, rate, steps):
        """At least so many steps of the descent; dragging the steps seldom descends again."""
        return self._descend(rate, next(most for most in BLOCKS if steps <= most))


def draw(solved):
    """What stands still: the points, the best boundary, empty cost axes, the scale of rates."""
    fig, axes = figure([["plane", "cost"], ["rate", "rate"]], (10, 4.9), height_ratios=[8, 1])
    _draw_plane(axes["plane"], solved)
    _draw_cost(axes["cost"], solved)
    _draw_rate(axes["rate"], solved)
    return fig


def move(solved, rate, steps):
    """What moves: the boundary, its probabilities, who stands wrong, the cost; and a sentence."""
    problem, path = solved.problem, solved.path(rate, steps)
    weights = path[steps]
    shown = _shown_steps(steps)
    costs = problem.cost(path[shown])
    x = np.linspace(*_span(problem.points[:, 0]), 80)
    wrong = problem.points[(problem.features @ weights > 0) != problem.y]
    model, black = COLORS["model"], COLORS["path"]
    nine_to_one = np.log(9)
    marks = [
        Curve("plane", wrong[:, 0], wrong[:, 1], black, "", dot=3.2),
        Curve("plane", x, height(weights, x, -nine_to_one), model, "--", 1.2),
        Curve("plane", x, height(weights, x, nine_to_one), model, "--", 1.2),
        Curve("plane", x, height(weights, x), model, width=2.6),
        Curve("cost", shown[1:], costs[1:], black, dot=3.2 if steps < 30 else 0),
        Curve("cost", shown[-1:], costs[-1:], model, "", dot=9),
        Curve("rate", [rate, rate], [0, 1], model, width=3),
    ]
    return marks, sentence(solved, rate, steps, weights)


def sentence(solved, rate, steps, weights):
    """Say what is seen: the regime, how far the descent came, how many points stand right."""
    problem, cost = solved.problem, float(solved.problem.cost(weights))
    now = problem.curvature(weights)
    share = problem.right(weights)
    return (
        f"Learning rate {rate:.4g} × largest curvature = {number(rate * solved.first)} at the "
        f"start and {number(rate * now)} now: {regime(rate, solved.first, solved.last)}. After "
        f"{steps:,} step{'s' * (steps != 1)} the cost is {number(cost)}, "
        f"{number(cost - solved.lowest)} above the lowest possible; "
        f"{round(share * len(problem.y))} of {len(problem.y)} points ({share:.1%}) are on the "
        "right side."
    )


def _draw_plane(ax, solved):
    problem = solved.problem
    (left, right), (low, high) = (_span(column) for column in problem.points.T)
    for label, name in enumerate(problem.names):
        ax.plot(*problem.points[problem.y == label].T, label=name, **CLASSES[label])
    x = np.linspace(left, right, 80)
    ax.plot(x, height(solved.best, x), label="best", **{**STYLES["best"], "marker": None})
    ax.plot([], [], label="now", **STYLES["model"])
    ax.plot([], [], "--", color=COLORS["model"], linewidth=1.2, label="10% and 90%")
    ax.plot([], [], ".", color="black", markersize=5, label="wrong side")
    ax.set(xlim=(left, right), ylim=(low, high), title="The boundary")
    ax.set(xlabel=problem.axes[0], ylabel=problem.axes[1])
    ax.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8, frameon=False)


def _draw_cost(ax, solved):
    ax.axhline(solved.lowest, label="lowest", **{**STYLES["best"], "marker": None})
    ax.axhline(np.log(2), label="knows nothing, log 2", **{**STYLES["start"], "marker": None})
    ax.set(title="The cost", xlabel="step", ylabel="cross-entropy", xscale="log", yscale="log")
    ax.set(xlim=(0.8, 1.3 * MOST_STEPS), ylim=(solved.lowest / 2, 100))
    ax.legend(loc="upper right", fontsize=8)


def _draw_rate(ax, solved):
    edges = [RATES[0], *_borders(solved.first, solved.last), RATES[-1]]
    for name, shade, a, b in zip(REGIMES, SHADES, edges[:-1], edges[1:], strict=True):
        ax.axvspan(a, b, color=shade, linewidth=0)
        if b > 2.2 * a:
            ax.text(np.sqrt(a * b), 0.5, name, ha="center", va="center", fontsize=8.5)
    ax.axvline(2 / solved.first, color="black", linewidth=1.5)
    ax.axvline(2 / solved.last, color="black", linewidth=1.5, linestyle="--")
    ax.set(xscale="log", xlim=(RATES[0], RATES[-1]), ylim=(0, 1), yticks=[])
    ax.set_xlabel(
        f"learning rate; largest stable one at the start {2 / solved.first:.3g} (solid), at the "
        f"best boundary {2 / solved.last:.3g} (dashed)"
    )


def _borders(first, last):
    """Where one regime ends and the next begins."""
    return 0.1 / first, 1 / first, 2 / first, 2 / last


def _span(values):
    margin = 0.04 * np.ptp(values)
    return np.min(values) - margin, np.max(values) + margin


def _with_ones(x):
    return np.column_stack([np.ones(len(x)), x])


def _shown_steps(steps):
    """Which steps are drawn: the first forty, then pairs at equal ratios up to the last."""
    if steps <= 40:
        return np.arange(steps + 1)
    later = np.geomspace(40, steps - 1, 60).astype(int)
    return np.unique(np.concatenate([np.arange(40), later, later + 1]))


def _positions(low, high, count):
    return [float(f"{value:.2g}") for value in np.geomspace(low, high, count)]


RATES = sorted(set(_positions(1e-4, 1000, 211)))
STEPS = sorted({int(step) for step in _positions(1, MOST_STEPS, 120)})
