"""The batch-size explorer: how many samples before each step, and how far to go then."""

import numpy as np

from course import data
from course.plots import COLORS, STYLES, contours, number
from course.schedules import CosineDecay
from course.theory import LineProblem, has_diverged, samples_seen, until_diverged
from course.widgets.base import Choice, Curve, Explorer, Number, Words, figure
from course.widgets.steps import shown_steps

__all__ = ["explore_batches"]

PASSES, SEED = 20, 1
SIZES = [1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 25, 32, 40, 50, 64, 80, 100]
CONSTANT, FALLING = "constant", "falling to 0"
NOTHING = 1e-9  # above the lowest cost, nothing but rounding


def explore_batches(**state):
    """Drag the batch size and the learning rate; path, cost and noise floor answer.

    The data are the noisy line of `data.line`, its x standardised. Each run sees every sample
    twenty times, in the order in which `Batches(x, y, size, rng=np.random.default_rng(1))` gives
    them, so that runs of every batch size have seen as much.

    Parameters
    ----------
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `size`, `rate`, `schedule` ("constant" or "falling to 0") and
    `passes` (how much of the run is drawn).
    """
    x, y = data.line(np.random.default_rng(0))
    problem = LineProblem.of((x - x.mean()) / x.std(), y)
    rng = np.random.default_rng(SEED)
    orders = np.array([rng.permutation(len(x)) for _ in range(PASSES)])
    return Explorer(
        draw=lambda: draw(problem),
        move=lambda **values: move(problem, orders, **values),
        controls={
            "size": Number("batch size", SIZES, 10),
            "rate": Number("learning rate", _rates(), 0.1),
            "schedule": Choice("the rate is", [CONSTANT, FALLING]),
            "passes": Number("passes drawn", range(1, PASSES + 1), PASSES),
        },
        presets={
            "one at a time": {"size": 1},
            "mini-batch": {"size": 10},
            "all at once": {"size": 100},
            "too fast for one": {"size": 1, "rate": 0.5, "schedule": CONSTANT},
        },
        title="batch-size explorer",
        play="passes",
        drag={"rate": ("rate", None)},
        call="explore_batches(",
        state=state,
    )


def draw(problem):
    """What stands still: contours, empty cost axes, and the scale of rates."""
    fig, axes = figure([["path", "cost"], ["rate", "rate"]], (10, 4.8), height_ratios=[8, 1])
    _draw_path(axes["path"], problem)
    _draw_cost(axes["cost"], problem)
    axes["rate"].set(xscale="log", xlim=(RATES[0], RATES[-1]), ylim=(0, 1), yticks=[])
    axes["rate"].set(xlabel="learning rate; the dashed wall is the largest stable one")
    return fig


def move(problem, orders, size, rate, schedule, passes=PASSES):
    """What moves: the path, the cost, the floor, the wall; and a sentence about them."""
    seen = samples_seen(len(problem.x), size, len(orders))
    steps, falling = len(seen) - 1, schedule == FALLING
    rates = list(map(CosineDecay(rate, steps), range(steps))) if falling else [rate] * steps
    points = problem.descend(orders, size, rates)
    excess = problem.excess(points)
    losses = excess + problem.lowest
    seen_by_then = int(np.searchsorted(seen, passes * len(problem.x), "right"))
    kept = min(until_diverged(losses), seen_by_then)
    shown = shown_steps(kept - 1, first=200, pairs=60)
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
    tail = None if has_diverged(losses).any() else float(np.mean(excess[-(steps // 4) :]))
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
