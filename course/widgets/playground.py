"""Let a small network learn while everything about it is changed; surface, units, losses answer."""

import base64
from html import escape

import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from course.functions import sigmoid
from course.losses import accuracy
from course.models import activations
from course.plots import CLASSES, STYLES, number
from course.widgets.base import Choice, Curve, Explorer, Number, Raster, call, figure
from course.widgets.hidden import STARTS
from course.widgets.learner import (
    ACTIVATIONS,
    DATA,
    MOST_DEPTH,
    MOST_EPOCHS,
    MOST_WIDTH,
    OPTIMIZERS,
    Learner,
    Settings,
    quiet,
)

__all__ = ["explore_network"]


class Shades(Raster):
    """From the colour of class 0 over white to that of class 1; nothing where NaN is."""

    def rgba(self):
        """Colours as `(rows, columns, 4)`, the first row on top."""
        low, high = self.limits
        return TWO_CLASSES((np.asarray(self.values)[::-1] - low) / (high - low))


def explore_network(**state):
    """Let a network learn, and change what you like meanwhile; surface, units and losses answer.

    Parameters
    ----------
    **state
        Values of the controls to begin with: `explore_network(data="spirals", depth=2)`.

    Returns
    -------
    Explorer with the controls `data` ("circles", "XOR", "spirals", "two clouds"), `noise`,
    `depth`, `width`, `activation` ("tanh", "relu", "sigmoid", "none"), `start` (see
    `explore_hidden`), `rate`, `l2`, `optimizer` ("Descent", "Momentum", "RMSProp", "Adam"),
    `batch` and `epoch`, which isn't shown: 0 starts again, and what is more than the network has
    learnt is learnt.
    """
    known = Settings()
    player = Player(Learner.begin(known))
    return Playground(
        draw=draw,
        move=player.move,
        play=player.play,
        controls={
            "data": Choice("data", DATA),
            "noise": Number("noise", NOISES, known.noise),
            "depth": Number("hidden layers", range(MOST_DEPTH + 1), known.depth),
            "width": Number("units in each", range(1, MOST_WIDTH + 1), known.width),
            "activation": Choice("activation", ACTIVATIONS),
            "start": Choice("start", STARTS, known.start),
            "rate": Number("learning rate", RATES, known.rate),
            "l2": Number("weight penalty", PENALTIES, known.l2),
            "optimizer": Choice("optimizer", OPTIMIZERS, known.optimizer),
            "batch": Number("batch size", BATCHES, known.batch),
            "epoch": Number("epoch", (0, MOST_EPOCHS), 0, shown=False),
        },
        presets={
            "start again": {"epoch": 0},
            "no hidden layer": {"data": "circles", "depth": 0, "epoch": 0},
            "XOR with two units": {"data": "XOR", "depth": 1, "width": 2, "epoch": 0},
            "spirals": {"data": "spirals", "depth": 2, "width": 8, "rate": 0.03, "epoch": 0},
            "zero start": {"depth": 1, "start": "zero", "epoch": 0},
        },
        title="network explorer",
        call=call(explore_network),
        state=state,
    )


class Playground(Explorer):
    """An explorer whose picture depends on all that was done before."""

    def export(self, most=1_500_000):
        """The picture as it stands; a network that learns needs a kernel."""
        picture = base64.b64encode(self.png()).decode()
        return (
            f'<figure><img style="max-width:100%" alt="{escape(self.sentence)}" '
            f'src="data:image/png;base64,{picture}"><figcaption>{escape(self.sentence)} To change '
            "it and to let it learn, run this cell in the notebook.</figcaption></figure>"
        )


class Player:
    """The learner that is shown now."""

    def __init__(self, learner):
        self.learner = learner

    def play(self, epoch, **values):
        """Learn one epoch more."""
        self.learner = self.learner.change(Settings(**values)).epoch()
        return {"epoch": self.learner.epochs, **values}

    def move(self, epoch, **values):
        """Follow the controls; a page that asks with an older epoch undoes nothing."""
        self.learner = self.learner.change(Settings(**values)).until(epoch)
        return marks(self.learner), sentence(self.learner)


def draw():
    """What stands still: empty axes for the plane, the hidden units and the losses."""
    fig, axes = figure([["plane", "units", "loss"]], (10, 4.6), width_ratios=[4.2, 2, 3.8])
    plane, units, loss = (axes[name] for name in ("plane", "units", "loss"))
    plane.plot([], [], "o", color=CLASSES[0]["color"], label="class 0")
    ring = {"color": CLASSES[1]["color"], "markerfacecolor": "white", "markeredgewidth": 2}
    plane.plot([], [], "o", label="class 1", **ring)
    plane.plot([], [], ".", color="black", markersize=4, label="wrong side")
    plane.set(title="What the network says", xlabel="x1", ylabel="x2", aspect="equal")
    plane.set(xlim=(-REACH, REACH), ylim=(-REACH, REACH))
    below = {"loc": "upper center", "bbox_to_anchor": (0.5, -0.1), "frameon": False}
    plane.legend(ncols=3, fontsize=8, **below)
    units.set(title="Hidden units", xlim=(0, MOST_DEPTH), ylim=(MOST_WIDTH, 0))
    units.set(xticks=np.arange(MOST_DEPTH) + 0.5, xticklabels=["layer 1", "layer 2", "layer 3"])
    units.set(yticks=np.arange(MOST_WIDTH) + 0.5, yticklabels=range(1, MOST_WIDTH + 1))
    units.tick_params(length=0)
    units.spines[:].set_visible(False)
    loss.axhline(np.log(2), label="knows nothing, log 2", **{**STYLES["start"], "marker": None})
    loss.plot([], [], label="training", **STYLES["training"])
    loss.plot([], [], label="validation", **STYLES["validation"])
    loss.set(
        title="The losses", xlabel="epochs + 1", ylabel="cross-entropy", xscale="log", yscale="log"
    )
    loss.set(xlim=(0.9, 1.2 * MOST_EPOCHS), ylim=(1e-4, 8))
    loss.legend(loc="lower left", fontsize=8)
    return fig


