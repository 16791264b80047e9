"""Put a start anywhere on a network's surface, and see in what kind of place its descent ends.

A network of two parameters can be drawn whole. Three of them show all that stops a descent: two
equal valleys with a saddle between, a saddle at zero, and the flat land of a unit that is dead.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course.plots import COLORS, STYLES, contours, number
from course.widgets.base import Choice, Curve, Explorer, Number, figure

__all__ = ["SURFACES", "Surface", "explore_landscape", "place", "roll"]

REACH, MOST_STEPS, FLOOR = 8.0, 400, 1e-7
DIVERGED = 1e6  # times the first cost
LEVEL, STRAIGHT = 2e-3, 5e-3  # below these, a slope or a curvature counts as none


@dataclass(frozen=True, eq=False)
class Surface:
    """The mean squared error of a network of two parameters.

    Attributes
    ----------
    names : tuple of str
        What the two parameters are called.
    x, y : ndarray of shape (n,)
        The data.
    network : callable
        `network(x, p, q)` -> predictions and their derivatives by p and by q, all of x's shape
        (or of the shape that p, q and x broadcast to).
    lowest : list of tuple
        Where the cost is 0.
    level : str
        What the cost where both parameters are 0 is the cost of.
    """

    names: tuple
    x: np.ndarray
    y: np.ndarray
    network: callable
    lowest: list
    level: str

    def cost(self, p, q):
        """The cost at each pair of parameters; p and q broadcast."""
        p, q = np.asarray(p)[..., None], np.asarray(q)[..., None]
        return np.mean((self.network(self.x, p, q)[0] - self.y) ** 2, axis=-1)

    def look(self, p, q):
        """Cost and both derivatives at one pair, as floats."""
        prediction, by_p, by_q = self.network(self.x, p, q)
        residual = prediction - self.y
        pull = 2 / len(self.x) * residual
        return float(residual @ residual) / len(self.x), float(pull @ by_p), float(pull @ by_q)

    def curvatures(self, p, q, nudge=1e-4):
        """Both curvatures at a pair along the surface's own directions, the smaller first."""
        ahead = [self.look(p + nudge, q)[1:], self.look(p, q + nudge)[1:]]
        behind = [self.look(p - nudge, q)[1:], self.look(p, q - nudge)[1:]]
        table = (np.array(ahead) - behind) / (2 * nudge)
        return np.linalg.eigvalsh((table + table.T) / 2)


def stairs(x, a, b):
    """Two steps, sigmoid(3 (x - a)) + sigmoid(3 (x - b)), by way of tanh, which is quicker."""
    first, second = np.tanh(1.5 * (x - a)), np.tanh(1.5 * (x - b))
    return 1 + (first + second) / 2, 0.75 * (first * first - 1), 0.75 * (second * second - 1)


def product(x, w, v):
    """One tanh unit: v tanh(w x)."""
    h = np.tanh(w * x)
    return v * h, v * x * (1 - h * h), h


def hinge(x, w, b):
    """One relu unit: relu(w x + b)."""
    a = w * x + b
    on = (a >= 0).astype(float)  # at the bend either slope is right; so no round start is dead
    return a * on, x * on, on


def _surface(names, x, network, lowest, level):
    return Surface(names, x, network(x, *lowest[0])[0], network, lowest, level)


SURFACES = {
    "two valleys": _surface(
        ("a", "b"), np.linspace(-4, 4, 41), stairs, [(-1.0, 1.0), (1.0, -1.0)], "on the saddle"
    ),
    "saddle at zero": _surface(
        ("w", "v"), np.linspace(-0.5, 0.5, 41), product, [(4.0, 4.0), (-4.0, -4.0)], "on the saddle"
    ),
    "a unit that dies": _surface(
        ("w", "b"), np.linspace(-1, 1, 41), hinge, [(3.0, 1.0)], "where the unit is dead"
    ),
}


def roll(surface, start, rate, momentum, steps=MOST_STEPS):
    """Descend with momentum (the rate inside the velocity), and keep every step.

    Returns
    -------
    points : ndarray of shape (steps + 1, 2)
    costs : ndarray of shape (steps + 1,)
        Both are shorter where the cost passes a million times the first.
    """
    p, q = start
    cost, by_p, by_q = surface.look(p, q)
    limit = DIVERGED * max(cost, FLOOR)
    points, costs, velocity_p, velocity_q = [(p, q)], [cost], 0.0, 0.0
    for _ in range(steps):
        velocity_p = momentum * velocity_p + rate * by_p
        velocity_q = momentum * velocity_q + rate * by_q
        p, q = p - velocity_p, q - velocity_q
        cost, by_p, by_q = surface.look(p, q)
        points.append((p, q))
        costs.append(cost)
        if not cost <= limit:
            break
    return np.array(points), np.array(costs)


def place(surface, p, q):
    """What kind of place it is: "valley", "saddle", "plateau", "hollow" or "slope".

    A hollow is lower than all around and yet not the lowest; a slope is any place where the
    gradient isn't next to zero.
    """
    cost, *slope = surface.look(p, q)
    if np.hypot(*slope) > LEVEL:
        return "slope"
    flattest = surface.curvatures(p, q)[0]
    if flattest < -STRAIGHT:
        return "saddle"
    if cost < 1e-3:
        return "valley"
    return "plateau" if flattest < STRAIGHT else "hollow"


