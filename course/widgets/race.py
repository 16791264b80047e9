"""Five rules race down the same slope from the same start, each at its own best rate.

What a rate is worth differs from rule to rule, so a race at one rate says nothing. Each rule is
tried at a row of rates first, from the very start of the race, all of them at once: a rule works
on arrays of any shape, so each row of one array is a descent with a rate of its own.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course.optimizers import Adam, Descent, Momentum, Nesterov, RMSProp
from course.plots import COLORS, STYLES, contours, number
from course.widgets.base import Choice, Curve, Explorer, Number, figure

__all__ = [
    "COURSES",
    "RATES",
    "RULES",
    "Course",
    "Entry",
    "at",
    "best",
    "enter",
    "explore_race",
    "run",
]

MOST_STEPS, REACH, FLOOR = 300, 2.0, 1e-6
NEVER = 1.04 * MOST_STEPS  # where those are drawn that don't arrive
TINY = 1e-300  # a start may be the lowest place itself
ARRIVED = 1e-3  # of the first cost above the lowest
RATES = np.geomspace(1e-4, 10, 51)
RULES = {
    "Descent": Descent(1.0),
    "Momentum": Momentum(1.0),
    "Nesterov": Nesterov(1.0),
    "RMSProp": RMSProp(1.0),
    "Adam": Adam(1.0),
}
LINES = {"Descent": "-", "Momentum": "--", "Nesterov": "-.", "RMSProp": ":", "Adam": "-"}


@dataclass(frozen=True)
class Course:
    """A cost over two parameters whose lowest value is 0, and a start.

    Attributes
    ----------
    cost : callable
        `cost(p)` for p of shape `(..., 2)`, one number for each.
    slope : callable
        Its gradient, of the shape of p.
    start : tuple of two floats
    lowest : list of tuple
        Where it is 0.
    """

    cost: callable
    slope: callable
    start: tuple
    lowest: list


def _bowl(table):
    return (
        lambda p: 0.5 * np.sum(p * (p @ table), axis=-1),
        lambda p: p @ table,
    )


def _rosenbrock_cost(p):
    x, y = p[..., 0], p[..., 1]
    return (1 - x) ** 2 + 100 * (y - x * x) ** 2


def _rosenbrock_slope(p):
    x, y = p[..., 0], p[..., 1]
    away = y - x * x
    return np.stack([2 * (x - 1) - 400 * x * away, 200 * away], axis=-1)


def _saddle_cost(p):
    x, y = p[..., 0], p[..., 1]
    return x * x / 2 + (y * y - 1) ** 2 / 4


def _saddle_slope(p):
    x, y = p[..., 0], p[..., 1]
    return np.stack([x, y * (y * y - 1)], axis=-1)


TURN = np.sqrt(0.5) * np.array([[1.0, 1.0], [-1.0, 1.0]])
VALLEY = np.diag([1.0, 100.0])
COURSES = {
    "valley": Course(*_bowl(VALLEY), (-1.8, 1.0), [(0.0, 0.0)]),
    "turned valley": Course(*_bowl(TURN @ VALLEY @ TURN.T), (-1.8, 1.0), [(0.0, 0.0)]),
    "Rosenbrock": Course(_rosenbrock_cost, _rosenbrock_slope, (-1.2, 1.0), [(1.0, 1.0)]),
    "saddle": Course(_saddle_cost, _saddle_slope, (-1.8, 0.001), [(0.0, 1.0), (0.0, -1.0)]),
}


def run(rule, course, start, rates, steps=MOST_STEPS):
    """Descend from one start at several rates at once.

    Each rule's step is proportional to its rate, so it is asked for the step at rate 1, which is
    then multiplied by each rate.

    Returns
    -------
    ndarray of shape (steps + 1, rates, 2)
        The points; NaN from where a descent is lost.
    """
    rates = np.reshape(rates, (-1, 1))
    p = np.broadcast_to(np.asarray(start, dtype=float), (len(rates), 2))
    origin, state = np.zeros_like(p), rule.start(p)
    path = np.empty((steps + 1, *p.shape))
    path[0] = p
    with np.errstate(all="ignore"):  # a rate that is far too high ends in NaN, and is lost
        for step in range(1, steps + 1):
            move, state = rule.step(origin, course.slope(p), state)
            path[step] = p = p + rates * move
    return path


def arrival(path, costs):
    """The first step from which on the cost stays at a thousandth of the first, or below.

    `path` is `(steps + 1, rates, 2)`, `costs` `(steps + 1, rates)`. NaN where a descent doesn't
    arrive; one that leaves the picture is out, even if chance brings it back.
    """
    away = ~(costs <= ARRIVED * costs[0])
    steps = np.where(away.any(axis=0), len(costs) - np.argmax(away[::-1], axis=0), 0)
    return np.where((steps < len(costs)) & inside(path), steps, np.nan)


def inside(path):
    """Whether each descent stays in the picture."""
    return np.all(np.abs(path) <= REACH, axis=(0, 2))


def best(path, costs):
    """The index of the rate that arrives first; among equals, of the lowest cost at the end."""
    steps = np.nan_to_num(arrival(path, costs), nan=np.inf)
    end = np.where(inside(path), costs[-1], np.inf)
    return int(np.lexsort([end, steps])[0])


@dataclass(frozen=True, eq=False)
class Entry:
    """A rule in the race: its rate, its path, the costs, and the sweep that found the rate.

    `path` is `(steps + 1, 2)`, `costs` `(steps + 1,)`; `sweep` holds the steps to arrive at each
    of `RATES`, NaN where it doesn't arrive.
    """

    rate: float
    path: np.ndarray
    costs: np.ndarray
    sweep: np.ndarray

    @property
    def arrived(self):
        """The steps to arrive, or NaN."""
        return float(arrival(self.path[:, None], self.costs[:, None])[0])


def enter(rule, course, start):
    """Find a rule's best rate from this start: the race that it then runs is one of the sweep."""
    paths = run(rule, course, start, RATES)
    with np.errstate(all="ignore"):
        costs = course.cost(paths)
    index, sweep = best(paths, costs), arrival(paths, costs)
    return Entry(float(RATES[index]), paths[:, index], costs[:, index], sweep)


