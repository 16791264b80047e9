"""The learning-rate explorer: what one number decides, on a problem solved exactly."""

from dataclasses import dataclass

import numpy as np

from course import data
from course.losses import mse
from course.models import Line
from course.plots import COLORS, STYLES, contours, number
from course.structs import children
from course.theory import (
    ARRIVED,
    REGIMES,
    Quadratic,
    as_vector,
    from_vector,
    half_life,
    has_diverged,
    quadratic,
    regime,
    regime_borders,
    until_diverged,
)
from course.widgets.base import Choice, Curve, Explorer, Number, call, figure, points
from course.widgets.steps import shown_steps

__all__ = ["explore_learning_rate"]


SHADES = ("#dddddd", "#cfe8d8", "#fbe7b5", "#f6cdb6")
MOST_STEPS = 1_000_000
NOTHING = 1e-15  # of a cost, nothing but rounding
AS_GIVEN, STANDARDISED = "as measured", "standardised"


def squared_error(model, x, y):
    """The loss that is shown when none is given."""
    return mse(model(x), y)


def explore_learning_rate(loss=squared_error, model=None, x=None, y=None, **state):
    """Drag the learning rate; the fit, the path and the cost answer.

    Parameters
    ----------
    loss : callable
        `loss(model, x, y)`, quadratic in the model's parameters, such as `mse(model(x), y)`.
    model : struct
        Where the descent starts, with at least two parameters; `Line(0.5, 0.5)` if not given.
    x, y : ndarray of shape (n,)
        The data; the noisy line of `data.line` if not given.
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `rate`, `steps` and `data` ("as measured" or "standardised"); for a
    model of two parameters also `first` and `second`, the start, which is dragged in the picture.

    Raises
    ------
    ValueError
        The loss isn't quadratic in the model's parameters, or there is only one parameter.
    """
    given = None if loss is squared_error else loss
    code = call(explore_learning_rate, loss=given, model=model, x=x, y=y)
    if x is None:
        known = data.line(np.random.default_rng(0))
        x, y = known.x, known.y
    x, y = points(x, y)
    model = Line(0.5, 0.5) if model is None else model
    problems = {
        AS_GIVEN: Problem.of(loss, model, x, y),
        STANDARDISED: Problem.of(loss, model, (x - np.mean(x)) / np.std(x), y),
    }
    raw, even = (problem.bowl.stable_rate for problem in problems.values())
    start = _round(0.35 * raw, 1)
    starts = _starts(problems.values()) if len(as_vector(model)) == 2 else {}
    return Explorer(
        draw=lambda data: draw(problems[data]),
        move=lambda data, **values: move(problems[data], **values),
        controls={
            "rate": Number("learning rate", _rates(min(raw, even), max(raw, even)), start),
            "steps": Number("steps", _step_counts(), 1000),
            "data": Choice("x is", problems),
            **starts,
        },
        still=("data",),
        presets={
            "crawl": {"data": AS_GIVEN, "rate": _round(0.02 * raw)},
            "converge": {"data": AS_GIVEN, "rate": start},
            "oscillate": {"data": AS_GIVEN, "rate": _round(0.98 * raw)},
            "explode": {"data": AS_GIVEN, "rate": _round(1.02 * raw)},
            "standardise": {"data": STANDARDISED, "rate": _round(0.05 * even)},
            "one step": {"data": STANDARDISED, "rate": _round(0.5 * even), "steps": 1},
        },
        title="learning-rate explorer",
        play="steps",
        drag={"rate": ("rate", None)} | ({"path": ("first", "second")} if starts else {}),
        call=code,
        state=state,
    )


