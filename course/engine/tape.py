"""Watching a gradient being taken: every call that autograd makes, forward and backward.

autograd follows the parameters through the loss in a trace of its own. Around that one we lay
another, which follows batch and parameters through everything, autograd's way back included, and
which only writes down: its nodes are the calls of a program.
"""

import operator
import weakref
from contextlib import contextmanager

import numpy as np
from autograd.core import VSpace, sparse_add
from autograd.extend import defvjp, primitive, register_notrace, vspace
from autograd.numpy import numpy_wrapper as anp
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import untake
from autograd.tracer import Box, Node, getval, isbox, trace_stack
from autograd.util import func

from course.engine.program import SHAPELY, Call, add_at, take

__all__ = ["Tape", "traced", "watching"]


class Tape:
    """What is written down.

    Attributes
    ----------
    calls : list of Call
    backward : bool
        Whether the loss is computed already, and the way back has begun.
    refusal : str or None
        What the loss did that can't be replayed.
    """

    def __init__(self):
        self.calls, self.backward, self.refusal = [], False, None
        self.trace, self.boxes = None, []

    def refuse(self, why):
        """Note that this can't be replayed; what is being computed stays right."""
        self.refusal = self.refusal or why


_tape = None  # that of the recording under way


@contextmanager
def watching():
    """Write down, on the tape that is given, what becomes of the values that are `traced`."""
    global _tape
    kinds = (np.ndarray, *np.sctypeDict.values(), float, int, bool, complex)
    before, outer, top = dict(Box.type_mappings), _tape, trace_stack.top
    Box.type_mappings.update(dict.fromkeys(kinds, Traced))
    tape = _tape = Tape()
    try:
        with trace_stack.new_trace() as tape.trace:
            yield tape
    finally:
        Box.type_mappings.clear()
        Box.type_mappings.update(before)
        trace_stack.top = top  # where it stays too high if an exception passes by
        for box in [reference() for reference in tape.boxes]:
            if box is not None:
                Retired.take_in(box)
        _tape = outer


def traced(value):
    """A value that is to be followed; `traced(value)._node.call` is its place in the program."""
    return Traced(value, _tape.trace, Watched.new_root(value))


class Watched(Node):
    """A node of the outer trace: it knows the call that it stands for."""

    __slots__ = ["call"]

    def __init__(self, value, function, args, kwargs, argnums, parents):
        if isbox(value) or any(type(arg) is Retired for arg in args):
            _tape.refuse(KEPT)
        calls = list(args)
        for argnum, parent in zip(argnums, parents, strict=True):
            calls[argnum] = parent.call
        if function is anp.asarray and value is args[0]:
            self.call = calls[0]
        elif getattr(function, "is_formula", False):
            self.call = _look_inside(function.fun, calls, kwargs)
        else:
            self.call = Call(*_in_numpy(function, calls, kwargs), value, _tape.backward)
            _tape.calls.append(self.call)

    def initialize_root(self, value):
        self.call = Call(None, [], {}, value)
        _tape.calls.append(self.call)


KEPT = "uses a value that it kept from an earlier call"

register_notrace(Watched, anp.size)  # shapes are constants of a recording


def _look_inside(function, args, kwargs):
    """Follow the body of one of our formulas; the call that gives its result stands for it."""
    result = function(*[_box(arg) if isinstance(arg, Call) else arg for arg in args], **kwargs)
    return result._node.call if isbox(result) else result


def _box(call):
    node = Watched.__new__(Watched)
    node.call = call
    return Traced(call.value, _tape.trace, node)


def _in_numpy(function, args, kwargs):
    """The same call in numpy's own terms, where autograd has others."""
    if function is func(ArrayBox.__getitem__):
        return take, [args[0], *(args[1] if isinstance(args[1], tuple) else args[1:])], kwargs
    if function is getitem:
        return take, args, kwargs
    if function in (func(VSpace.add), func(VSpace.mut_add)) and args[1] is not None:
        return np.add, args[1:], kwargs
    if function is sparse_add and args[2].function in (untake.fun, spread.fun):
        space, start, sparse = args
        values, *index = sparse.args
        index = index[1:] if sparse.function is spread.fun else index[:1]
        index = index[0] if isinstance(index[0], tuple) else index
        return (
            add_at,
            [space.shape if start is None else start, values, *index],
            {"dtype": space.dtype.type},
        )
    return function.fun, args, kwargs


@primitive
def getitem(array, *index):
    """`array[i, j]` where i or j is traced, which autograd doesn't see inside a tuple."""
    return array[index]


@primitive
def spread(values, space, *index):
    """What `getitem` is backwards."""
    return untake.fun(values, index, space)


