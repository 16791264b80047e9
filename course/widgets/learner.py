"""A small network that learns on while everything about it is changed: data, layers, rate, rule.

The network is a `Chain` of `Dense` layers, its gradient is recorded, its steps are those of
`update`: what plays here is the library of the course. A `Learner` never changes; each epoch and
each change of a setting makes a new one, so it is tested without a picture.
"""

import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import autograd.numpy as anp
import numpy as np

from course import data, optimizers
from course.engine.recording import Replay
from course.functions import relu, sigmoid, tanh
from course.losses import binary_cross_entropy
from course.models import Chain, Dense
from course.trees import parameters, rebuild
from course.updating import OptimizerState, start_state, take_step
from course.widgets.hidden import STARTS

__all__ = [
    "ACTIVATIONS",
    "DATA",
    "MOST_DEPTH",
    "MOST_EPOCHS",
    "MOST_WIDTH",
    "OPTIMIZERS",
    "Learner",
    "Settings",
    "quiet",
]

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
