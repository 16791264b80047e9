"""A run's free parameters side by side in one vector, so that a rule takes one step for all.

A step for each of six arrays costs six times a step's overhead. The course's rules treat every
number alike, so they are given all numbers at once, and their step is recorded and compiled as a
gradient is. A rule of your own may look at an array as a whole (at its norm, say), keep it or
write into it: it gets each array by itself, and copies.
"""

import copy
import math
from dataclasses import replace

import numpy as np

from course.engine.program import Program
from course.engine.running import compiled
from course.engine.tape import Tape, each, flat
from course.optimizers import at_step
from course.trees import as_numpy
from course.updating import clip_gradients, take_step

__all__ = ["FlatParameters", "SeparateParameters", "lay_out"]


def lay_out(optimizer, values, state, free):
    """Choose how a run keeps its parameters: side by side where the steps are the same.

    Parameters
    ----------
    values : list
        Every parameter; those whose indices are in `free` are to be stepped.
    state : OptimizerState
    free : list of int
    """
    dtypes = {np.asarray(values[i]).dtype for i in free}
    counts = {leaf for i in free for leaf in flat(state.parameters[i]) if isinstance(leaf, int)}
    alike = len(dtypes) == 1 and len(counts) <= 1
    kind = FlatParameters if alike and _is_elementwise(optimizer) else SeparateParameters
    return kind(optimizer, values, state, free)


class SeparateParameters:
    """Every parameter by itself.

    Attributes
    ----------
    start : tuple
        The parameters (a list of arrays and numpy's floats) and the state to begin with.
    gradients : list of ndarray
        Where the gradients of the free parameters are to be written.
    """

    def __init__(self, optimizer, values, state, free):
        self.optimizer, self.free = optimizer, free
        self.types = [type(value) for value in values]
        self.start = [*map(as_numpy, values)], state
        self.gradients = [np.empty_like(values[i]) for i in free]
        self.wholes = [gradient.reshape(-1) for gradient in self.gradients]  # the same numbers

    def step(self, values, gradients, state):
        """One step: new parameters and a new state; those given stay as they are."""
        given = [None] * len(values)
        for index, gradient in zip(self.free, gradients, strict=True):
            kind = self.types[index]
            given[index] = gradient.copy() if kind is np.ndarray else kind(gradient)
        pairs = zip(self.types, values, strict=True)
        own = [float(v) if kind is float else copy.copy(v) for kind, v in pairs]
        values, state = take_step(own, given, self.optimizer, copy.deepcopy(state))
        return [*map(as_numpy, values)], state

    def state(self, state):
        """The optimizer's state, one entry for each parameter of the model."""
        return state

    def steps(self, state):
        """Steps taken."""
        return state.step

    def clip(self, gradients, max_norm):
        """Shorten the gradients where they stand."""
        for gradient, shorter in zip(gradients, clip_gradients(gradients, max_norm), strict=True):
            gradient[...] = shorter

    def is_finite(self):
        """Whether all gradients are."""
        return all(map(_is_finite, self.wholes))


class FlatParameters(SeparateParameters):
    """All free parameters in one vector. There are two, so that a step changes nothing of before.

    The state that goes through the loop is the number of steps taken: from it follow which of the
    two is meant, and the count in a rule's memory (Adam's t).
    """

    def __init__(self, optimizer, values, state, free):
        super().__init__(optimizer, values, state, free)
        self.first, self.memory = state, state.parameters[free[0]]
        self.shapes = [np.shape(values[i]) for i in free]
        self.ends = np.cumsum([np.size(values[i]) for i in free])[:-1]
        rows = [(np.asarray(values[i]), *flat(state.parameters[i])) for i in free]
        side = [_joined(column) for column in zip(*rows, strict=True)]
        self.sides = side, [np.empty_like(one) if _is_array(one) else one for one in side]
        self.views = [self._with(self.start[0], self._cut(vector)) for vector, *_ in self.sides]
        self.wholes = [np.zeros_like(side[0])]
        self.gradients = self._cut(self.wholes[0])
        self.count = next((one for one in side if isinstance(one, int)), 0)
        self.start = self.views[0], state.step
        self._compile()

    def _compile(self):
        """Record the rule's step for a vector, and compile it from each side to the other."""
        tape = Tape()
        rule = copy.copy(self.optimizer)  # a schedule may have another rate for each step
        rate = tape.input(at_step(rule, self.first.step).learning_rate)
        object.__setattr__(rule, "learning_rate", rate)
        count, arrays = tape.input(self.count), [filter(_is_array, side) for side in self.sides]
        here, there = map(list, arrays)
        vector, *memory, gradient = map(tape.input, (*here, *self.wholes))
        rest = iter(memory)
        memory = each(
            lambda one: next(rest) if _is_array(one) else one if one is None else count, self.memory
        )
        new = flat(rule.step(vector, gradient, memory))
        results = [one._call for one in new if isinstance(one, np.ndarray)]
        self.run = compiled(Program(tape.inputs, tape.calls, [None, *results]), there)
        self.given = (*here, *self.wholes, *there), (*there, *self.wholes, *here)
        tape.close()

    def step(self, values, gradients, step):
        """One step from one side to the other."""
        taken = step - self.first.step
        rate = at_step(self.optimizer, step).learning_rate
        self.run(rate, self.count + taken, *self.given[taken % 2])
        return self.views[1 - taken % 2], step + 1

    def state(self, step):
        """The state, cut as the parameters are."""
        taken = step - self.first.step
        columns = [
            [part[()] for part in self._cut(one.copy())] if _is_array(one)
            else [one if one is None else one + taken] * len(self.free)
            for one in self.sides[taken % 2][1:]
        ]  # fmt: skip
        rows = map(iter, zip(*columns, strict=True))
        memories = [each(lambda _, row=row: next(row), self.memory) for row in rows]
        parameters = self._with(self.first.parameters, memories)
        return replace(self.first, step=step, parameters=parameters)

    def steps(self, step):
        """Steps taken."""
        return step

    def _cut(self, vector):
        parts = zip(np.split(vector, self.ends), self.shapes, strict=True)
        return [part.reshape(shape) for part, shape in parts]

    def _with(self, everything, free):
        """All of a list, with other things in the places of what is free."""
        everything = list(everything)
        for index, value in zip(self.free, free, strict=True):
            everything[index] = value
        return everything


def _is_finite(array):
    """Look at the sum of squares first: it is quick, and finite only if every number is."""
    return math.isfinite(array.dot(array)) or bool(np.all(np.isfinite(array)))


def _is_elementwise(optimizer):
    """The course's own rules are; a rule of your own, or with a method of your own, may not be."""
    methods = (getattr(type(optimizer), name, None) for name in ("start", "step"))
    return all(getattr(method, "__module__", None) == at_step.__module__ for method in methods)


def _is_array(value):
    return isinstance(value, (np.ndarray, np.floating))


def _joined(column):
    """Arrays as one vector; what is equal for all parameters is kept."""
    return np.concatenate([np.ravel(p) for p in column]) if _is_array(column[0]) else column[0]
