"""A tape: values that write down every numpy call that is made with them.

numpy asks a value's own `__array_ufunc__` and `__array_function__` first, and so do Python's
operators. autograd works on such a value as on any array, so that a gradient is written down
forward and backward. Whoever needs the plain number (an `if`, `float()`, a dictionary) gets it,
and the recording ends there: the number may be another one the next time. It ends, too, where the
shape of a result may be another the next time, as with a mask.
"""

import functools
import operator

import numpy as np
from autograd.extend import Box, VSpace
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace

__all__ = [
    "PYTHONS", "Call", "Tape", "Traced", "each", "flat", "is_check", "layout", "plain_value",
    "spelled",
]  # fmt: skip

PYTHONS = {  # what Python calls if there are Python's own numbers on both sides
    np.add: operator.add, np.subtract: operator.sub, np.multiply: operator.mul,
    np.divide: operator.truediv,
}  # fmt: skip
NUMBERS = (np.ndarray, np.generic, float, int, complex)
FUNCTIONS = {  # the shape of their results follows from the shapes they are given
    np.sum, np.mean, np.max, np.min, np.std, np.var, np.prod, np.any, np.all, np.argmax, np.argmin,
    np.cumsum, np.clip, np.dot, np.reshape, np.ravel, np.transpose, np.swapaxes, np.squeeze,
    np.astype, np.copy, np.median, np.concatenate, np.expand_dims, np.tensordot, np.outer,
    np.zeros, np.zeros_like, np.ones_like, np.broadcast_to, np.linalg.norm, operator.pow,
    *PYTHONS.values(),
}  # fmt: skip
METHODS = {one.__name__: one for one in FUNCTIONS if hasattr(np.ndarray, one.__name__)}
ABOUT_SHAPES = {np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj}
KEPT = "uses a value that it kept from an earlier call"


class Call:
    """A function, what it was given (other calls among it), and its result; an input has none."""

    __slots__ = ("args", "backward", "function", "kwargs", "value")

    def __init__(self, function, args, kwargs, value, backward=False):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.value, self.backward = value, backward

    @property
    def sources(self):
        """The calls whose results it takes."""
        return [arg for arg in flat((self.args, self.kwargs)) if type(arg) is Call]


class Tape:
    """What was written down.

    Attributes
    ----------
    inputs, calls : list of Call
    backward : bool
        Whether the loss is computed, and its gradient has begun.
    refusal : str or None
        What was done that can't be replayed; from there on nothing is written down.
    """

    def __init__(self):
        self.inputs, self.calls, self.backward, self.refusal = [], [], False, None

    def input(self, value):
        """A value to write down what is done with it."""
        self.inputs.append(Call(None, (), {}, value))
        return self._traced(self.inputs[-1])

    def record(self, function, args, kwargs=None):
        """Call a function, and write it down."""
        kwargs = kwargs or {}
        value = function(*each(plain_value, args), **each(plain_value, kwargs))
        if kwargs.get("out") is not None:
            self.refuse("writes a result into an array that it is given (`out=`, `+=`)")
        elif not (isinstance(value, NUMBERS) and _has_sure_shape(function, args)):
            name = getattr(function, "__name__", "a function")
            self.refuse(f"calls {name}, whose result may be of another kind or shape each time")
        if self.refusal:
            return value
        args, kwargs = each(self._call, tuple(args)), each(self._call, kwargs)
        return self._traced(Call(function, args, kwargs, value, self.backward))

    def refuse(self, why):
        """End the recording; what is being computed stays right."""
        self.refusal = self.refusal or why

    def close(self):
        """Write down nothing more: a value that the loss has kept is a plain one from now on."""
        self.calls = []
        self.refuse(KEPT)

    def _call(self, arg):
        if type(arg) is Traced and arg._tape is not self:
            self.refuse(KEPT)
        return arg._call if type(arg) is Traced else arg

    def _traced(self, call):
        self.calls.append(call)
        traced = Traced.__new__(Traced)
        traced._value, traced._call, traced._tape = call.value, call, self
        return traced


