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
from course.engine.tape import Tape
from course.optimizers import at_step
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
    counts = {number for i in free for number in leaves(state.parameters[i], int)}
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
        self.start = self._numpys(values), state
        self.gradients = [np.empty_like(values[i]) for i in free]

    def step(self, values, gradients, state):
        """One step: new parameters and a new state; those given stay as they are."""
        given = [None] * len(values)
        for index, gradient in zip(self.free, gradients, strict=True):
            kind = self.types[index]
            given[index] = gradient.copy() if kind is np.ndarray else kind(gradient)
        own = [
            float(value) if kind is float else copy.copy(value)
            for kind, value in zip(self.types, values, strict=True)
        ]
        values, state = take_step(own, given, self.optimizer, copy.deepcopy(state))
        return self._numpys(values), state

    def state(self, state):
        """The optimizer's state, one entry for each parameter of the model."""
        return state

    def clip(self, gradients, max_norm):
        """Shorten the gradients where they stand."""
        for gradient, shorter in zip(gradients, clip_gradients(gradients, max_norm), strict=True):
            gradient[...] = shorter

    def is_finite(self, gradients):
        """Whether all gradients are."""
        return all(map(_is_finite, gradients))

    def steps(self, state):
        """Steps that a state has taken."""
        return state.step

    def _numpys(self, values):
        return [np.float64(v) if type(v) is float else v for v in values]


class FlatParameters(SeparateParameters):
    """All free parameters in one vector. There are two, so that a step changes nothing of before.

    The state that goes through the loop says which of the two is meant, how many steps were
    taken, and the number in the rule's memory (Adam's t).
    """

    def __init__(self, optimizer, values, state, free):
        super().__init__(optimizer, values, state, free)
        self.first = state
        sizes = [np.size(values[i]) for i in free]
        ends = np.cumsum(sizes).tolist()
        self.slices = [slice(end - size, end) for end, size in zip(ends, sizes, strict=True)]
        self.shapes = [np.shape(values[i]) for i in free]
        vector = np.concatenate([np.ravel(values[i]) for i in free])
        memory = each(_joined, *(state.parameters[i] for i in free))
        self.sides = (vector, memory), each(_empty_like, (vector, memory))
        self.views = [self._with(values, self._cut(vector)) for vector, _ in self.sides]
        self.gradient = np.empty_like(vector)
        self.gradients = self._cut(self.gradient)
        self.start = self.views[0], (0, state.step, next(iter(leaves(memory, int)), None))
        self._compile()

    def _compile(self):
        """Record the rule's step for a vector, and compile it from each side to the other."""
        tape, (vector, memory) = Tape(), self.sides[0]
        rule = copy.copy(self.optimizer)  # a schedule may have another rate for each step
        rate = tape.input(at_step(rule, 0).learning_rate)
        object.__setattr__(rule, "learning_rate", rate)
        number = tape.input(next(iter(leaves(memory, int)), 0))
        given = [tape.input(one) for one in leaves((vector, memory), np.ndarray)]
        given.append(tape.input(self.gradient))
        rest = iter(given)
        memory = each(lambda v: number if isinstance(v, int) else next(rest), (vector, memory))
        with np.errstate(all="ignore"):  # no gradient is there yet
            new = rule.step(memory[0], given[-1], memory[1])
        number, *_ = [one._call for one in leaves(new, int)] or [None]
        arrays = [one._call for one in leaves(new, np.ndarray)]
        here, there = (leaves(side, np.ndarray) for side in self.sides)
        program = Program(tape.inputs, tape.calls, [number, *arrays])
        self.run = compiled(program, there, [tape.inputs[-1]])
        self.given = (*here, self.gradient, *there), (*there, self.gradient, *here)
        tape.close()

    def step(self, values, gradients, state):
        """One step from the side that the state names to the other."""
        side, step, number = state
        number = self.run(at_step(self.optimizer, step).learning_rate, number, *self.given[side])
        return self.views[1 - side], (1 - side, step + 1, number)

    def state(self, state):
        """The state, cut as the parameters are."""
        side, step, number = state
        _, memory = self.sides[side]

        def part(cut, shape):
            return each(
                lambda v: v[cut].reshape(shape).copy()[()] if _is_array(v) else number, memory
            )

        memories = map(part, self.slices, self.shapes)
        return replace(
            self.first, step=step, parameters=self._with(self.first.parameters, memories)
        )

    def is_finite(self, gradients):
        """Whether all of the gradient is."""
        return _is_finite(self.gradient)

    def steps(self, state):
        """Steps that a state has taken."""
        return state[1]

    def _cut(self, vector):
        cuts = zip(self.slices, self.shapes, strict=True)
        return [vector[cut].reshape(shape) for cut, shape in cuts]

    def _with(self, everything, free):
        """All of a list, with other things in the places of what is free."""
        everything = [np.asarray(v) if isinstance(v, float) else v for v in everything]
        for index, value in zip(self.free, free, strict=True):
            everything[index] = value
        return everything


def leaves(node, kind=object):
    """What stands in nested tuples and is of a kind, without None."""
    if type(node) is tuple:
        return [leaf for part in node for leaf in leaves(part, kind)]
    return [node] if node is not None and isinstance(node, kind) else []


def each(function, *nodes):
    """Nested tuples of what a function makes of the leaves that stand in the same place."""
    if type(nodes[0]) is tuple:
        return tuple(each(function, *parts) for parts in zip(*nodes, strict=True))
    return None if nodes[0] is None else function(*nodes)


def _is_finite(array):
    """Look at the sum of squares first: it is quick, and finite only if every number is."""
    return math.isfinite(np.vdot(array, array)) or bool(np.all(np.isfinite(array)))


def _is_elementwise(optimizer):
    """The course's own rules are; a rule of your own, or with a method of your own, may not be."""
    methods = (getattr(type(optimizer), name, None) for name in ("start", "step"))
    return all(getattr(method, "__module__", None) == at_step.__module__ for method in methods)


def _is_array(value):
    return isinstance(value, (np.ndarray, np.floating))


def _joined(*parts):
    """Arrays as one vector; what is equal for all parameters is kept."""
    return np.concatenate([np.ravel(p) for p in parts]) if _is_array(parts[0]) else parts[0]


def _empty_like(value):
    return np.empty_like(value) if _is_array(value) else value
