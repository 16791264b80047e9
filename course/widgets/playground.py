"""Let a small network learn while everything about it is changed: data, layers, rate, optimizer.

The network is a `Chain` of `Dense` layers, its gradient is recorded, its steps are those of
`update`: what plays here is the library of the course. A `Learner` never changes; each epoch and
each change of a setting makes a new one, so it is tested without a picture.
"""

import base64
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from html import escape

import autograd.numpy as anp
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

from course import data, optimizers
from course.engine.recording import Replay
from course.functions import relu, sigmoid, tanh
from course.losses import accuracy, binary_cross_entropy
from course.models import Chain, Dense, activations
from course.plots import CLASSES, STYLES, number
from course.trees import parameters, rebuild
from course.updating import OptimizerState, start_state, take_step
from course.widgets.base import Choice, Curve, Explorer, Number, Raster, call, figure
from course.widgets.hidden import STARTS

__all__ = ["Learner", "Settings", "explore_network"]

SAMPLES, MOST_WIDTH, MOST_DEPTH, MOST_EPOCHS = 300, 8, 3, 5000
HOPELESS = 1e6  # a loss beyond it won't come back
ACTIVATIONS = {"tanh": tanh, "relu": relu, "sigmoid": sigmoid, "none": None}
OPTIMIZERS = {
    name: getattr(optimizers, name) for name in ("Descent", "Momentum", "RMSProp", "Adam")
}


def circles(rng):
    """A disc inside a ring."""
    label = np.arange(SAMPLES) % 2
    radius = np.where(label, rng.uniform(0.65, 0.95, SAMPLES), 0.45 * rng.uniform(0, 1, SAMPLES))
    angle = rng.uniform(0, 2 * np.pi, SAMPLES)
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1), label


def xor(rng):
    """Yes in two opposite quarters, no in the other two."""
    x = rng.uniform(0.06, 0.9, (SAMPLES, 2)) * rng.choice([-1, 1], (SAMPLES, 2))
    return x, (x[:, 0] * x[:, 1] < 0).astype(int)


def gaussians(rng):
    """Two clouds, which a straight line can tell apart."""
    label = np.arange(SAMPLES) % 2
    return 0.45 * (2 * label - 1)[:, None] + 0.15 * rng.standard_normal((SAMPLES, 2)), label


def spirals(rng):
    """Two arms of a spiral."""
    made = data.spirals(SAMPLES, rng, classes=2, noise=0.0)
    return made.x, made.y


DATA = {"circles": circles, "XOR": xor, "spirals": spirals, "two clouds": gaussians}


@dataclass(frozen=True)
class Settings:
    """What the controls say."""

    data: str = "circles"
    noise: float = 0.05
    depth: int = 1
    width: int = 4
    activation: str = "tanh"
    start: str = "Glorot"
    rate: float = 0.03
    l2: float = 0.0
    optimizer: str = "Adam"
    batch: int = 20

    def points(self):
        """The points: `(x_train, y_train), (x_validation, y_validation)`, y of 0.0 and 1.0."""
        rng = np.random.default_rng(0)
        x, y = DATA[self.data](rng)
        x = x + self.noise * rng.standard_normal(x.shape)
        return data.split(x, y.astype(float), 1 / 3, np.random.default_rng(1))

    def network(self):
        """A fresh network; of whatever size, its weights are a corner of the same draws."""
        rng, spread = np.random.default_rng(0), STARTS[self.start]
        sizes = [2, *self.depth * [self.width], 1]
        acts = [*self.depth * [ACTIVATIONS[self.activation]], None]
        # The output's draw comes first, so that it is the same at every depth.
        draws = [rng.standard_normal((MOST_WIDTH, MOST_WIDTH)) for _ in range(MOST_DEPTH + 1)]
        draws = [*draws[1 : self.depth + 1], draws[0]]
        return Chain(
            *(
                Dense.from_arrays(spread(n, m) * draw[:n, :m], np.zeros(m), act)
                for n, m, draw, act in zip(sizes[:-1], sizes[1:], draws, acts, strict=True)
            )
        )

    def rule(self):
        """The optimizer with its rate."""
        return OPTIMIZERS[self.optimizer](self.rate)


def penalised(network, x, y, l2):
    """The loss whose gradient is followed: cross-entropy, and l2 / 2 times all squared weights."""
    squares = sum(anp.sum(anp.square(layer.weight)) for layer in network)
    return binary_cross_entropy(network(x)[:, 0], y) + l2 / 2 * squares