def at(entry, rule, course, factor):
    """The same entry at `factor` times its rate."""
    path = run(rule, course, entry.path[0], [factor * entry.rate])[:, 0]
    with np.errstate(all="ignore"):
        return Entry(factor * entry.rate, path, course.cost(path), entry.sweep)


def explore_race(**state):
    """Five rules race; choose the course, drag the start, the steps and all rates together.

    Parameters
    ----------
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `course` ("valley", "turned valley", "Rosenbrock" or "saddle"),
    `across` and `up` (the start), `factor` (how many times its best rate each rule gets) and
    `steps`.
    """
    # Dragging the steps must not run again, nor a factor look for the rates again.
    found = lru_cache(maxsize=64)(
        lambda name, *start: {n: enter(rule, COURSES[name], start) for n, rule in RULES.items()}
    )
    scaled = lru_cache(maxsize=64)(
        lambda name, across, up, factor: {
            n: at(entry, RULES[n], COURSES[name], factor)
            for n, entry in found(name, across, up).items()
        }
    )

    def shown(course, across, up, factor, steps):
        entries = found(course, across, up) if factor == 1 else scaled(course, across, up, factor)
        return move(entries, course, factor, steps)

    side = np.round(np.linspace(-REACH, REACH, 81), 2)
    across, up = COURSES["valley"].start
    return Explorer(
        draw=draw,
        move=shown,
        controls={
            "course": Choice("course", COURSES),
            "across": Number("start across", side, across),
            "up": Number("start up", side, up),
            "factor": Number("times its best rate", FACTORS, 1.0),
            "steps": Number("steps", range(MOST_STEPS + 1), 100),
        },
        still=("course",),
        presets={
            f"{name}'s start": {
                "course": name,
                "across": c.start[0],
                "up": c.start[1],
                "factor": 1.0,
            }
            for name, c in COURSES.items()
        }
        | {"all at a third": {"factor": 0.33}, "all at three times": {"factor": 3.0}},
        title="race of optimizers",
        play="steps",
        drag={"land": ("across", "up")},
        call="explore_race(",
        state=state,
    )