@dataclass(frozen=True, eq=False)
class Problem:
    """Data, where the descent starts, and the quadratic that it descends."""

    x: np.ndarray
    y: np.ndarray
    model: object
    start: np.ndarray
    names: tuple
    bowl: Quadratic

    @classmethod
    def of(cls, loss, model, x, y):
        """Solve `loss(model, x, y)` and remember what it was asked for."""
        start = as_vector(model)
        if len(start) < 2:
            raise ValueError(
                f"the explorer draws a path over two parameters or more, and "
                f"{type(model).__name__} has {len(start)}. Give Line(0.5, 0.5), for instance."
            )
        names = [str(name) for name, _ in children(model)]
        if len(names) != 2:
            names = ["along the flattest direction", "along the steepest direction"]
        return cls(x, y, model, start, tuple(names), quadratic(loss, model, x, y))

    def predict(self, point, x):
        """What the model says at x with these parameters."""
        return from_vector(self.model, point)(x)

    @property
    def plane(self):
        """The directions drawn, `(n, 2)`: both parameters, or the flattest and the steepest."""
        n = len(self.start)
        return np.eye(2) if n == 2 else self.bowl.directions[:, [0, -1]]

    @property
    def origin(self):
        """Where the drawn plane's zero is: at the minimum, if it isn't at the parameters'."""
        return np.zeros(2) if len(self.start) == 2 else self.bowl.minimum

    @property
    def view(self):
        """The corners of what is drawn of the plane, `(2,)` low and `(2,)` high."""
        bowl, wall = self.bowl, self.bowl.stable_rate
        corners = [self.start, bowl.minimum]
        corners += [bowl.descend(self.start, rate, [1])[0] for rate in (0.5 * wall, 0.97 * wall)]
        corners = self.project(np.array(corners))
        margin = 0.12 * np.ptp(corners, axis=0)
        return corners.min(axis=0) - margin, corners.max(axis=0) + margin

    def project(self, points):
        """Points `(..., n)` in the drawn plane, `(..., 2)`."""
        return (points - self.origin) @ self.plane


def draw(problem):
    """What stands still: data, contours, empty cost axes, and the scale of rates."""
    fig, axes = figure(
        [["fit", "path", "cost"], ["rate", "rate", "rate"]], (10, 4.6), height_ratios=[8, 1]
    )
    draw_all(axes, problem)
    return fig


def draw_all(axes, problem):
    """Fill four axes, by name, with what stands still."""
    _draw_fit(axes["fit"], problem)
    _draw_path(axes["path"], problem)
    _draw_cost(axes["cost"], problem)
    _draw_rate(axes["rate"], problem.bowl)


def move(problem, rate, steps, first=None, second=None):
    """What moves: the fit, the path, the cost so far and the rate; and a sentence about them.

    It starts where the model is, or at (first, second).
    """
    bowl = problem.bowl
    start = problem.start if first is None else np.array([first, second])
    counts = shown_steps(steps)
    points = bowl.descend(start, rate, counts)
    losses = bowl.loss(points)
    kept = until_diverged(losses)
    counts, points, losses = counts[:kept], points[:kept], losses[:kept]
    x = np.linspace(np.min(problem.x), np.max(problem.x), 60)
    flat = problem.project(points)
    low, high = _scale(bowl)
    here = np.clip(rate, low, high)
    path, model = COLORS["path"], COLORS["model"]
    black, level = COLORS["path"], np.full(2, bowl.loss(start))
    marks = [
        Curve("fit", x, problem.predict(start, x), black, ":"),
        Curve("cost", np.array([0.8, 1.3 * MOST_STEPS]), level, black, ":"),
        Curve("path", flat[:1, 0], flat[:1, 1], black, "", dot=7),
        Curve("fit", x, problem.predict(points[-1], x), model, width=2.4),
        Curve("path", flat[:, 0], flat[:, 1], path, width=1.1, dot=3.2),
        Curve("path", flat[-1:, 0], flat[-1:, 1], model, "", dot=9),
        Curve("cost", counts[1:], losses[1:], path, dot=3.2 if len(counts) < 30 else 0),
        Curve("cost", counts[-1:], losses[-1:], model, "", dot=9),
        Curve("rate", [here, here], [0, 1], model, width=3),
    ]
    point = None if has_diverged(losses)[-1] else points[-1]
    return marks, sentence(bowl, rate, counts[-1], point)


def sentence(bowl, rate, steps, point):
    """Say what is seen: the regime, how far the descent came, how fast it goes on.

    `point` is where it stands after so many steps, None if it diverged.
    """
    steepest, flattest = bowl.curvatures[-1], bowl.curvatures[0]
    plural = "" if steps == 1 else "s"
    said = (
        f"Learning rate {rate:.4g} × largest curvature {steepest:.5g} = "
        f"{rate * steepest:.3g}: {regime(rate, steepest)}. After {steps:,} step{plural} the cost "
        "is "
    )
    if point is None:
        said += "more than a million times the first, and the fit has left the picture; "
        return said + f"the largest stable rate is {bowl.stable_rate:.4g}."
    loss = bowl.loss(point)
    excess = loss - bowl.lowest
    rounding = NOTHING * steepest * (1 + np.sum(bowl.minimum**2))
    if excess <= max(1e-9 * abs(loss), rounding):
        said += f"{number(loss)}, the lowest possible"
    else:
        said += f"{number(loss)}, {number(excess)} above the lowest possible"
    if np.all(np.abs(point - bowl.minimum) <= ARRIVED):
        return said + f"; every parameter is within {ARRIVED} of least squares."
    pace = half_life(rate, flattest)
    return said + f". Along the flattest direction the distance halves every {pace:,.0f} steps."