class Traced(np.lib.mixins.NDArrayOperatorsMixin):
    """A value, on a tape. It does what its value would do."""

    __slots__ = ("_call", "_tape", "_value")

    @property
    def __class__(self):  # so that isinstance(x, np.ndarray) says what it would say
        return type(self._value)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(isinstance(one, Box) for one in inputs):
            return NotImplemented  # autograd's turn
        if ufunc is np.add and method == "at" and type(inputs[0]) is Traced:
            return self._add_at(*inputs)
        if "out" in kwargs:  # numbers can't be written into, and += makes a new one of them
            kwargs["out"] = tuple(o if isinstance(o, np.ndarray) else None for o in kwargs["out"])
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        if not any(isinstance(one, (np.ndarray, np.generic)) for one in inputs):
            function = PYTHONS.get(function, function)
        return self._tape.record(function, inputs, kwargs)

    def _add_at(self, total, *args):
        """What `np.add.at` does, with a new result in the place of the old array."""
        new = self._tape.record(add_at, (total, *args))
        if type(new) is Traced:
            total._call, new = new._call, new._value
        total._value = new

    def __array_function__(self, function, types, args, kwargs):
        if any(isinstance(one, Box) for one in flat((args, kwargs))):
            self._tape.refuse("gives a parameter to plain numpy (import autograd.numpy as np)")
        if function in ABOUT_SHAPES or self._tape.refusal:
            return function(*each(plain_value, args), **each(plain_value, kwargs))
        return self._tape.record(function, args, kwargs)

    def __array__(self, dtype=None, copy=None):
        self._tape.refuse("makes a plain array of a value (np.array, np.asarray, np.stack)")
        return np.array(self._value, dtype=dtype, copy=copy)

    def __getattr__(self, name):
        if name.startswith("__array_"):  # numpy asks for what it would rather have than __array__
            raise AttributeError(name)
        if name in ("shape", "ndim", "size", "dtype"):
            return getattr(self._value, name)
        if name == "T":
            return self._tape.record(np.transpose, (self,))
        if name in METHODS:
            return functools.partial(self._method, METHODS[name])
        self._tape.refuse(f"uses .{name} of a value")
        return getattr(self._value, name)

    def _method(self, function, *args, **kwargs):
        if function in (np.reshape, np.transpose) and len(args) > 1:
            args = (args,)
        return self._tape.record(function, (self, *args), kwargs)

    def __getitem__(self, index):
        return self._tape.record(operator.getitem, (self, index))

    def __pow__(self, other):  # numpy has other ways for ** than for np.power, and rounds otherwise
        boxed = isinstance(other, Box)
        return NotImplemented if boxed else self._tape.record(operator.pow, (self, other))

    def __rpow__(self, other):
        return self._tape.record(operator.pow, (other, self))

    def __len__(self):
        return len(self._value)

    def __iter__(self):
        return map(self.__getitem__, range(len(self)))

    def view(self, kind):
        """The same numbers; autograd asks for them as an ndarray."""
        return self if kind is np.ndarray else self.__getattr__("view")(kind)

    @property
    def plain_numbers(self):
        """For a look that isn't repeated (`course.functions.plain_numbers`)."""
        return self._value

    def record_call(self, function, args):
        """Write a function down as a single call, as `course.functions.recorded` wants it."""
        return self._tape.record(function, args)


def _needing_a_number(name):
    def method(self, *args):
        self._tape.refuse(f"needs a plain value (`{name.strip('_')}`), as if, float() and print do")
        return getattr(self._value, name)(*each(plain_value, args))

    return method


for _name in ("bool", "float", "int", "index", "complex", "format", "str", "repr", "round", "hash",
              "contains", "setitem", "delitem", "reduce_ex"):  # fmt: skip
    setattr(Traced, f"__{_name}__", _needing_a_number(f"__{_name}__"))


class TracedSpace(ArrayVSpace):
    """How autograd adds gradients that are on a tape: never in place."""

    def __init__(self, traced):
        super().__init__(traced._value)
        self.tape = traced._tape

    def zeros(self):
        """A new array of zeros."""
        return self.tape.record(np.zeros, (self.shape, self.dtype))

    def _mut_add(self, x, y):
        return x + y


ArrayBox.register(Traced)
VSpace.register(Traced, TracedSpace)


def add_at(total, index, values):
    """Add values at places of an array."""
    total = total.copy()
    np.add.at(total, index, values)
    return total


def _has_sure_shape(function, args):
    """Whether the shape of a result is known to follow from those of what is given."""
    if function is operator.getitem:
        parts = args[1] if type(args[1]) is tuple else args[1:]
        masks = (type(part) is Traced and part.dtype.kind == "b" for part in parts)
        bounds = (Traced in map(type, flat(part)) for part in parts if type(part) is slice)
        return not any(masks) and not any(bounds)
    if function is np.where:
        return len(args) == 3
    is_ufunc = isinstance(getattr(function, "__self__", function), np.ufunc)
    return is_ufunc or function in FUNCTIONS or function is add_at or hasattr(function, "is_check")


def is_check(function):
    """Whether it only looks at data."""
    return getattr(function, "is_check", False)


def layout(array):
    """What an array has to have in common with another to take its place."""
    return array.dtype, array.shape, array.strides


def plain_value(value):
    """A value, if it is on a tape, without it."""
    return value._value if type(value) is Traced else value


def each(function, node):
    """The same nested tuples, lists, dicts and slices, of what a function makes of their leaves."""
    kind = type(node)
    if kind is tuple or kind is list:
        return kind([each(function, part) for part in node])
    if kind is dict:
        return {key: each(function, part) for key, part in node.items()}
    if kind is slice:
        return slice(*each(function, [node.start, node.stop, node.step]))
    return function(node)


def spelled(node, leaf):
    """Nested tuples, lists, dicts and slices as text; their leaves as `leaf` spells them."""
    return repr(each(lambda one: _Name(leaf(one)), node))


class _Name(str):
    """Text that stands in other text without quotation marks."""

    __repr__ = str.__str__


def flat(node):
    """The leaves of nested tuples, lists, dicts and slices."""
    leaves = []
    each(leaves.append, node)
    return leaves
