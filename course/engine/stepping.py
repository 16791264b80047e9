"""A rule's step, written out once for a vector, and run in arrays that are made once.

The course's rules are formulas, and a formula makes a new array for each of its parts: for the
55,050 parameters of a network that takes longer than the arithmetic. So a rule is asked for its
step once, with symbols in place of arrays and numbers; what it does to them is a program, which is
compiled as a recorded gradient is. The result is the formula's, to the bit.
"""

import copy
import operator

import numpy as np

from course.engine.compiling import compiled
from course.engine.program import Call, Program
from course.optimizers import at_step

__all__ = ["Stepper", "each", "leaves"]

ON_NUMBERS = {  # Python's numbers are computed by Python: they have no dtype of their own
    np.add: operator.add,
    np.subtract: operator.sub,
    np.multiply: operator.mul,
    np.divide: operator.truediv,
    np.power: operator.pow,
    np.negative: operator.neg,
}


class Symbol(np.lib.mixins.NDArrayOperatorsMixin):
    """Stands for an array or a number, and writes down what is done to it."""

    def __init__(self, call, calls):
        self.call, self.calls = call, calls

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if method != "__call__" or kwargs:
            return NotImplemented
        args = [part.call if isinstance(part, Symbol) else part for part in inputs]
        values = [arg.value if isinstance(arg, Call) else arg for arg in args]
        numbers = not any(isinstance(value, np.ndarray) for value in values)
        function = ON_NUMBERS[ufunc] if numbers else ufunc
        call = Call(function, args, {}, function(*values))
        self.calls.append(call)
        return Symbol(call, self.calls)


class Stepper:
    """A rule's step from one of two places to the other, and back.

    Parameters
    ----------
    rule : one of the course's own
    places : pair of tuples
        In each a vector of parameters and the rule's memory of it: arrays, and at most one number.
    gradient : ndarray
        Of the vector; a step may write over it.
    """

    def __init__(self, rule, places, gradient):
        calls = []

        def symbol(value):
            calls.append(Call(None, [], {}, value))
            return Symbol(calls[-1], calls)

        written = copy.copy(rule)  # a schedule may have another rate for each step
        object.__setattr__(written, "learning_rate", symbol(at_step(rule, 0).learning_rate))
        number = symbol(next(iter(leaves(places[0], int)), None))
        vector, memory = each(lambda v: number if isinstance(v, int) else symbol(v), places[0])
        slope = symbol(gradient)
        inputs = list(calls)
        with np.errstate(all="ignore"):  # no gradient is there yet
            results = [result.call for result in leaves(written.step(vector, slope, memory))]
        arrays = [call for call in results if isinstance(call.value, np.ndarray)]
        outputs = [*([c for c in results if c not in arrays] or [None]), *arrays]
        here, there = (leaves(place, np.ndarray) for place in places)
        self.run = compiled(Program(inputs, calls, outputs), there, [slope.call])
        self.rule, self.given = rule, ((*here, gradient, *there), (*there, gradient, *here))

    def __call__(self, turn, step, number):
        """Step from the place whose turn it is; the number in the memory is returned."""
        return self.run(at_step(self.rule, step).learning_rate, number, *self.given[turn])


def leaves(node, kind=object):
    """What stands in nested tuples and is of a kind, without None."""
    if isinstance(node, tuple):
        return [leaf for part in node for leaf in leaves(part, kind)]
    return [node] if node is not None and isinstance(node, kind) else []


def each(function, *nodes):
    """Nested tuples of what a function makes of the leaves that stand in the same place."""
    if isinstance(nodes[0], tuple):
        return tuple(each(function, *parts) for parts in zip(*nodes, strict=True))
    return None if nodes[0] is None else function(*nodes)
