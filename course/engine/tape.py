"""A tape: values that write down every numpy call that is made with them.

numpy asks a value's own `__array_ufunc__` and `__array_function__` first, and so do Python's
operators. autograd works on such a value as on any array, so that a gradient is written down
forward and backward. Whoever needs the plain number (an `if`, `float()`, a dictionary) gets it,
and the recording ends there: the number may be another one the next time.
"""

import builtins
import operator

import numpy as np
from autograd.extend import Box, VSpace
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vspaces import ArrayVSpace

__all__ = ["UFUNCS", "Call", "Tape", "Traced", "each"]

KEPT = "uses a value that it kept from an earlier call"
UFUNCS = {  # what Python's operators call if there is an array among the operands
    operator.add: np.add, operator.sub: np.subtract, operator.mul: np.multiply,
    operator.truediv: np.divide, operator.floordiv: np.floor_divide, operator.mod: np.remainder,
    operator.matmul: np.matmul, operator.neg: np.negative, operator.abs: np.absolute,
    operator.and_: np.bitwise_and, operator.or_: np.bitwise_or, operator.xor: np.bitwise_xor,
    operator.invert: np.invert, operator.eq: np.equal, operator.ne: np.not_equal,
    operator.lt: np.less, operator.le: np.less_equal, operator.gt: np.greater,
    operator.ge: np.greater_equal,
}  # fmt: skip
FIXED = {np.shape, np.ndim, np.size, np.result_type, np.iscomplexobj, np.isrealobj}
NUMBERS = (np.ndarray, np.generic, float, int, complex)


class Call:
    """A function, what it was given (other calls among it), and its result; an input has none."""

    __slots__ = ("args", "backward", "function", "kwargs", "value")

    def __init__(self, function, args, kwargs, value, backward=False):
        self.function, self.args, self.kwargs = function, args, kwargs
        self.value, self.backward = value, backward

    @property
    def sources(self):
        """The calls whose results it takes."""
        return [arg for arg in _flat((self.args, self.kwargs)) if type(arg) is Call]


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
        self.inputs, self.calls, self.constants = [], [], {}
        self.backward, self.refusal = False, None

    def input(self, value):
        """A value to write down what is done with it."""
        self.inputs.append(Call(None, (), {}, value))
        return self._traced(value, self.inputs[-1])

    def record(self, function, args, kwargs=None):
        """Call a function, and write it down."""
        kwargs = kwargs or {}
        value = function(*each(_plain, args), **each(_plain, kwargs))
        if kwargs.get("out") is not None:
            self.refuse("writes a result into an array that it is given (`out=`)")
        if self.refusal:
            return value
        array = UFUNCS.get(function)
        if array and any(isinstance(arg, np.ndarray) and arg.ndim for arg in map(_plain, args)):
            function = array
        args, kwargs = each(self._call, tuple(args)), each(self._call, kwargs)
        return self._wrapped(value, Call(function, args, kwargs, value, self.backward))

    def refuse(self, why):
        """End the recording; what is being computed stays right."""
        self.refusal = self.refusal or why

    def close(self):
        """Write down nothing more: a value that the loss has kept is a plain one from now on."""
        self.calls, self.constants = [], {}
        self.refuse(KEPT)

    def _call(self, arg):
        """What stands for an argument: its call, or a copy of an array that isn't followed."""
        if type(arg) is Traced:
            if arg._tape is not self:
                self.refuse(KEPT)
            return arg._call
        if type(arg) is not np.ndarray:
            return arg
        kept, copy = self.constants.get(id(arg), (None, None))
        if kept is None or copy.tobytes() != arg.tobytes():
            copy = arg.copy(order="K")
            self.constants[id(arg)] = arg, copy
        return copy

    def _wrapped(self, value, call):
        if isinstance(value, (tuple, list)):
            self.calls.append(call)
            parts = [
                self._wrapped(part, Call(operator.getitem, (call, i), {}, part, self.backward))
                for i, part in enumerate(value)
            ]
            return tuple(parts)
        if not isinstance(value, NUMBERS):
            name = getattr(call.function, "__name__", "a function")
            self.refuse(f"calls {name}, which changes an array or makes something else of it")
            return value
        return self._traced(value, call)

    def _traced(self, value, call):
        self.calls.append(call)
        traced = Traced.__new__(Traced)
        traced._value, traced._call, traced._tape = value, call, self
        return traced

    def add_at(self, total, *args):
        """What `np.add.at` does, with a new result in the place of the old array."""
        start = total._call
        start = start.args[0] if start.function is np.zeros else start
        new = self.record(add_at, (start if type(start) is tuple else total, *args, total.dtype))
        if type(new) is Traced:
            total._value, total._call = new._value, new._call


