"""What is trained: model, data, batches and rule, the same for every contender."""

import itertools
from dataclasses import dataclass

import numpy as np

from course import (
    Adam,
    Chain,
    Dense,
    Descent,
    Line,
    Momentum,
    Parabola,
    astype,
    parameters,
    relu,
)
from course.data import mnist_5k, spirals


@dataclass(frozen=True, eq=False)
class Workload:
    """A training. `sizes` are those of a network's layers; without, it is a line or a parabola."""

    name: str
    x: np.ndarray
    y: np.ndarray
    model: object
    rule: object
    size: int
    epochs: int
    sizes: tuple = ()

    @property
    def steps(self):
        return -(-len(self.x) // self.size) * self.epochs

    @property
    def start(self):
        """The parameters to start from, as new arrays."""
        return [np.array(value) for value in parameters(self.model)]

    def orders(self):
        """The order of the samples in each epoch, as `Batches(..., rng=default_rng(1))` has it."""
        rng = np.random.default_rng(1)
        return [rng.permutation(len(self.x)) for _ in range(self.epochs)]


def line():
    x = np.arange(1.0, 101.0)
    y = 3 * x + 100 + 100 * np.random.default_rng(0).random(100)
    return Workload("line, 100 points", x, y, Line(0.5, 0.5), Descent(1e-4), 100, 10_000)


def parabola():
    x = np.arange(-100, 101) / 10
    y = 5 * x**2 + 10 * x + 3 + 100 * np.random.default_rng(0).random(201)
    model = Parabola(0.5, 0.5, 0.5)
    return Workload("parabola, 201 points", x, y, model, Descent(1e-4), 201, 10_000)


def network(name, x, y, sizes, rule, size, epochs, dtype):
    rng = np.random.default_rng(0)
    layers = [Dense(a, b, relu, rng=rng) for a, b in itertools.pairwise(sizes[:-1])]
    model = astype(Chain(*layers, Dense(*sizes[-2:], rng=rng)), dtype)
    name = f"{name}, {np.dtype(dtype)}"
    return Workload(name, x.astype(dtype), y, model, rule, size, epochs, sizes)


def small_digits():
    """The course's digits, 8 x 8: the mean ink of squares of 3 x 3."""
    digits = mnist_5k()
    images = digits.x.reshape(-1, 28, 28)[:, 2:26, 2:26]
    return images.reshape(-1, 8, 3, 8, 3).mean(axis=(2, 4)).reshape(-1, 64), digits.y


def many_digits():
    """As many pictures as MNIST has, the course's digits over and over."""
    digits = mnist_5k(np.float32)
    return np.tile(digits.x, (12, 1)), np.tile(digits.y, 12)


def small(dtype):
    """Those of up to 9,000 parameters, 10,000 steps each."""
    x, y = small_digits()
    sizes = (64, 64, 64, 10)
    yield network("softmax regression 64-10, batch 32", x, y, (64, 10), Descent(0.1), 32, 64, dtype)
    for size in (32, 128):
        name = f"network 64-64-64-10, Adam, batch {size}"
        yield network(name, x, y, sizes, Adam(), size, 2 * size, dtype)
    spiral = spirals(500, np.random.default_rng(0))
    name = "spirals 2-32-32-3, Adam, batch 64"
    yield network(name, spiral.x, spiral.y, (2, 32, 32, 3), Adam(), 64, 1250, dtype)


def quick():
    """A workload of each kind."""
    yield line()
    yield parabola()
    yield from itertools.islice(small(np.float64), 2)


def every():
    """All of them, one at a time: the largest takes 400 MB."""
    yield line()
    yield parabola()
    yield from small(np.float64)
    yield from small(np.float32)
    x, y = many_digits()
    for dtype in (np.float32, np.float64):
        for rule in (Adam(), Momentum()):
            name = f"network 784-64-64-10, 60,000 rows, {type(rule).__name__}, batch 128"
            yield network(name, x, y, (784, 64, 64, 10), rule, 128, 3, dtype)