def explore_landscape(**state):
    """Choose a network's surface, drag a start; rate, momentum and steps say where it ends.

    Parameters
    ----------
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `surface` ("two valleys", "saddle at zero" or "a unit that dies"),
    `across` and `up` (the start's two parameters), `rate`, `momentum` and `steps`.
    """
    walk = lru_cache(maxsize=64)(
        lambda surface, *settings: roll(SURFACES[surface], settings[:2], *settings[2:])
    )
    side = np.round(np.linspace(-REACH, REACH, 161), 1)

    def shown(surface, across, up, rate, momentum, steps):
        return move(surface, *walk(surface, across, up, rate, momentum), rate, momentum, steps)

    return Explorer(
        draw=draw,
        move=shown,
        controls={
            "surface": Choice("surface", SURFACES),
            "across": Number("start across", side, -4.0),
            "up": Number("start up", side, -2.0),
            "rate": Number("learning rate", RATES, 3.0),
            "momentum": Number("momentum", np.round(np.linspace(0, 0.99, 100), 2), 0.0),
            "steps": Number("steps", range(MOST_STEPS + 1), 300),
        },
        still=("surface",),
        presets=PRESETS,
        title="landscape explorer",
        play="steps",
        drag={"land": ("across", "up")},
        call="explore_landscape(",
        state=state,
    )


def draw(surface):
    """What stands still: contours with the lowest places, and empty axes for the cost."""
    land = SURFACES[surface]
    fig, axes = figure([["land", "cost"]], (9.6, 4.0), width_ratios=[1.15, 1])
    side = np.linspace(-REACH, REACH, 161)
    height = land.cost(*np.meshgrid(side, side))
    contours(axes["land"], side, side, height)
    for lowest in land.lowest:
        axes["land"].plot(*lowest, **{**STYLES["best"], "linestyle": "none"})
    axes["land"].set(title="The path over the cost", xlabel=land.names[0], ylabel=land.names[1])
    axes["land"].set(xlim=(-REACH, REACH), ylim=(-REACH, REACH), aspect="equal")
    cost = axes["cost"]
    cost.axhline(land.cost(0.0, 0.0), **{**STYLES["start"], "marker": None}, label=land.level)
    cost.set(title="The cost", xlabel="step (less than 1e-7 is drawn as 1e-7)", yscale="log")
    cost.set(xlim=(0, MOST_STEPS), ylim=(FLOOR / 2, 4 * height.max()))
    cost.spines[["top", "right"]].set_visible(False)
    cost.legend(loc="upper right", fontsize=8)
    return fig


def move(surface, points, costs, rate, momentum, steps):
    """What moves: the path up to a step, and its costs; and a sentence about where it is."""
    last = min(steps, len(costs) - 1)
    across, up = points[: last + 1].T
    height = np.clip(np.nan_to_num(costs[: last + 1], nan=np.inf), FLOOR, 1e9)
    path, start, now = COLORS["path"], COLORS["start"], COLORS["model"]
    marks = [
        Curve("land", across, up, path, width=0.8),
        Curve("land", across[1:-1], up[1:-1], path, "", dot=3),
        Curve("land", across[:1], up[:1], start, "", dot=9),
        Curve("land", across[-1:], up[-1:], now, "", dot=9),
        Curve("cost", np.arange(last + 1), height, path),
        Curve("cost", [last], height[-1:], now, "", dot=9),
    ]
    said = sentence(SURFACES[surface], points[: last + 1], costs[: last + 1], rate, momentum)
    return marks, said


def sentence(surface, points, costs, rate, momentum):
    """Say what is seen: from where, how far, at what cost, and what kind of place it is."""
    said = (
        f"From {_pair(points[0])} at learning rate {rate:.4g} and momentum {momentum:.4g}, after "
        f"{len(costs) - 1} step{'s' * (len(costs) != 2)}: "
    )
    if not costs[-1] <= DIVERGED * max(costs[0], FLOOR):
        return said + "it has diverged, the cost is more than a million times the first."
    here = points[-1].tolist()
    kind = place(surface, *here)
    cost = costs[-1] if costs[-1] > 1e-12 else 0.0  # what is below it is rounding
    at = f"at {_pair(here)}, cost {number(cost)}"
    if kind == "slope":
        slope = number(np.hypot(*surface.look(*here)[1:]))
        return f"{said}still on its way, {at}; the gradient's length is {slope}."
    low, high = surface.curvatures(*here).tolist()
    curved = f"curvatures {_signed(low)} and {_signed(high)}"
    if kind == "valley":
        return f"{said}in a lowest valley, {at}; {curved}, so the wall is {number(2 / high)}."
    if kind == "saddle":
        return f"{said}on a saddle, {at}; {curved}: it goes down to two sides."
    if kind == "hollow":
        return f"{said}in a valley that isn't a lowest one, {at}; {curved}."
    return f"{said}stuck on a plateau, {at}; {curved}: hardly any slope, and none is in sight."


def _pair(point):
    return "({}, {})".format(*(f"{round(value, 2) + 0.0:g}" for value in point))


def _signed(value):
    return f"{round(value, 3) + 0.0:g}"


RATES = sorted({float(f"{rate:.2g}") for rate in np.geomspace(0.01, 100, 161)})
PRESETS = {
    name: dict(zip(("surface", "across", "up", "rate", "momentum", "steps"), values, strict=True))
    for name, values in {
        "into a valley": ("two valleys", -4.0, -2.0, 3.0, 0.0, 300),
        "onto the saddle": ("two valleys", 3.0, 3.0, 3.0, 0.0, 300),
        "lost on a plateau": ("two valleys", 7.0, 2.0, 3.0, 0.0, 300),
        "past a saddle": ("saddle at zero", 2.5, -3.0, 0.3, 0.0, 400),
        "rolling through": ("saddle at zero", 2.5, -3.0, 0.1, 0.9, 400),
        "thrown out, dead": ("a unit that dies", -4.0, 4.0, 1.0, 0.0, 100),
    }.items()
}