class Traced:
    """A value, on a tape. It does what its value would do."""

    __slots__ = ("_call", "_tape", "_value")
    __array_priority__ = 50.0

    @property
    def __class__(self):  # so that isinstance(x, np.ndarray) says what it would say
        return type(self._value)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if any(isinstance(one, Box) for one in inputs):
            return NotImplemented  # autograd's turn
        if ufunc is np.add and method == "at" and type(inputs[0]) is Traced:
            return self._tape.add_at(*inputs)
        function = ufunc if method == "__call__" else getattr(ufunc, method)
        return self._tape.record(function, inputs, kwargs)

    def __array_function__(self, function, types, args, kwargs):
        if function in FIXED:
            return function(*each(_plain, args), **each(_plain, kwargs))
        if any(isinstance(one, Box) for one in _flat((args, kwargs))):
            self._tape.refuse("gives a parameter to plain numpy (import autograd.numpy as np)")
            return function(*each(_plain, args), **each(_plain, kwargs))
        return self._tape.record(function, args, kwargs)

    def __array__(self, dtype=None, copy=None):
        self._tape.refuse("makes a plain array of a value (np.array, np.asarray, np.stack)")
        return np.array(self._value, dtype=dtype, copy=copy)

    def __getattr__(self, name):
        if name.startswith("__array_"):  # numpy asks for what it would rather have than __array__
            raise AttributeError(name)
        attribute = getattr(self._value, name)
        self._tape.refuse(f"uses .{name} of a value")
        return attribute

    def __reduce_ex__(self, protocol):
        self._tape.refuse("copies a value")
        return self._value.__reduce_ex__(protocol)

    def __len__(self):
        return len(self._value)

    def __iter__(self):
        return map(self.__getitem__, range(len(self)))

    def view(self, *kind):
        """The same numbers; autograd asks for them as an ndarray."""
        if kind == (np.ndarray,):
            return self
        self._tape.refuse("uses .view of a value")
        return self._value.view(*map(_plain, kind))

    @property
    def plain_numbers(self):
        """For a look that isn't repeated (`course.functions.plain_numbers`)."""
        return self._value

    def repeat_check(self, check, args):
        """Have data looked at in each step, as `course.functions.check` wants it."""
        self._tape.record(check, args)


def _operator(function, swapped=False):
    def method(self, *others):
        if others and isinstance(others[0], Box):
            return NotImplemented
        return self._tape.record(function, (*others, self) if swapped else (self, *others))

    return method


def _method(name):
    def method(self, *args, **kwargs):
        return self._tape.record(getattr(type(self._value), name), (self, *args), kwargs)

    return method


def _ending(name, why):
    """A special method that needs the plain value."""
    function = getattr(operator, f"__{name}__", None) or getattr(builtins, name)

    def method(self, *args):
        self._tape.refuse(why)
        return function(self._value, *each(_plain, args))

    return method


BINARY = ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor")
OTHERS = ("eq", "ne", "lt", "le", "gt", "ge", "neg", "pos", "abs", "invert", "getitem")
METHODS = (
    "sum", "mean", "max", "min", "std", "var", "prod", "any", "all", "argmax", "argmin", "argsort",
    "cumsum", "clip", "dot", "reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze",
    "astype", "copy", "take", "repeat", "trace", "round", "nonzero", "conj",
)  # fmt: skip
PLAIN = ("float", "int", "index", "complex", "format", "str", "repr", "round", "hash")
ENDINGS = {
    "bool": "asks whether a value is true (if, while, and, or, in, max)",
    "contains": "looks for a value in another",
    **{name: f"needs a plain number or text ({name})" for name in PLAIN},
    **dict.fromkeys(("setitem", "delitem"), "changes an array in place"),
    **{f"i{name}": "changes an array in place" for name in BINARY},
}
for _name in (*BINARY, *OTHERS):
    setattr(Traced, f"__{_name}__", _operator(getattr(operator, f"__{_name}__")))
for _name in BINARY:
    setattr(Traced, f"__r{_name}__", _operator(getattr(operator, f"__{_name}__"), swapped=True))
for _name in METHODS:
    setattr(Traced, _name, _method(_name))
for _name, _why in ENDINGS.items():
    setattr(Traced, f"__{_name}__", _ending(_name, _why))
for _name in ("shape", "ndim", "size", "dtype", "itemsize", "nbytes", "strides"):
    setattr(Traced, _name, property(operator.attrgetter(f"_value.{_name}")))
Traced.T = property(lambda self: self._tape.record(np.transpose, (self,)))


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


def add_at(start, index, values, dtype):
    """Add values at places of an array, or of zeros of a shape."""
    total = np.zeros(start, dtype) if isinstance(start, tuple) else start.copy()
    np.add.at(total, index, values)
    return total


def _plain(value):
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


def _flat(node):
    """The leaves of nested tuples, lists, dicts and slices."""
    leaves = []
    each(leaves.append, node)
    return leaves
