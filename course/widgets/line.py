"""The line explorer: find the data by hand, as gradient descent will do it by the gradient.

Two sliders, a line and its cost: the first thing that a reader of the course drags.
"""

import numpy as np

from course import data
from course.autodiff import gradient
from course.losses import mse
from course.models import Line
from course.plots import COLORS, STYLES, number
from course.widgets.base import Curve, Explorer, Number, call, figure, points

__all__ = ["explore_line"]

CLOSE = 1.1  # times the lowest cost: as near as one gets by hand


def explore_line(x=None, y=None, **state):
    """Drag slope and intercept until the line lies among the data.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        The data; the noisy line of `data.line` if not given.
    **state : float
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `m` and `b`; play takes steps of gradient descent.
    """
    code = call(explore_line, x=x, y=y)
    if x is None:
        x, y = data.line(np.random.default_rng(0))
    x, y = points(x, y)
    low, high = np.min(y), np.max(y) + (np.ptp(y) == 0)
    slope = 2 * (high - low) / np.ptp(x)
    return Explorer(
        draw=lambda: draw(x, y),
        move=lambda m, b: move(x, y, Line(m, b)),
        controls={
            "m": Number("slope m", positions(-slope, slope), 0.0),
            "b": Number("intercept b", positions(min(0.0, 2 * low - high), max(0.0, high)), 0.0),
        },
        play=lambda m, b: step(x, y, m, b),
        title="find-the-line explorer",
        call=code,
        state=state,
    )


def step(x, y, m, b):
    """Go a step of gradient descent, each parameter at the rate that suits its own curvature."""
    slope = gradient(lambda line: mse(line(x), y), Line(m, b))
    # Half of 1 / curvature: the two curvatures of a line are 2 mean(x^2) and 2.
    m, b = m - slope.m / (4 * np.mean(x**2)), b - slope.b / 4
    return {"m": float(f"{m:.6g}"), "b": float(f"{b:.6g}")}


def positions(low, high):
    """Round values from low to high, 50 to 500 of them: steps of 1, 10, 0.1, ...

    >>> positions(-9.0, 42.0)[:3]
    array([-9., -8., -7.])
    """
    digits = -int(np.floor(np.log10((high - low) / 50)))
    scale = 10.0**digits
    return np.round(np.arange(np.floor(low * scale), np.ceil(high * scale) + 1) / scale, digits)


def draw(x, y):
    """What stands still: the data, and the scale of costs with the lowest marked on it."""
    fig, axes = figure([["fit", "cost"]], (9.6, 4.0), width_ratios=[5, 1])
    fit, cost = axes["fit"], axes["cost"]
    fit.plot(x, y, label="data", **STYLES["data"])
    fit.plot([], [], label="your line", **STYLES["model"])
    margin = 0.15 * np.ptp(y)
    fit.set(title="The line and the data", xlabel="x", ylabel="y")
    fit.set(ylim=(min(0.0, np.min(y)) - margin, np.max(y) + margin))
    fit.legend(loc="upper left", fontsize=9)
    lowest = lowest_cost(x, y)
    scale = lowest or 1e-3 * float(np.mean(y**2)) or 1.0  # 0 has no place on a logarithmic axis
    cost.axhline(lowest or scale / 2, label="lowest", **{**STYLES["best"], "marker": None})
    cost.set(title="Its cost", yscale="log", ylim=(scale / 2, scale * 1000), xlim=(0, 1))
    cost.set(xticks=[])
    cost.legend(loc="upper center", fontsize=9)
    return fig


def move(x, y, line):
    """What moves: the line, the misses at the data, the cost; and a sentence about them."""
    value, lowest = float(mse(line(x), y)), lowest_cost(x, y)
    ends = np.array([np.min(x), np.max(x)])
    gone = np.full_like(x, np.nan)  # lifts the pen between one miss and the next
    misses = np.stack([y, line(x), gone], axis=1).ravel()
    color = COLORS["model"]
    marks = [
        Curve("fit", np.repeat(x, 3), misses, "#888888", width=0.6),
        Curve("fit", ends, line(ends), color, width=2.4),
        Curve("cost", np.array([0.0, 1.0]), np.array([value, value]), color, width=3),
    ]
    return marks, sentence(line, value, lowest)


def sentence(line, value, lowest):
    """Say what is seen: the line, how far it is off, and how low the cost could be."""
    said = (
        f"The line y = {line.m:.3g} x + {line.b:.4g} is typically {number(np.sqrt(value))} off: "
        f"its cost is {number(value)}"
    )
    if lowest == 0 < value:
        return f"{said}, and the lowest possible is 0: a line goes through every point."
    if value <= CLOSE * lowest:
        return f"{said}, and the lowest possible is {number(lowest)}. You have found the data."
    return f"{said}, {number(value / lowest)} times the lowest possible."


def lowest_cost(x, y):
    """The cost of least squares; 0 where nothing is left of it but rounding."""
    lowest = float(mse(np.polyval(np.polyfit(x, y, 1), x), y))
    return lowest if lowest > 1e-15 * np.mean(y**2) else 0.0
