"""A program: the calls on a tape, without duplicates and unused ones, and what is known of them."""

import operator

import numpy as np

from course.engine.tape import UFUNCS, Call, add_at, each

__all__ = ["Program"]

REDUCTIONS = {
    "sum": np.add, "mean": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum
}  # fmt: skip
# Functions and methods whose result has a shape that follows from the shapes they are given.
FIXED_SHAPE = {
    "var", "std", "reshape", "ravel", "transpose", "swapaxes", "squeeze", "expand_dims", "clip",
    "concatenate", "argmax", "argmin", "zeros", "reduce", *REDUCTIONS,
}  # fmt: skip


class Program:
    """A loss and its gradient, or a rule's step, as a list of calls.

    A look at the data is kept, and so is a call whose result may have another shape another time.

    Parameters
    ----------
    inputs : list of Call
        In the order in which they will be given.
    calls : list of Call
        In the order in which they were made.
    outputs : list
        A number, then arrays: calls, or values where they are always the same.
    """

    def __init__(self, inputs, calls, outputs):
        self.inputs, stands = inputs, _simplified(calls)
        self.outputs = [stands[out] if type(out) is Call else out for out in outputs]
        calls = [call for call in dict.fromkeys(stands.values()) if call.function is not None]
        needed = {out for out in self.outputs if type(out) is Call}
        needed.update(call for call in calls if is_check(call) or not has_fixed_shape(call))
        for call in reversed(calls):
            if call in needed:
                needed.update(call.sources)
        self.calls = [call for call in calls if call in needed]


def _simplified(calls):
    """For each call the one that stands for it: the first that does the same."""
    stands, first = {}, {}
    for call in calls:
        args, kwargs = (
            each(lambda leaf: stands[leaf] if type(leaf) is Call else leaf, node)
            for node in (call.args, call.kwargs)
        )
        if call.function is None:
            stands[call] = call
        elif _is_identity(call, args):
            stands[call] = args[0]
        else:
            args = _with_numbers(call, args)
            new = Call(call.function, args, kwargs, call.value, call.backward)
            key = (call.function, _key(args), _key(tuple(kwargs.items())))
            stands[call] = first.setdefault(key, new) if is_numpys(call) else new
    return stands


def _with_numbers(call, args):
    """A number in place of an array that is full of it, if another operand has the array's shape.

    autograd fills such arrays on the way back through a mean.
    """
    shapes = [np.shape(arg.value) for arg in args if type(arg) is Call and is_elementwise(call)]
    return tuple(
        arg.flat[0].item()
        if is_array(arg)
        and arg.size
        and arg.shape in shapes
        and arg.dtype == call.value.dtype
        and np.all(arg == arg.flat[0])
        else arg
        for arg in args
    )


def _is_identity(call, args):
    """Whether it gives its operand again: x**1 in the derivative of x**2, an array in its shape."""
    power = call.function in (np.power, operator.pow) and isinstance(args[1], (int, float))
    if not (power and args[1] == 1) and name_of(call) != "reshape":
        return False
    return type(args[0]) is Call and outline(args[0].value) == outline(call.value)


def _key(value):
    """A key that two arguments share only if no function can tell them apart."""
    if type(value) in (tuple, list):
        return (type(value), *map(_key, value))
    if isinstance(value, (bool, int, float, np.generic)):
        return type(value), repr(value)
    return slice if type(value) is slice and value == slice(None) else id(value)


# ---- properties of calls ------------------------------------------------------------------------


def name_of(call):
    """Name of its function."""
    return getattr(call.function, "__name__", "")


def is_check(call):
    """Whether it only looks at data."""
    return hasattr(call.function, "is_check")


def is_numpys(call):
    """Whether its function is numpy's or Python's own, which does the same each time."""
    owner = getattr(call.function, "__objclass__", None) or call.function
    home = getattr(owner, "__module__", None) or "numpy"
    return home.partition(".")[0] in ("numpy", "_operator", operator.__name__) or is_check(call)


def is_elementwise(call):
    """Whether each number of the result comes of the numbers in its place."""
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def has_fixed_shape(call):
    """Whether the shape of its result is known to follow from those of its operands."""
    function = call.function
    if function is operator.getitem:
        parts = call.args[1] if type(call.args[1]) is tuple else call.args[1:]
        return not any(map(_takes_any_number, parts))
    if function is np.where:
        return len(call.args) == 3
    known = isinstance(function, np.ufunc) or function in {*UFUNCS, operator.pow, add_at}
    return known or is_check(call) or (is_numpys(call) and name_of(call) in FIXED_SHAPE)


def _takes_any_number(index):
    """Whether how many it takes depends on numbers: a mask, or a slice from one to another."""
    if type(index) is Call:
        return np.result_type(index.value).kind == "b"
    return type(index) is slice and Call in map(type, (index.start, index.stop, index.step))


def is_array(value):
    """Whether it is an array of at least one axis."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def is_reduction(call):
    """Whether it is a sum, mean, product, maximum or minimum over axes, and nothing more."""
    if not (name_of(call) in REDUCTIONS and is_numpys(call) and len(call.args) <= 2):
        return False
    options = {key for key, value in call.kwargs.items() if value is not None}
    values = getattr(call.args[0], "value", None)
    return (
        len(call.sources) == 1
        and isinstance(values, np.ndarray)
        and options <= {"axis", "keepdims"}
        and (name_of(call) != "mean" or values.dtype in (np.float32, np.float64))
    )


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    plain = not call.kwargs and (is_elementwise(call) or call.function is np.matmul)
    return is_array(call.value) and (plain or is_reduction(call))


def outline(value):
    """What the calls that follow count on."""
    value = tuple(value) if isinstance(value, tuple) else value  # one with names is one, too
    return each(lambda part: (type(part), np.shape(part), getattr(part, "dtype", None)), value)
