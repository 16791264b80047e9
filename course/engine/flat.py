"""A run's parameters, side by side in one vector, so that a rule makes one step for all of them.

A step for each of six arrays costs six times a step's overhead. The course's rules treat every
number alike, so they may be given all numbers at once. A rule of your own may look at an array as a
whole (at its norm, say), or keep it: it gets each array by itself, and new ones.
"""

import math
from dataclasses import replace

import numpy as np

from course.engine.stepping import Stepper, each, leaves
from course.optimizers import at_step
from course.updating import clip_gradients, take_step

__all__ = ["Apart", "Together", "pack"]


def pack(optimizer, values, state, free):
    """Choose how a run keeps its parameters: `Together` where that is the same, else `Apart`.

    Parameters
    ----------
    values : list
        Every parameter; those whose indices are in `free` are to be stepped.
    state : OptimizerState
    free : list of int
    """
    dtypes = {np.asarray(values[i]).dtype for i in free}
    pairs = [(state.parameters[i], np.shape(values[i])) for i in free]
    if len(dtypes) == 1 and _is_elementwise(optimizer) and _alike(pairs):
        return Together(optimizer, values, state, free)
    return Apart(optimizer, values, state, free)


class Apart:
    """Every parameter by itself.

    Attributes
    ----------
    now : tuple
        The values and the state of this moment; a step replaces it at once.
    into : list of ndarray
        Where the gradients of the free parameters are to be written.
    """

    def __init__(self, optimizer, values, state, free):
        self.optimizer, self.free = optimizer, free
        self.types = [type(value) for value in values]
        self.now = values, state
        self.into = [np.empty_like(values[i]) for i in free]

    def step(self):
        """Step by the gradients that were written; returns what was before."""
        before, (values, state) = self.now, self.now
        self.now = take_step(list(map(_copy, values)), self.gradients(), self.optimizer, state)
        return before

    def gradients(self):
        """What was written, as new arrays and floats; None for what is frozen."""
        gradients = [None] * len(self.types)
        for index, gradient in zip(self.free, self.into, strict=True):
            kind = self.types[index]
            gradients[index] = gradient.copy() if kind is np.ndarray else kind(gradient)
        return gradients

    def values(self):
        """One value for each parameter of the model, as arrays and numpy's floats."""
        return [np.float64(v) if type(v) is float else v for v in self.now[0]]

    def state(self):
        """The optimizer's state, one entry for each parameter of the model."""
        return self.now[1]

    @property
    def steps(self):
        """Steps that the state has taken."""
        return self.now[1].step

    def clip(self, max_norm):
        """Shorten the gradients that were written."""
        clipped = clip_gradients(self.into, max_norm)
        for gradient, shorter in zip(self.into, clipped, strict=True):
            gradient[...] = shorter

    def is_finite(self):
        """Whether all gradients that were written are."""
        return all(map(_is_finite, self.into))


class Together(Apart):
    """All free parameters in one vector. Two take turns, so that a step changes nothing of now."""

    def __init__(self, optimizer, values, state, free):
        super().__init__(optimizer, values, state, free)
        self.started = state
        sizes = [np.size(values[i]) for i in free]
        ends = np.cumsum(sizes).tolist()
        self.cuts = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.shapes = [np.shape(values[i]) for i in free]
        vector = np.concatenate([np.ravel(values[i]) for i in free])
        memory = each(_joined, *(state.parameters[i] for i in free))
        self.gradient = np.empty_like(vector)
        self.into = self._cut(self.gradient)
        self.places = (vector, memory), each(_like, (vector, memory))
        self.views = [self._with(values, self._cut(vector)) for vector, _ in self.places]
        self.stepper = Stepper(optimizer, self.places, self.gradient)
        self.now = 0, state.step, next(iter(leaves(memory, int)), None)

    def step(self):
        """Step by the gradient that was written; returns what was before."""
        before, (turn, step, number) = self.now, self.now
        self.now = 1 - turn, step + 1, self.stepper(turn, step, number)
        return before

    def values(self):
        """Views of the vector whose turn it is."""
        return self.views[self.now[0]]

    def state(self):
        """The state, cut as the parameters are."""
        turn, step, number = self.now
        _, memory = self.places[turn]

        def part(cut, shape):
            return each(
                lambda v: v[cut].reshape(shape).copy()[()] if _is_array(v) else number, memory
            )

        memories = list(map(part, self.cuts, self.shapes))
        memories = self._with(self.started.parameters, memories)
        return replace(self.started, step=step, parameters=memories)

    @property
    def steps(self):
        """Steps that the state has taken."""
        return self.now[1]

    def is_finite(self):
        """Whether all of the gradient is."""
        return _is_finite(self.gradient)

    def _cut(self, vector):
        cuts = zip(self.cuts, self.shapes, strict=True)
        return [vector[cut].reshape(shape) for cut, shape in cuts]

    def _with(self, everything, free):
        """All of a list, with other things in the places of what is free."""
        everything = [np.asarray(v) if isinstance(v, float) else v for v in everything]
        for index, value in zip(self.free, free, strict=True):
            everything[index] = value
        return everything


def _is_finite(array):
    """Look at the sum of squares first: it is quick, and finite only if every number is."""
    return math.isfinite(np.vdot(array, array)) or bool(np.all(np.isfinite(array)))


def _copy(value):
    return value.copy() if isinstance(value, np.ndarray) else value


def _is_elementwise(optimizer):
    """The course's own rules are; a rule of your own, or with a method of your own, may not be."""
    methods = (getattr(type(optimizer), name, None) for name in ("start", "step"))
    return all(getattr(method, "__module__", None) == at_step.__module__ for method in methods)


def _alike(pairs):
    """Whether each memory is an array like its parameter, or the same for all (a count)."""
    first = leaves(pairs[0][0])
    for memory, shape in pairs:
        for one, other in zip(first, leaves(memory), strict=True):
            if (np.shape(other) != shape) if _is_array(one) else (other != one):
                return False
    return True


def _is_array(value):
    return isinstance(value, (np.ndarray, np.floating))


def _joined(*parts):
    """Arrays as one vector; what is the same for all as it is."""
    return np.concatenate([np.ravel(p) for p in parts]) if _is_array(parts[0]) else parts[0]


def _like(value):
    return np.empty_like(value) if _is_array(value) else value
