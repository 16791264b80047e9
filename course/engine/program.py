"""A straight list of numpy calls, of which none is made twice and none in vain."""

import operator

import numpy as np
from autograd.numpy import numpy_wrapper as anp

__all__ = [
    "Call",
    "Program",
    "add_at",
    "fills",
    "is_elementwise",
    "is_equal",
    "is_known",
    "is_same",
    "take",
]


class Call:
    """A function applied to the results of other calls and to constants; an input has none."""

    __slots__ = ("args", "backward", "function", "kwargs", "value")

    def __init__(self, function, args, kwargs, value, backward=False):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.value, self.backward = value, backward

    @property
    def sources(self):
        """The calls whose results it takes."""
        return [arg for arg in self.args if isinstance(arg, Call)]


class Program:
    """The calls that a loss and its gradient take, none of them twice and none in vain.

    Parameters
    ----------
    inputs : list of Call
        Parameters and batch, in the order in which they will be given.
    calls : list of Call
        In the order in which they were made.
    outputs : list
        The loss, then gradients: calls, or values where they are always the same.
    """

    def __init__(self, inputs, calls, outputs):
        self.inputs = inputs
        kept = _simplified(calls, {out for out in outputs if isinstance(out, Call)})
        self.outputs = [kept[out] if isinstance(out, Call) else out for out in outputs]
        self.calls = _needed(dict.fromkeys(kept.values()), self.outputs)

    def difference(self, other):
        """Where another program for the same does something else, as text, or None."""
        if len(self.calls) != len(other.calls):
            return "another number of calls"
        place = dict(self._pairs(other))
        for call, twin in self._pairs(other):
            if call.function is not twin.function or len(call.args) != len(twin.args):
                return f"{_called(twin)} in place of {_called(call)}"
            ours = [*call.args, *call.kwargs.items()]
            theirs = [*twin.args, *twin.kwargs.items()]
            if len(ours) != len(theirs) or not all(
                place.get(a) is b if isinstance(a, Call) else is_same(a, b)
                for a, b in zip(ours, theirs, strict=True)
            ):
                return f"another operand of {_called(call)}"
        ends = zip(self.outputs, other.outputs, strict=True)
        if all(place.get(a) is b if isinstance(a, Call) else is_same(a, b) for a, b in ends):
            return None
        return "another result"

    def _pairs(self, other):
        ours = [*self.inputs, *self.calls]
        return list(zip(ours, [*other.inputs, *other.calls], strict=True))


def _called(call):
    return getattr(call.function, "__name__", "an input")


def is_same(one, other):
    """Whether two constants are equal, arrays by their numbers."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and is_equal(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    try:
        return type(one) is type(other) and bool(one == other or repr(one) == repr(other) == "nan")
    except Exception:  # what can't be compared may be different
        return False


def is_equal(one, other):
    """Whether two arrays hold the same numbers, NaN in the same places."""
    one, other = np.asarray(one), np.asarray(other)
    has_nan = one.dtype.kind in "fc" and other.dtype.kind in "fc"
    return np.array_equal(one, other) or (has_nan and np.array_equal(one, other, equal_nan=True))


# ---- what needs doing ---------------------------------------------------------------------------


def _simplified(calls, outputs):
    """For each call the one that stands for it: the first that does the same."""
    kept, first, seen, users = {}, {}, set(), {}
    for call in calls:
        for source in call.sources:
            users.setdefault(source, []).append(call)
    for call in calls:
        args = [kept.get(arg, arg) if isinstance(arg, Call) else arg for arg in call.args]
        if not call.backward:
            seen.update(map(id, args))
        elif call not in outputs and _only_spreads(call, args, users.get(call, ()), kept, seen):
            kept[call] = args[0]
            continue
        else:
            args = _without_filled_arrays(call, args, seen)
        if call.function is None:
            kept[call] = call
        elif _is_vain(call, args):
            kept[call] = args[0]
        else:
            new = Call(call.function, args, call.kwargs, call.value, call.backward)
            key = (call.function, *map(_key, args), *map(_key, call.kwargs.items()))
            kept[call] = first.setdefault(key, new) if is_known(call) else new
    return kept


def _is_vain(call, args):
    """Whether it gives its operand again: x**1 in the derivative of x**2, an array in its shape."""
    if call.function is np.power:
        return isinstance(args[1], (int, float)) and args[1] == 1 and _is_alike(call, args[0])
    return call.function is np.reshape and len(call.sources) == 1 and _is_alike(call, args[0])


def _only_spreads(call, args, users, kept, seen):
    """Whether it adds zeros so that the shape is that of others, to which numpy spreads it anyway.

    autograd does that on the way back through a sum or a mean over an axis.
    """
    if not (call.function is np.add and isinstance(args[0], Call) and _is_full(args[1], 0, seen)):
        return False
    return np.result_type(args[0].value) == call.value.dtype and all(
        is_elementwise(user)
        and any(
            np.shape(kept.get(other, other).value) == np.shape(user.value)
            for other in user.sources
            if other is not call
        )
        for user in users
    )


def _without_filled_arrays(call, args, seen):
    """A number in place of a fresh array that is full of it, where it would be spread anyway."""
    if not (is_elementwise(call) and len(args) == 2 and _is_alike(call, *call.sources)):
        return args
    return [
        arg.flat[0]
        if isinstance(arg, np.ndarray)
        and arg.size
        and arg.dtype == call.value.dtype
        and _is_full(arg, arg.flat[0], seen)
        else arg
        for arg in args
    ]


def _is_full(arg, number, seen):
    """Whether it is an array of autograd's own, full of a number."""
    fresh = isinstance(arg, np.ndarray) and arg.base is None and id(arg) not in seen
    return fresh and bool(np.all(arg == number))