def marks(learner):
    """What moves: surface, points, hidden units, losses."""
    with quiet():
        chance = sigmoid(learner.network(grid(SIZE)))
    curves = np.array(learner.losses)
    count = len(curves)
    shown = np.unique(np.geomspace(1, count, 150).round().astype(int)) - 1
    styles = [STYLES["training"], STYLES["validation"]]
    return [
        Shades("plane", chance.reshape(SIZE, SIZE), opacity=0.55),
        *point_marks(learner),
        Shades("units", unit_pictures(learner.network), limits=(-1, 1), opacity=1.0),
        *(
            Curve("loss", shown + 1, curve[shown], style["color"], style["linestyle"])
            for curve, style in zip(curves.T, styles, strict=True)
        ),
        *(
            Curve("loss", [count], curve[-1:], style["color"], "", dot=7)
            for curve, style in zip(curves.T, styles, strict=True)
        ),
    ]


def point_marks(learner):
    """Training points large, validation points small, class 1 as rings; a black dot if wrong."""
    out = []
    for (x, y), size in zip(learner.points, (6.0, 4.0), strict=True):
        for label in (0, 1):
            mine = x[y == label].T
            out.append(Curve("plane", *mine, CLASSES[label]["color"], "", dot=size))
        out.append(Curve("plane", *mine, "white", "", dot=size / 2))
        wrong = x[(learner.network(x)[:, 0] > 0) != y].T
        out.append(Curve("plane", *wrong, "black", "", dot=2.2))
    return out


def unit_pictures(network):
    """The output of each hidden unit over the plane: a column for a layer, a row for a unit.

    Each is brought to its own largest size, so that colours say where it is on, not how much.
    """
    tile = SMALL + 2  # with a gap around
    out = np.full((MOST_WIDTH * tile, MOST_DEPTH * tile), np.nan)
    with quiet():
        layers = activations(network, grid(SMALL))[:-1]
    for column, layer in enumerate(layers):
        largest = np.abs(layer).max(axis=0)
        scaled = layer / np.where(largest > 0, largest, 1)
        for row, unit in enumerate(scaled.T):
            top, left = (MOST_WIDTH - 1 - row) * tile + 1, column * tile + 1  # unit 1 on top
            out[top : top + SMALL, left : left + SMALL] = unit.reshape(SMALL, SMALL)
    return out


def sentence(learner):
    """Say what is seen: the network, how far it came, and whether it only learns by heart."""
    now, (loss, unseen) = learner.settings, learner.losses[-1]
    x, y = learner.points[1]
    with quiet():
        share = accuracy(learner.network(x)[:, 0], y.astype(int))
    kind = "units without activation" if now.activation == "none" else now.activation
    units = f"{now.depth} hidden layer{'s' * (now.depth != 1)} of {now.width} {kind}"
    said = (
        f"{units if now.depth else 'No hidden layer'}, {now.optimizer} at rate {now.rate:.4g}: "
        f"after {learner.epochs:,} epoch{'s' * (learner.epochs != 1)} the loss is {number(loss)} "
        f"on training points and {number(unseen)} on validation points, {share:.0%} of which are "
        "on the right side."
    )
    best = min(unseen for _, unseen in learner.losses[learner.since :])
    if learner.diverged:
        return f"{said} Then it diverged: lower the rate, and start again."
    if learner.epochs == MOST_EPOCHS:
        return f"{said} That is the last epoch here: start again."
    if unseen > 1.2 * best and loss < unseen:
        return f"{said} Validation was at {number(best)} before: it learns by heart."
    return said


def grid(size):
    """Points at the centres of `size` x `size` cells of the plane, the lowest row first."""
    axis = ((np.arange(size) + 0.5) / size * 2 - 1) * REACH
    return np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)


REACH, SIZE, SMALL = 1.15, 40, 14
TWO_CLASSES = LinearSegmentedColormap.from_list(
    "two classes",
    [CLASSES[0]["color"], "white", CLASSES[1]["color"]],
).with_extremes(bad=(0, 0, 0, 0))
NOISES = [round(0.01 * k, 2) for k in range(41)]
RATES = sorted({float(f"{rate:.2g}") for rate in np.geomspace(1e-4, 10, 101)})
PENALTIES = [0.0, *(float(f"{l2:.1g}") for l2 in np.geomspace(1e-4, 0.1, 10))]
BATCHES = [10, 20, 50, 100, 200]
