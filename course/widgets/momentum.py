"""The momentum explorer: learning rate and momentum on the map of convergence, and the path.

On a quadratic, momentum does the same thing along each eigenvector of the Hessian: distance and
velocity are multiplied by a 2 x 2 matrix at each step. The largest absolute value of the matrix's
eigenvalues says how fast the distance shrinks, so the map needs no descent at all.
"""

import numpy as np

from course import data
from course.models import Line
from course.plots import COLORS, STYLES, contours, convergence, number
from course.widgets.base import Choice, Curve, Explorer, Number, figure
from course.widgets.learning_rate import ARRIVED, quadratic, squared_error

__all__ = ["best", "explore_momentum", "factor", "roll", "running_problem"]

HEAVY, NESTEROV = "heavy ball", "Nesterov"
START = np.random.default_rng(0).random(102)[100:]  # lesson 01: drawn after the data's noise
MOST_STEPS = 3000
GONE = 1e6  # times the first distance: there's nothing left to see


def running_problem():
    """The line that runs through all lessons, as a `Quadratic`."""
    x, y = data.line(np.random.default_rng(0))
    return quadratic(squared_error, Line(*START), x, y)


def factor(rate, momentum, curvature, rule=HEAVY):
    r"""By how much a step multiplies the distance to the minimum, in the long run.

    The distance e of a step follows from the two before it,

    $$ e_{k+1} = \tau e_k - \delta e_{k-1}, \qquad z^2 - \tau z + \delta = 0, $$

    and the factor is the larger |z|. Heavy ball: trace tau = 1 + momentum - rate curvature,
    determinant delta = momentum. Nesterov: both (1 + momentum) and momentum are multiplied by
    1 - rate curvature instead. Below 1 it arrives. All arguments broadcast.

    References
    ----------
    Polyak (1964); Lessard, Recht and Packard (2016).

    >>> round(float(factor(0.1, 0.0, 1.0)), 6)
    0.9
    """
    rate, momentum, curvature = np.broadcast_arrays(rate, momentum, curvature)
    shrink = 1 - rate * curvature
    if rule == HEAVY:
        trace, determinant = momentum + shrink, momentum
    else:
        trace, determinant = (1 + momentum) * shrink, momentum * shrink
    root = np.sqrt((trace**2 / 4 - determinant).astype(complex))
    return np.maximum(np.abs(trace / 2 + root), np.abs(trace / 2 - root))


def best(curvatures, rule=HEAVY):
    r"""The theory's best learning rate and momentum for two curvatures.

    $$ \eta = \frac{4}{(\sqrt{L} + \sqrt{\ell})^2}, \quad
       \rho = \Big(\frac{\sqrt{\kappa} - 1}{\sqrt{\kappa} + 1}\Big)^2, \quad \kappa = L / \ell $$

    for the heavy ball (Polyak 1964); for Nesterov, 4 / (3 L + l) and (r - 2) / (r + 2) with
    r = sqrt(3 kappa + 1) (Lessard, Recht and Packard 2016).
    """
    low, high = curvatures
    if rule == HEAVY:
        root = np.sqrt(high / low)
        return 4 / (np.sqrt(high) + np.sqrt(low)) ** 2, ((root - 1) / (root + 1)) ** 2
    root = np.sqrt(3 * high / low + 1)
    return 4 / (3 * high + low), (root - 2) / (root + 2)


def roll(bowl, rate, momentum, rule=HEAVY, most=MOST_STEPS):
    """Roll down from the start: distances to the minimum along both directions.

    Returns
    -------
    ndarray of shape (steps + 1, 2)
        The flat direction first. It ends where the parameters have arrived or are lost, or after
        `most` steps.
    """
    ahead = momentum if rule == NESTEROV else 0.0
    rows = []
    along = (bowl.directions.T @ (START - bowl.minimum)).tolist()
    for distance, curvature in zip(along, bowl.curvatures.tolist(), strict=True):
        push, limit, velocity, row = rate * curvature, GONE * abs(distance), 0.0, [distance]
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
    arrived = np.all(np.abs(distances @ bowl.directions.T) <= ARRIVED, axis=1)
    return distances[: np.argmax(arrived) + 1] if arrived.any() else distances


def explore_momentum():
    """Drag learning rate and momentum; the place on the map and the path answer.

    Returns
    -------
    Explorer with the controls `rate`, `momentum` and `rule` ("heavy ball" or "Nesterov").
    """
    bowl = running_problem()
    rate, momentum = (_round(value, 8) for value in best(bowl.curvatures))  # it is an edge
    plain = _round(1.9995 / bowl.curvatures.sum(), 4)  # rounded up it would diverge
    rates = [_round(value, 3) for value in np.geomspace(1e-5, 3e-3, 149)]
    kept = [0.0, *(_round(1 - lost, 4) for lost in np.geomspace(0.95, 1e-3, 120))]
    return Explorer(
        draw=lambda rule: draw(bowl, rule),
        move=lambda rate, momentum, rule: move(bowl, rate, momentum, rule),
        controls={
            "rate": Number("learning rate", rates, 1e-4),
            "momentum": Number("momentum", kept, 0.9),
            "rule": Choice("rule", [HEAVY, NESTEROV]),
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
    )


def draw(bowl, rule):
    """What stands still: the map with its best place, contours, and empty axes of distance."""
    fig, axes = figure([["map", "path", "distance"]], (11, 4.2), width_ratios=[1.25, 1, 1])
    rates, momenta = np.geomspace(1e-5, 3e-3, 160), 1 - np.geomspace(1, 1e-3, 160)
    worst = factor(rates[:, None], momenta[:, None, None], bowl.curvatures, rule).max(axis=-1)
    convergence(rates, momenta, worst, ax=axes["map"], title="Steps to a tenth of the distance")
    axes["map"].plot(*best(bowl.curvatures, rule), **{**STYLES["best"], "linestyle": "none"})
    _draw_path(axes["path"], bowl)
    _draw_distance(axes["distance"], bowl)
    return fig


def move(bowl, rate, momentum, rule=HEAVY):
    """What moves: the place on the map, the path, both distances; and a sentence about them."""
    distances = roll(bowl, rate, momentum, rule)
    steps = np.arange(len(distances))
    shown = np.unique(
        np.concatenate([steps[:250], np.geomspace(1, len(steps), 150) - 1]).astype(int)
    )
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
    flat, steep = factor(rate, momentum, bowl.curvatures, rule)
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