SHAPELY.update({untake.fun, spread.fun})
defvjp(getitem, lambda ans, a, *index: lambda g: spread(g, vspace(a), *index), argnums=(0,))


# ---- values that notice when they are looked at -------------------------------------------------


class Traced(ArrayBox):
    """A traced value.

    There are two kinds. What depends on a parameter behaves as it always does under autograd. What
    depends on the batch alone would be a plain array if nothing were recorded, so it must be able
    to do all that an array can. It is; and where that means to look at a number, which may be
    another the next time, the recording is refused.
    """

    __slots__ = ["__weakref__"]

    def __init__(self, value, trace, node):
        super().__init__(value, trace, node)
        if _tape is not None and not isbox(value):
            _tape.boxes.append(weakref.ref(self))

    @property
    def __class__(self):  # so that isinstance(x, np.ndarray) says what it would say
        return type(self) if isbox(self._value) else type(self._value)

    def __bool__(self):
        return bool(_look(self, "asks whether a value is true (if, while, and, or, assert)"))

    def __getitem__(self, index):
        if isinstance(index, tuple) and any(map(isbox, index)):
            return getitem(self, *index)
        return ArrayBox.__getitem__(self, index)

    def __getattr__(self, name):
        attribute = getattr(_array_in(self, name), name)
        _look(self, f"uses .{name} of a value")
        return attribute

    @property
    def __array__(self):
        value = _array_in(self, "__array__")
        _look(self, "hands a value to a function of plain numpy (import autograd.numpy as np)")
        return lambda dtype=None, copy=None: np.array(value, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        result = ArrayBox.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)
        if result is not NotImplemented or any(map(_has_parameter, inputs)):
            return result
        _look(self, f"uses np.{ufunc.__name__} with `out=`, or its .{method}")
        return _on_arrays(ufunc, method, inputs, kwargs)


class Retired(Traced):
    """A value that outlived its recording, since the loss keeps it somewhere: an array again."""

    __slots__ = []

    @staticmethod
    def take_in(box):
        """Make a retired value of a traced one."""
        object.__dict__["__class__"].__set__(box, Retired)

    def __getattribute__(self, name):
        value = object.__getattribute__(self, "_value")
        return value if name == "_value" else getattr(value, name)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        _look(self, KEPT)
        return _on_arrays(ufunc, method, inputs, kwargs)


def _look(box, what):
    """The plain value of a box, at the price of the recording."""
    if _tape is not None:
        _tape.refuse(what)
    return box._value if type(box) is Retired else getval(box)


def _array_in(box, name):
    """The plain array in a box; an error where a parameter is in it, as autograd has it."""
    if isbox(box._value):
        raise AttributeError(f"'ArrayBox' object has no attribute {name!r}")
    return box._value


def _has_parameter(value):
    return isbox(getattr(value, "_value", None))


def _on_arrays(ufunc, method, inputs, kwargs):
    """Call a ufunc with plain arrays in place of boxes, but for those with a parameter in them."""
    arrays = (Traced, Retired)
    plain = [v._value if type(v) in arrays and not isbox(v._value) else v for v in inputs]
    return getattr(ufunc, method)(*plain, **kwargs)


def _looking(name):
    """A special method that makes a number or a text of a value."""

    def method(self, *args):
        if isbox(self._value):
            return getattr(super(Traced, self), name)(*args)
        return getattr(_look(self, f"makes a number or a text of a value ({name})"), name)(*args)

    return method


def _changing(name):
    """A special method that changes an array in place, if there is only an array."""

    def method(self, *args):
        if isbox(self._value):
            return NotImplemented
        return getattr(operator, name)(_look(self, "changes an array in place"), *args)

    return method


def _combining(function, swapped=False):
    """A special method that arrays have and autograd's boxes don't."""

    def method(self, *others):
        if any(map(_has_parameter, (self, *others))):
            return NotImplemented
        return function(*others, self) if swapped else function(self, *others)

    return method


for _name in ("float", "int", "index", "complex", "format", "str", "repr", "round"):
    setattr(Traced, f"__{_name}__", _looking(f"__{_name}__"))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or"):
    setattr(Traced, f"__i{_name}__", _changing(f"__i{_name}__"))
Traced.__setitem__ = _changing("__setitem__")
for _name, _function in (
    ("and", anp.bitwise_and),
    ("or", anp.bitwise_or),
    ("xor", anp.bitwise_xor),
    ("floordiv", anp.floor_divide),
):
    setattr(Traced, f"__{_name}__", _combining(_function))
    setattr(Traced, f"__r{_name}__", _combining(_function, swapped=True))
Traced.__invert__, Traced.__pos__ = _combining(anp.invert), _combining(anp.positive)
Traced.register(Traced)