def draw(course):
    """What stands still: contours with the lowest places; empty axes for costs and rates."""
    fig, axes = figure([["land", "cost", "rate"]], (12, 4.3), width_ratios=[1.15, 1.1, 1])
    land, cost, rate = axes["land"], axes["cost"], axes["rate"]
    side = np.linspace(-REACH, REACH, 161)
    contours(land, side, side, COURSES[course].cost(np.stack(np.meshgrid(side, side), axis=-1)))
    for lowest in COURSES[course].lowest:
        land.plot(*lowest, **{**STYLES["best"], "linestyle": "none"})
    land.set(title="The paths", xlabel="p1", ylabel="p2", aspect="equal")
    land.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH))
    cost.axhline(ARRIVED, color=COLORS["best"], linewidth=3, alpha=0.4, label="arrived")
    for name in RULES:
        cost.plot([], [], LINES[name], color=COLORS[name], linewidth=2, label=name)
    cost.set(title="Cost, as a share of the first", yscale="log", ylim=(FLOOR, 10))
    cost.set(xlabel="step (less than 1e-6 is drawn as 1e-6)", xlim=(0, MOST_STEPS))
    cost.legend(loc="upper right", fontsize=8, ncols=2)
    rate.axhspan(MOST_STEPS, NEVER + 10, color="#dddddd", linewidth=0)
    rate.text(RATES[1], NEVER, "not within 300 steps", va="center", fontsize=8)
    rate.set(title="Steps by each rule's rate", xlabel="learning rate")
    rate.set(ylabel="steps to arrive", xscale="log", xlim=(RATES[0], RATES[-1]))
    rate.set(ylim=(0, NEVER + 10))
    for ax in (cost, rate):
        ax.spines[["top", "right"]].set_visible(False)
    return fig


def move(entries, course, factor, steps):
    """What moves: paths and costs up to a step, the sweeps of rates; and who leads."""
    marks, ends = [], []
    for name, entry in entries.items():
        color, line, path = COLORS[name], LINES[name], entry.path[: steps + 1]
        share = np.nan_to_num(entry.costs / max(entry.costs[0], TINY), nan=np.inf)
        share = np.clip(share, FLOOR, 1e6)
        marks += [
            Curve("land", path[:, 0], path[:, 1], color, line, width=1.3),
            Curve("cost", np.arange(steps + 1), share[: steps + 1], color, line),
            Curve("rate", RATES, entry.sweep, color, line, width=1.3),
        ]
        ends += [
            Curve("land", path[-1:, 0], path[-1:, 1], color, "", dot=9),
            Curve("cost", [steps], share[[steps]], color, "", dot=8),
            Curve(
                "rate", [entry.rate], [np.nan_to_num(entry.arrived, nan=NEVER)], color, "", dot=9
            ),
        ]
    start = next(iter(entries.values())).path[:1]
    ends.append(Curve("land", start[:, 0], start[:, 1], COLORS["start"], "", dot=6))
    return marks + ends, sentence(entries, course, factor, steps)


def sentence(entries, course, factor, steps):
    """Say who leads after so many steps and by how much, and who has arrived."""
    shares = {n: float(np.nan_to_num(e.costs[steps], nan=np.inf)) for n, e in entries.items()}
    first, second, *_ = sorted(shares, key=shares.get)
    rates = "its best rate" if factor == 1 else f"{factor:.3g} times its best rate"
    said = f"{course}, each rule at {rates} from here, after {steps} step{'s' * (steps != 1)}: "
    said = said[0].upper() + said[1:]
    if steps == 0:
        return said + "all stand at the start."
    arrived = {n: e.arrived for n, e in entries.items() if e.arrived <= steps}
    if not arrived:
        lead = shares[second] / max(shares[first], TINY)
        said += f"{first} leads, its cost is {number(shares[first])}; "
        return said + f"the next, {second}, has {number(lead)} times that. Nobody has arrived."
    order = sorted(arrived, key=arrived.get)
    said += "arrived are " if len(order) > 1 else "arrived is "
    said += ", ".join(f"{n} (after {arrived[n]:.0f})" for n in order)
    left = [n for n in sorted(shares, key=shares.get) if n not in arrived]
    if not left:
        return said + ": all of them."
    return f"{said}; of the others {left[0]} is nearest, at a cost of {number(shares[left[0]])}."


FACTORS = sorted({float(f"{factor:.2g}") for factor in np.geomspace(0.01, 100, 81)})
