"""The momentum explorer: learning rate and momentum on the map of convergence, and the path.

On a quadratic, momentum does the same thing along each eigenvector of the Hessian: distance and
velocity are multiplied by a 2 x 2 matrix at each step. The largest absolute value of the matrix's
eigenvalues says how fast the distance shrinks, so the map needs no descent at all.
"""

import numpy as np

from course import data
from course.models import Line
from course.plots import COLORS, STYLES, contours, convergence, number
from course.theory import ARRIVED, HEAVY, NESTEROV, best_momentum, momentum_factor, quadratic
from course.widgets.base import Choice, Curve, Explorer, Number, figure
from course.widgets.learning_rate import squared_error
from course.widgets.steps import shown_steps

__all__ = ["explore_momentum", "running_problem"]

START = np.random.default_rng(0).random(102)[100:]  # lesson 01: drawn after the data's noise
MOST_STEPS = 3000
STEPS = [*range(1, 41), *range(45, 251, 5), *np.geomspace(260, MOST_STEPS, 40).astype(int).tolist()]


def running_problem():
    """The line that runs through all lessons, as a `Quadratic`."""
    x, y = data.line(np.random.default_rng(0))
    return quadratic(squared_error, Line(*START), x, y)


def explore_momentum(**state):
    """Drag learning rate and momentum; the place on the map and the path answer.

    Parameters
    ----------
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `rate`, `momentum`, `rule` ("heavy ball" or "Nesterov") and `steps`
    (how many are drawn).
    """
    bowl = running_problem()
    rate, momentum = (_round(value, 8) for value in best_momentum(bowl.curvatures))  # it is an edge
    plain = _round(1.9995 / bowl.curvatures.sum(), 4)  # rounded up it would diverge
    rates = [_round(value, 3) for value in np.geomspace(1e-5, 3e-3, 149)]
    kept = [0.0, *(_round(1 - lost, 4) for lost in np.geomspace(0.95, 1e-3, 120))]
    return Explorer(
        draw=lambda rule: draw(bowl, rule),
        move=lambda **values: move(bowl, **values),
        controls={
            "rate": Number("learning rate", rates, 1e-4),
            "momentum": Number("momentum", kept, 0.9),
            "rule": Choice("rule", [HEAVY, NESTEROV]),
            "steps": Number("steps drawn", STEPS, MOST_STEPS),
        },
        still=("rule",),
        presets={
            "plain descent at its best": {"rule": HEAVY, "rate": plain, "momentum": 0.0},
            "the usual 0.9": {"rule": HEAVY, "rate": 1e-4, "momentum": 0.9},
            "theory's best": {"rule": HEAVY, "rate": rate, "momentum": momentum},
            "too much momentum": {"rule": HEAVY, "rate": rate, "momentum": 0.998},
            "over the edge": {"rule": HEAVY, "rate": 6e-4, "momentum": 0.9},
        },
        title="momentum explorer",
        play="steps",
        drag={"map": ("rate", "momentum")},
        call="explore_momentum(",
        state=state,
    )


def draw(bowl, rule):
    """What stands still: the map with its best place, contours, and empty axes of distance."""
    fig, axes = figure([["map", "path", "distance"]], (11, 4.2), width_ratios=[1.25, 1, 1])
    rates, momenta = np.geomspace(1e-5, 3e-3, 160), 1 - np.geomspace(1, 1e-3, 160)
    factors = momentum_factor(rates[:, None], momenta[:, None, None], bowl.curvatures, rule)
    worst = factors.max(axis=-1)
    convergence(rates, momenta, worst, ax=axes["map"], title="Steps to a tenth of the distance")
    best = best_momentum(bowl.curvatures, rule)
    axes["map"].plot(*best, **{**STYLES["best"], "linestyle": "none"})
    _draw_path(axes["path"], bowl)
    _draw_distance(axes["distance"], bowl)
    return fig


def move(bowl, rate, momentum, rule=HEAVY, steps=MOST_STEPS):
    """What moves: the place on the map, the path, both distances; and a sentence about them."""
    distances = bowl.descend_with_momentum(START, rate, momentum, rule, MOST_STEPS)
    shown = shown_steps(min(len(distances) - 1, steps), first=250, pairs=75)
    points = bowl.minimum + distances[shown] @ bowl.directions.T
    away = np.maximum(np.abs(distances), 1e-9)[shown]
    path, now = COLORS["path"], COLORS["model"]
    marks = [
        Curve("map", [rate], [momentum], now, "", dot=10),
        Curve("path", points[:250, 0], points[:250, 1], "#999999", width=0.25),
        Curve("path", points[:250, 0], points[:250, 1], path, "", dot=2.6),
        Curve("path", points[-1:, 0], points[-1:, 1], now, "", dot=9),
        Curve("distance", shown, away[:, 1], COLORS["gradient"], "--", width=1.3),
        Curve("distance", shown, away[:, 0], COLORS["training"], width=2),
    ]
    return marks, sentence(bowl, rate, momentum, rule, distances)


def sentence(bowl, rate, momentum, rule, distances):
    """Say what is seen: how fast each direction goes, and when the parameters arrive."""
    flat, steep = momentum_factor(rate, momentum, bowl.curvatures, rule)
    said = (
        f"{rule[0].upper()}{rule[1:]} at learning rate {rate:.4g} and momentum {momentum:.4g}: "
        f"each step multiplies the distance along the flat direction by {flat:.5f} and along the "
        f"steep one by {steep:.5f}. "
    )
    if max(flat, steep) > 1:
        return said + "Above 1 it grows: it diverges. Less rate, or (heavy ball) more momentum."
    if np.all(np.abs(distances[-1] @ bowl.directions.T) <= ARRIVED):
        return (
            said
            + f"Every parameter is within {ARRIVED} of least squares after "
            + (f"{len(distances) - 1:,} steps.")
        )
    slowest = "flat" if flat >= steep else "steep"
    left = np.log(ARRIVED / np.linalg.norm(distances[0])) / np.log(max(flat, steep))
    return said + f"The {slowest} one sets the pace: about {number(left)} steps to arrive."


def _draw_path(ax, bowl):
    first, second = np.linspace(-9, 15, 200), np.linspace(-20, 300, 200)
    away = np.stack(np.meshgrid(first, second), axis=-1) - bowl.minimum
    contours(ax, first, second, 0.5 * (away @ bowl.directions) ** 2 @ bowl.curvatures)
    ax.plot(*START, **{**STYLES["start"], "linestyle": "none"})
    ax.plot(*bowl.minimum, **{**STYLES["best"], "linestyle": "none"})
    ax.set(title="First 250 steps", xlabel="m", ylabel="b")


def _draw_distance(ax, bowl):
    ax.axhline(ARRIVED, **{**STYLES["best"], "marker": None}, label="arrived")
    ax.plot([], [], color=COLORS["training"], linewidth=2, label="flat direction")
    ax.plot([], [], "--", color=COLORS["gradient"], label="steep direction")
    ax.set(title="Distance to the minimum", xlabel="step", yscale="log")
    ax.set(xlim=(0, MOST_STEPS), ylim=(1e-5, 1e5))
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(loc="upper right", fontsize=8)


def _round(value, digits):
    """Round to so many significant digits."""
    return float(f"{value:.{digits}g}")
