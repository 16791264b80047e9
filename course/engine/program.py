"""A program: the calls on a tape, without duplicates and unused ones."""

import operator

import numpy as np

from course.engine.tape import Call, each, is_check

__all__ = ["Program", "is_array", "is_elementwise", "is_transposition"]


class Program:
    """A loss and its gradient, or a rule's step, as a list of calls. A look at the data is kept.

    Parameters
    ----------
    inputs : list of Call
        In the order in which they will be given.
    calls : list of Call
        In the order in which they were made, the inputs among them.
    outputs : list
        A number, then arrays: calls, or values where they are always the same.
    """

    def __init__(self, inputs, calls, outputs):
        self.inputs, stands = inputs, _simplified(calls)
        self.outputs = [stands[out] if type(out) is Call else out for out in outputs]
        calls = [call for call in dict.fromkeys(stands.values()) if call.function is not None]
        needed = {out for out in self.outputs if type(out) is Call}
        for call in reversed(calls):
            if call in needed or is_check(call.function):
                needed.update((call, *call.sources))
        self.calls = [call for call in calls if call in needed]


def _simplified(calls):
    """For each call the one that stands for it: the first that does the same."""
    stands, first = {}, {}
    for call in calls:
        args, kwargs = each(
            lambda leaf: stands.get(leaf, leaf) if type(leaf) is Call else leaf,
            (call.args, call.kwargs),
        )
        if call.function is None:
            stands[call] = call
        elif _is_identity(call, args):
            stands[call] = args[0]
        else:
            args = _with_numbers(call, args)
            new = Call(call.function, args, kwargs, call.value, call.backward)
            stands[call] = first.setdefault((call.function, repr(each(_key, (args, kwargs)))), new)
    return stands


def _key(leaf):
    """What a leaf has in common with those that no function can tell apart from it."""
    return leaf if isinstance(leaf, (bool, int, float, str, np.generic)) else id(leaf), type(leaf)


def _with_numbers(call, args):
    """A number in place of an array that is full of it, if another operand has the array's shape.

    autograd fills such arrays on the way back through a mean.
    """
    shapes = [np.shape(arg.value) for arg in args if type(arg) is Call and is_elementwise(call)]

    def number(arg):
        wide = is_array(arg) and arg.size and arg.shape in shapes and arg.dtype == call.value.dtype
        return arg.flat[0].item() if wide and np.all(arg == arg.flat[0]) else arg

    return tuple(map(number, args))


def _is_identity(call, args):
    """Whether it gives its operand again: x**1 in the derivative of x**2, an array in its shape."""
    power = call.function in (np.power, operator.pow) and isinstance(args[1], (int, float))
    if not (power and args[1] == 1) and call.function is not np.reshape:
        return False
    came, result = getattr(args[0], "value", None), call.value
    same = type(came) is type(result) and np.shape(came) == np.shape(result)
    return same and np.result_type(came) == np.result_type(result)


def is_elementwise(call):
    """Whether each number of the result comes of the numbers in its place."""
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def is_array(value):
    """Whether it is an array of at least one axis."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def is_transposition(call):
    """Whether it is `.T`."""
    if call.function is np.swapaxes and call.value.ndim == 2:
        return {axis % 2 for axis in call.args[1:]} == {0, 1}
    return call.function is np.transpose and len(call.args) == 1 and not call.kwargs