def _is_alike(call, *others):
    """Whether other results have the shape and the dtype of a call's."""
    values = [getattr(other, "value", None) for other in others]
    return all(
        isinstance(value, np.ndarray)
        and value.shape == np.shape(call.value)
        and value.dtype == call.value.dtype
        for value in values
    )


def _key(value):
    """A key that two arguments share only if no function can tell them apart."""
    if isinstance(value, (tuple, list)):
        return (type(value), *map(_key, value))
    if isinstance(value, (bool, int, float, np.generic)):
        return type(value), repr(value)
    return id(value)


def _needed(calls, outputs):
    """The calls that the results depend on, in their order, without the inputs.

    A call that isn't known is kept for what it may find out: that its result has another shape.
    """
    needed = {out for out in outputs if isinstance(out, Call)}
    needed.update(call for call in calls if call.function is not None and not is_known(call))
    for call in reversed(calls):
        if call in needed:
            needed.update(call.sources)
    return [call for call in calls if call in needed and call.function is not None]


# ---- which functions are what -------------------------------------------------------------------


def take(array, *index):
    """`array[index]`, as a function."""
    return array[index if len(index) != 1 else index[0]]


def add_at(start, values, *index, dtype=float):
    """Add values at places of an array, or of zeros of a shape."""
    total = np.zeros(start, dtype) if isinstance(start, tuple) else start.copy()
    np.add.at(total, index, values)
    return total


REDUCTIONS = {np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum}
# Other functions whose result has a shape that follows from the shapes they are given.
SHAPELY = {
    np.mean, np.var, np.std, np.argmax, np.argmin, np.cumsum, np.dot, np.tensordot, np.einsum,
    np.inner, np.outer, np.reshape, np.ravel, np.transpose, np.swapaxes, np.squeeze,
    np.expand_dims, np.broadcast_to, np.clip, np.sort, np.argsort, np.astype, np.roll, np.flip,
    np.zeros_like, np.ones_like, np.linalg.norm, np.linalg.inv, np.linalg.det, np.linalg.solve,
    np.asarray, np.real, np.round, np.triu, np.tril, add_at, anp.concatenate_args.fun,
    anp.array_from_args.fun,
}  # fmt: skip

PYTHONS = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg}


def is_known(call):
    """Whether it is numpy's, and the shape of its result follows from those of its operands."""
    function = call.function
    if function is take:  # a mask takes as many as it likes
        return not any(np.asarray(index.value).dtype == bool for index in call.sources[1:])
    if function is np.where:
        return len(call.args) == 3
    if getattr(function, "is_check", False) or function in PYTHONS:
        return True
    return isinstance(function, np.ufunc) or function in REDUCTIONS or function in SHAPELY


def is_elementwise(call):
    """Whether each number of the result comes of the numbers in its place."""
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    if not isinstance(call.value, np.ndarray) or call.value.ndim == 0:
        return False
    if call.function in REDUCTIONS:
        return is_plain_reduction(call)
    return not call.kwargs and (is_elementwise(call) or call.function is np.matmul)


def is_plain_reduction(call):
    """Whether it is a sum, a product, a maximum or a minimum over axes, and nothing more."""
    return (
        call.function in REDUCTIONS
        and isinstance(call.args[0], Call)
        and isinstance(call.args[0].value, np.ndarray)
        and len(call.sources) == 1
        and len(call.args) <= 2
        and not {key for key, value in call.kwargs.items() if value is not None}
        - {"axis", "keepdims"}
    )