def _draw_fit(ax, problem):
    best = problem.bowl.minimum
    x = np.linspace(np.min(problem.x), np.max(problem.x), 60)
    ax.plot(problem.x, problem.y, label="data", **STYLES["data"])
    ax.plot([], [], label="start", **{**STYLES["start"], "marker": "o", "markersize": 7})
    ax.plot(x, problem.predict(best, x), **{**STYLES["best"], "marker": None})
    ax.plot([], [], label="best", **{**STYLES["best"], "markersize": 7})
    ax.plot([], [], label="now", **STYLES["model"])
    ax.set(title="The fit", xlabel="x", ylabel="y")
    ax.legend(loc="best", fontsize=8)


def _draw_path(ax, problem):
    bowl = problem.bowl
    first, second = (np.linspace(a, b, 240) for a, b in zip(*problem.view, strict=True))
    grid = np.stack(np.meshgrid(first, second), axis=-1)
    contours(ax, first, second, bowl.loss(problem.origin + grid @ problem.plane.T))
    ax.plot(*problem.project(bowl.minimum), **{**STYLES["best"], "linestyle": "none"})
    ax.set(title="The path over the cost", xlabel=problem.names[0], ylabel=problem.names[1])


def _draw_cost(ax, problem):
    bowl = problem.bowl
    first = float(bowl.loss(problem.start))
    low = max(bowl.lowest, NOTHING * first)  # 0 has no place on a logarithmic axis
    ax.axhline(low, label="lowest", **{**STYLES["best"], "marker": None})
    ax.set(title="The cost", xlabel="step", ylabel="cost", xscale="log", yscale="log")
    ax.set(xlim=(0.8, 1.3 * MOST_STEPS), ylim=(low / 2, first * 100))


def _draw_rate(ax, bowl):
    low, high = _scale(bowl)
    edges = [low, *regime_borders(bowl.curvatures[-1]), high]
    for name, shade, a, b in zip(REGIMES, SHADES, edges[:-1], edges[1:], strict=True):
        ax.axvspan(a, b, color=shade, linewidth=0)
        ax.text(np.sqrt(a * b), 0.5, name, ha="center", va="center", fontsize=8.5)
    ax.axvline(bowl.stable_rate, color="black", linewidth=1.5)
    ax.set(xscale="log", xlim=(low, high), ylim=(0, 1), yticks=[])
    wall = f"learning rate; the largest stable rate here is 2 / {bowl.curvatures[-1]:.5g}"
    ax.set(xlabel=f"{wall} = {bowl.stable_rate:.4g}")


def _scale(bowl):
    """The learning rates drawn: from a hundredth of the largest curvature's inverse to ten."""
    return 1e-2 / bowl.curvatures[-1], 10 / bowl.curvatures[-1]


def _rates(low, high):
    """Slider positions at hundredths of a power of ten, from crawling to diverging.

    The first is a whole power of ten, as people write rates: lesson 01 asks for 1e-6.
    """
    first, last = 100 * np.floor(np.log10(low / 200)), np.ceil(100 * np.log10(high * 4))
    return [_round(10 ** (k / 100)) for k in np.arange(first, last + 1)]


def _starts(problems):
    """The two parameters of the start, anywhere in the pictures."""
    low = np.min([problem.view[0] for problem in problems], axis=0)
    high = np.max([problem.view[1] for problem in problems], axis=0)
    known = next(iter(problems))
    return {
        control: Number(f"start {name}", np.linspace(a, b, 400), value, shown=False)
        for control, name, a, b, value in zip(
            ("first", "second"), known.names, low, high, known.start.tolist(), strict=True
        )
    }


def _step_counts():
    counts = np.geomspace(1, MOST_STEPS, 121)
    return sorted({int(_round(count, 2)) for count in counts})


def _round(value, digits=3):
    return float(f"{value:.{digits}g}")
