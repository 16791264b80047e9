"""Drag the learning rate and the steps, add points; the boundary between two names moves.

The score of a point is `features @ weights`, its logit; the boundary is where that is zero, and
the loss is the binary cross-entropy. Its curvature is largest where the model is least sure, at
the start, and falls as probabilities leave 1/2. So a rate can climb first and settle later.
"""

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from course import data
from course.plots import CLASSES, COLORS, STYLES, number
from course.theory import LOGISTIC_REGIMES, Logistic, logistic_borders, logistic_regime
from course.widgets.base import Choice, Curve, Explorer, Number, Points, figure
from course.widgets.steps import shown_steps

__all__ = ["explore_boundary"]

MOST_STEPS = 1000
BLOCKS = (60, 250, MOST_STEPS)  # how many steps are descended at once
SHADES = ("#dddddd", "#cfe8d8", "#fbe7b5", "#f6cdb6", "#e3b8c4")
SINE = "a sine"
AS_MEASURED, STANDARDISED = "penguins, in mm", "penguins, standardised"


@dataclass(frozen=True, eq=False)
class Labelled(Logistic):
    """A logistic regression that can be drawn, with the names of its classes and axes.

    The columns of its features are ones, then powers of the horizontal coordinate, last the
    vertical coordinate itself.
    """

    names: tuple
    axes: tuple
    added: int = 0  # how many of the points, the last ones, were put in by hand

    @property
    def points(self):
        """Where the points are drawn, `(n, 2)`."""
        return self.features[:, [1, -1]]

    @property
    def frame(self):
        """What is seen of the plane, `((left, right), (low, high))`; added points don't move it."""
        return tuple(map(_span, self.points[: len(self.y) - self.added].T))

    def joined(self, points):
        """The same with points `(x, y, class)` put in; one out of the frame belongs to others."""
        (left, right), (low, high) = self.frame
        seen = [p for p in points if left <= p[0] <= right and low <= p[1] <= high]
        if not seen:
            return self
        x, y, kind = np.array(seen).T
        powers = x[:, None] ** np.arange(self.features.shape[1] - 1)
        features = np.vstack([self.features, np.column_stack([powers, y])])
        return replace(self, features=features, y=np.append(self.y, kind), added=len(seen))


def height(weights, x, logit=0.0):
    """Where the score is `logit` above each x: the vertical coordinate of the boundary.

    NaN where no height does it.

    >>> height(np.array([-2.0, 1.0, 4.0]), np.array([0.0, 2.0]))
    array([0.5, 0. ])
    """
    if weights[-1] == 0:
        return np.full(np.shape(x), np.nan)
    return (logit - np.polynomial.polynomial.polyval(x, weights[:-1])) / weights[-1]


def problems():
    """The explorer's three: the points around a sine, and two species of penguins, on two scales.

    Returns
    -------
    dict of str -> Labelled
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
        SINE: Labelled(cubic, side, ("below", "above"), ("x1", "x2")),
        AS_MEASURED: Labelled(_with_ones(measured), species, names, lengths),
        STANDARDISED: Labelled(_with_ones(scaled), species, names, scales),
    }


def explore_boundary(**state):
    """Drag the learning rate and the steps; the boundary, its probabilities and the cost answer.

    A click puts a point of one's own among those that are there.

    Parameters
    ----------
    **state : float, str or list
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `rate`, `steps`, `data` ("a sine", "penguins, in mm" or "penguins,
    standardised") and `points`, as `[(x, y, class), ...]` with the class 0 or 1.
    """
    known = problems()
    solved = lru_cache(maxsize=16)(lambda data, points: _Solved(known[data].joined(points)))
    return Explorer(
        draw=lambda data, points: draw(solved(data, points)),
        move=lambda rate, steps, data, points: move(solved(data, points), rate, steps),
        controls={
            "rate": Number("learning rate", RATES, 0.05),
            "steps": Number("steps", STEPS, 30),
            "data": Choice("the points", known),
            "points": Points("click to put", ["a blue circle", "an orange triangle"], "plane"),
        },
        still=("data", "points"),
        presets={
            "crawl": {"data": SINE, "rate": 0.002, "steps": 100},
            "converge": {"data": SINE, "rate": 0.02, "steps": 100},
            "climb first": {"data": SINE, "rate": 1.0, "steps": 100},
            "in mm, 100 steps": {"data": AS_MEASURED, "rate": 0.002, "steps": 100},
            "standardised, 100 steps": {"data": STANDARDISED, "rate": 3.0, "steps": 100},
        },
        title="boundary explorer",
        play="steps",
        drag={"rate": ("rate", None)},
        call="explore_boundary(",
        state=state,
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
    shown = shown_steps(steps, first=40)
    costs = problem.cost(path[shown])
    x = np.linspace(*problem.frame[0], 80)
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
    name = logistic_regime(rate, solved.first, solved.last)
    return (
        f"Learning rate {rate:.4g} × largest curvature = {number(rate * solved.first)} at the "
        f"start and {number(rate * now)} now: {name}. After "
        f"{steps:,} step{'s' * (steps != 1)} the cost is {number(cost)}, "
        f"{number(cost - solved.lowest)} above the lowest possible; "
        f"{round(share * len(problem.y))} of {len(problem.y)} points ({share:.1%}) are on the "
        "right side."
    )


def _draw_plane(ax, solved):
    problem = solved.problem
    (left, right), (low, high) = problem.frame
    for label, name in enumerate(problem.names):
        ax.plot(*problem.points[problem.y == label].T, label=name, **CLASSES[label])
    yours = slice(len(problem.y) - problem.added, None)
    for (x, y), label in zip(problem.points[yours], problem.y[yours].astype(int), strict=True):
        own = {"markersize": 9, "markeredgecolor": "black", "alpha": 1}
        ax.plot([x], [y], **{**CLASSES[label], **own})
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
    edges = [RATES[0], *logistic_borders(solved.first, solved.last), RATES[-1]]
    for name, shade, a, b in zip(LOGISTIC_REGIMES, SHADES, edges[:-1], edges[1:], strict=True):
        ax.axvspan(a, b, color=shade, linewidth=0)
        if b > 2.2 * a:
            ax.text(np.sqrt(a * b), 0.5, name, ha="center", va="center", fontsize=8.5)
    ax.axvline(2 / solved.first, color="black", linewidth=1.5)
    ax.axvline(2 / solved.last, color="black", linewidth=1.5, linestyle="--")
    ax.set(xscale="log", xlim=(RATES[0], RATES[-1]), ylim=(0, 1), yticks=[])
    ax.set_xlabel(
        f"learning rate; largest stable: {2 / solved.first:.3g} at the start (solid), "
        f"{2 / solved.last:.3g} at the best (dashed)"
    )


def _span(values):
    margin = 0.04 * np.ptp(values)
    return np.min(values) - margin, np.max(values) + margin


def _with_ones(x):
    return np.column_stack([np.ones(len(x)), x])


def _positions(low, high, count):
    return [float(f"{value:.2g}") for value in np.geomspace(low, high, count)]


RATES = sorted(set(_positions(1e-4, 1000, 211)))
STEPS = sorted({int(step) for step in _positions(1, MOST_STEPS, 120)})
