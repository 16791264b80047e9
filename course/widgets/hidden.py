"""Drag hidden units, their start and the learning rate; see what each unit cuts, and the sum.

A hidden unit of relu is on at one side of a straight line. The explorer draws that line for each
unit, and the regions that a second layer makes of them. A network is trained once for each
combination and every step of it is kept, so that dragging the steps trains nothing.
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from course import data
from course.functions import logsumexp, softmax
from course.plots import CLASSES, COLORS, STYLES, number
from course.widgets.base import Choice, Curve, Explorer, Number, Raster, figure

__all__ = ["STARTS", "Run", "Spirals", "explore_hidden"]

MOST_STEPS, MOST_UNITS, SIZE = 1000, 32, 60
STARTS = {  # the standard deviation of the weights of a layer, from its features in and out
    "zero": lambda n_in, n_out: 0.0,
    "too small": lambda n_in, n_out: 0.01 * np.sqrt(2 / n_in),
    "Glorot": lambda n_in, n_out: np.sqrt(2 / (n_in + n_out)),
    "He": lambda n_in, n_out: np.sqrt(2 / n_in),
    "too large": lambda n_in, n_out: 10 * np.sqrt(2 / n_in),
}


@dataclass(frozen=True, eq=False)
class Run:
    """A training, step by step: the first row of each is the start.

    `first` is `(steps + 1, 3, k)`, `second` `(steps + 1, k + 1, 3)`: the weights of each layer,
    in the last row the bias.
    """

    first: np.ndarray
    second: np.ndarray

    def at(self, step):
        """Weight, bias, out and shift after a number of steps, or after each of several."""
        first, second = self.first[step], self.second[step]
        return first[..., :-1, :], first[..., -1, :], second[..., :-1, :], second[..., -1, :]


@dataclass(frozen=True, eq=False)
class Spirals:
    r"""Points of a plane in three classes, and a network with one hidden layer of relu.

    $$ z = \mathrm{relu}(x W + b) V + c $$

    `x` is `(n, 2)`, `y` holds labels `(n,)`.
    """

    x: np.ndarray
    y: np.ndarray

    def start(self, hidden, name):
        """Start parameters: the same draws for each start, scaled; more units keep the others."""
        rng = np.random.default_rng(0)
        first = rng.standard_normal((MOST_UNITS, 2))[:hidden].T
        second = rng.standard_normal((MOST_UNITS, 3))[:hidden]
        spread = STARTS[name]
        return [
            spread(2, hidden) * first,
            np.zeros(hidden),
            spread(hidden, 3) * second,
            np.zeros(3),
        ]

    def descend(self, hidden, name, rate, steps=MOST_STEPS):
        """Train by gradient descent on the cross-entropy, and keep every step.

        Points are columns here, the last feature of each layer a one whose weight is the bias,
        and results are written into arrays that are there: a third of the time of the formula.
        """
        n = len(self.y)
        first, second = np.empty((steps + 1, hidden, 3)), np.empty((steps + 1, 3, hidden + 1))
        W, b, V, c = self.start(hidden, name)
        first[0], second[0] = np.column_stack([W.T, b]), np.column_stack([V.T, c])
        x, h = np.vstack([self.x.T, np.ones(n)]), np.ones((hidden + 1, n))
        truth, units = np.ascontiguousarray(np.eye(3)[self.y].T), h[:-1]
        z, back, on = np.empty((3, n)), np.empty((hidden, n)), np.empty((hidden, n), dtype=bool)
        with np.errstate(all="ignore"):  # a rate that is far too high ends in NaN, and is shown
            for k in range(steps):
                W, V = first[k], second[k]
                np.dot(W, x, out=units)
                np.greater(units, 0, out=on)
                np.maximum(units, 0, out=units)
                np.dot(V, h, out=z)
                z -= z.max(axis=0)
                np.exp(z, out=z)
                z /= z.sum(axis=0)
                z -= truth
                z *= rate / n  # now the step along z
                np.dot(V[:, :-1].T, z, out=back)
                back *= on
                np.subtract(W, np.dot(back, x.T), out=first[k + 1])
                np.subtract(V, np.dot(z, h.T), out=second[k + 1])
        return Run(*(part.swapaxes(1, 2) for part in (first, second)))

    def logits(self, run, steps):
        """What the network says of every point after each of these steps, `(len(steps), n, 3)`."""
        weight, bias, out, shift = run.at(steps)
        with np.errstate(all="ignore"):
            h = np.maximum(self.x @ weight + bias[:, None], 0)
            return h @ out + shift[:, None]

    def losses(self, run, steps):
        """The cross-entropy after each of these steps."""
        z = self.logits(run, steps)
        with np.errstate(all="ignore"):
            return np.mean(logsumexp(z) - z[:, np.arange(len(self.y)), self.y], axis=1)

    def right(self, run, step):
        """The share of points on the right side after a number of steps."""
        return float(np.mean(self.logits(run, [step])[0].argmax(axis=1) == self.y))

    def dead(self, weight, bias):
        """How many hidden units are off for every point."""
        return int(np.sum(np.all(self.x @ weight + bias <= 0, axis=0)))


def cuts(weight, bias, reach=4.0, tick=0.07):
    """The lines at which units switch, as one curve with gaps, each with a tick to its on side.

    Parameters
    ----------
    weight : ndarray of shape (2, k)
    bias : ndarray of shape (k,)

    Returns
    -------
    ndarray of shape (6 k, 2)
    """
    lines = []
    for w, b in zip(weight.T, bias, strict=True):
        length = np.hypot(*w)
        if not 0 < length < np.inf:
            continue
        normal = w / length
        foot, along = -b / length * normal, reach * np.array([-normal[1], normal[0]])
        lines += [
            foot - along,
            foot + along,
            2 * [np.nan],
            foot,
            foot + tick * normal,
            2 * [np.nan],
        ]
    return np.array(lines, dtype=float).reshape(-1, 2)


class Regions(Raster):
    """Which class is the most probable where; the surer, the stronger its colour."""

    def rgba(self):
        """Colours as `(rows, columns, 4)`, from probabilities `(rows, columns, 3)`."""
        shares = np.asarray(self.values)[::-1]
        colors = np.array([_rgb(CLASSES[label]["color"]) for label in range(shares.shape[-1])])
        sure = np.nan_to_num((shares.max(axis=-1) - 1 / 3) * 1.5)
        return np.dstack([colors[shares.argmax(axis=-1)], sure])


def explore_hidden(**state):
    """Drag hidden units, learning rate and steps, choose a start; regions, cuts and loss answer.

    Parameters
    ----------
    **state : float or str
        Values of the controls to begin with.

    Returns
    -------
    Explorer with the controls `hidden`, `start` ("zero", "too small", "Glorot", "He" or "too
    large"), `rate` and `steps`.
    """
    spirals = Spirals(*data.spirals(300, np.random.default_rng(0)))
    # Dragging the steps must not train again.
    run = lru_cache(maxsize=24)(spirals.descend)
    return Explorer(
        draw=lambda: draw(spirals),
        move=lambda hidden, start, rate, steps: move(
            spirals, run(hidden, start, rate), hidden, start, rate, steps
        ),
        controls={
            "hidden": Number("hidden units", range(1, MOST_UNITS + 1), 8),
            "rate": Number("learning rate", RATES, 1.0),
            "steps": Number("steps", STEPS, 1000),
            "start": Choice("start", STARTS, "He"),
        },
        presets={
            "two units": {"hidden": 2, "start": "He", "rate": 1.0, "steps": 1000},
            "sixteen": {"hidden": 16, "start": "He", "rate": 1.0, "steps": 1000},
            "zero": {"hidden": 16, "start": "zero", "rate": 1.0, "steps": 1000},
            "deadly rate": {"hidden": 16, "start": "He", "rate": 10.0, "steps": 100},
        },
        title="hidden-unit explorer",
        play="steps",
        call="explore_hidden(",
        state=state,
    )


def draw(spirals):
    """What stands still: the points, and empty axes for the loss."""
    fig, axes = figure([["plane", "loss"]], (9.6, 4.2))
    plane, loss = axes["plane"], axes["loss"]
    for label in range(3):
        plane.plot(*spirals.x[spirals.y == label].T, label=f"class {label}", **CLASSES[label])
    plane.plot([], [], color=COLORS["path"], linewidth=1, label="a unit's line")
    plane.set(title="Regions, and the line of each unit", xlabel="x1", ylabel="x2")
    plane.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.1), aspect="equal")
    plane.legend(loc="upper left", bbox_to_anchor=(1.01, 1), fontsize=8, frameon=False)
    loss.axhline(np.log(3), label="knows nothing, log 3", **{**STYLES["start"], "marker": None})
    loss.plot([], [], label="now", **{**STYLES["model"], "marker": "o", "linestyle": "none"})
    loss.set(title="The loss", xlabel="step", ylabel="cross-entropy", xscale="log", yscale="log")
    loss.set(xlim=(0.8, 1.3 * MOST_STEPS), ylim=(0.01, 30))
    loss.legend(loc="lower left", fontsize=8)
    return fig


def move(spirals, run, hidden, start, rate, steps):
    """What moves: the regions, the units' lines, the loss up to this step; and a sentence."""
    weight, bias, out, shift = run.at(steps)
    h = np.maximum(GRID @ weight + bias, 0)
    shares = softmax(np.nan_to_num(h @ out + shift)).reshape(SIZE, SIZE, 3)
    lines = cuts(weight, bias)
    shown = [step for step in STEPS if 0 < step < steps] + [steps]
    model, black = COLORS["model"], COLORS["path"]
    losses = spirals.losses(run, shown)
    marks = [
        Regions("plane", shares, opacity=0.45),
        Curve("plane", lines[:, 0], lines[:, 1], black, width=0.9),
        Curve("loss", np.array(shown), losses, black),
        Curve("loss", np.array([max(steps, 1)]), losses[-1:], model, "", dot=9),
    ]
    return marks, sentence(spirals, run, hidden, start, rate, steps)


def sentence(spirals, run, hidden, start, rate, steps):
    """Say what is seen: who was trained, how far it came, which units are dead or all the same."""
    weight, bias, _, _ = run.at(steps)
    share, dead = spirals.right(run, steps), spirals.dead(weight, bias)
    loss = spirals.losses(run, [steps])[0]
    said = (
        f"{hidden} hidden unit{'s' * (hidden != 1)}, start {start}, learning rate {rate:.4g}: "
        f"after {steps:,} step{'s' * (steps != 1)} the loss is {number(loss)}, and "
        f"{round(share * len(spirals.y))} of {len(spirals.y)} points ({share:.1%}) are on the "
        "right side."
    )
    if not weight.any():
        return f"{said} No unit has moved: without weights nothing comes through, nor back."
    if dead:
        return f"{said} {dead} of the units {'is' if dead == 1 else 'are'} dead: off everywhere."
    return said


def _rgb(color):
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _positions(low, high, count):
    return sorted({float(f"{value:.2g}") for value in np.geomspace(low, high, count)})


AXIS = (np.arange(SIZE) + 0.5) / SIZE * 2.2 - 1.1
GRID = np.stack(np.meshgrid(AXIS, AXIS), axis=-1).reshape(-1, 2)
RATES = _positions(0.01, 30, 101)
STEPS = [0, *sorted({int(step) for step in _positions(1, MOST_STEPS, 90)})]