@dataclass(frozen=True, eq=False)
class Learner:
    """A network on its way: what it is now, and how its losses fell.

    Attributes
    ----------
    settings : Settings
    network : Chain
    points : tuple
        See `Settings.points`.
    losses : tuple of (float, float)
        Cross-entropy on training and validation points at the start and after each epoch; the last
        is that of the network and the points as they are now.
    since : int
        The epoch at which another network or other points came in, and with them other losses.
    memory : OptimizerState or None
        None before the first step, and after a change that the optimizer can't follow.
    replay : Replay or None
        The gradient, recorded; None where that must be done anew.
    diverged : bool
        The last epoch ended in a loss that is hopeless; the network is that before it.
    """

    settings: Settings
    network: Chain
    points: tuple
    losses: tuple
    since: int = 0
    memory: OptimizerState | None = None
    replay: Replay | None = field(default=None, repr=False)
    diverged: bool = False

    @classmethod
    def begin(cls, settings):
        """Make a learner that has learnt nothing."""
        network, points = settings.network(), settings.points()
        return cls(settings, network, points, (losses(network, points),))

    @property
    def epochs(self):
        """How many it has learnt."""
        return len(self.losses) - 1

    def change(self, settings):
        """Go on under other settings: what still means something is kept.

        Another start is another run. Other layers keep the weights that fit; other data, rates
        and penalties keep all.
        """
        old = self.settings
        if settings == old:
            return self
        if settings.start != old.start or not self.epochs:
            return Learner.begin(settings)
        new = replace(self, settings=settings)
        if (settings.data, settings.noise) != (old.data, old.noise):
            new = replace(new, points=settings.points())
        if (settings.depth, settings.width) != (old.depth, old.width):
            new = replace(new, network=fitted(self.network, settings), memory=None, replay=None)
        elif settings.activation != old.activation:
            new = replace(new, network=switched(self.network, settings), replay=None)
        if settings.optimizer != old.optimizer:
            new = replace(new, memory=None)
        if new.network is self.network and new.points is self.points:
            return new
        now = losses(new.network, new.points)
        return replace(new, losses=(*self.losses[:-1], now), since=self.epochs)

    def epoch(self):
        """Learn from each training point once; the learner after it."""
        if self.diverged or self.epochs >= MOST_EPOCHS:
            return self
        network, rule, l2 = self.network, self.settings.rule(), self.settings.l2
        values = parameters(network)
        memory = self.memory or start_state(rule, network)
        replay = self.replay or recorded(network)
        order = np.random.default_rng(self.epochs)  # a run depends on its settings alone
        with quiet():
            for x, y in data.Batches(*self.points[0], self.settings.batch, rng=order):
                if not replay(values, (x, y, l2)) < HOPELESS:
                    return replace(self, diverged=True)
                # What `update` does too, without walking the layers each time.
                values, memory = take_step(values, replay.out, rule, memory)
            network = rebuild(network, values)
            now = losses(network, self.points)
        if not max(now) < HOPELESS:
            return replace(self, diverged=True)
        after = {"network": network, "memory": memory, "replay": replay}
        return replace(self, **after, losses=(*self.losses, now))

    def until(self, epochs):
        """Learn until so many epochs are done: from the start for 0, and never backwards else."""
        if not epochs:
            return Learner.begin(self.settings)
        learner = self
        while learner.epochs < epochs and not learner.diverged:
            learner = learner.epoch()
        return learner


def fitted(network, settings):
    """A network of other layers, with the weights of the old one where they fit.

    A new unit comes in with a weight of 0 to what was there before, so a wider network says at
    first what it said. The output of another depth reads other units, and starts afresh.
    """
    new = settings.network()
    kept = len(new) if len(new) == len(network) else min(len(new), len(network)) - 1
    layers = []
    for k, fresh in enumerate(new):
        if k < kept:
            (n, m), old = np.minimum(fresh.weight.shape, network[k].weight.shape), network[k]
            weight, bias = fresh.weight.copy(), fresh.bias.copy()
            weight[n:, :m] = 0
            weight[:n, :m], bias[:m] = old.weight[:n, :m], old.bias[:m]
            fresh = Dense.from_arrays(weight, bias, fresh.activation)
        layers.append(fresh)
    return Chain(*layers)


def switched(network, settings):
    """The same weights with another activation in the hidden layers."""
    act = ACTIVATIONS[settings.activation]
    hidden = (Dense.from_arrays(layer.weight, layer.bias, act) for layer in network[:-1])
    return Chain(*hidden, network[-1])


def recorded(network):
    """The gradient of the loss, to be replayed for networks with these layers."""
    values = parameters(network)
    out = [np.empty_like(value) for value in values]
    return Replay(penalised, network, range(len(values)), out, [])


def losses(network, points):
    """The cross-entropy on training and validation points."""
    with quiet():
        return tuple(float(binary_cross_entropy(network(x)[:, 0], y)) for x, y in points)


@contextmanager
def quiet():
    """Say nothing of overflow, which is shown, or of logits that look like probabilities."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        yield


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
    # The points leave a free strip there.
    plane.legend(loc="lower center", ncols=3, fontsize=8, framealpha=0.9, borderpad=0.2)
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
    units = f"{now.depth} hidden layer{'s' * (now.depth != 1)} of {now.width} {now.activation}"
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
