"""A program: the calls on a tape, without duplicates and unused ones, as one Python function.

The function writes its results into arrays that are made once and kept. Such a buffer is used again
as soon as the result in it was used for the last time. It computes what the recorded calls
computed, in the same order; only the spelling is the one that numpy runs fastest.
"""

import operator

import numpy as np

from course.engine.tape import UFUNCS, Call, add_at, flat

__all__ = ["Program", "ShapeChanged"]

REDUCTIONS = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum}
# Functions and methods whose result has a shape that follows from the shapes they are given.
FIXED_SHAPE = {
    "mean", "var", "std", "argmax", "argmin", "argsort", "cumsum", "dot", "tensordot", "einsum",
    "inner", "outer", "reshape", "ravel", "flatten", "transpose", "swapaxes", "squeeze", "astype",
    "expand_dims", "broadcast_to", "clip", "sort", "roll", "flip", "zeros", "zeros_like", "copy",
    "ones_like", "norm", "inv", "det", "solve", "real", "round", "triu", "tril", "add_at",
    "concatenate", "all", "any", "trace", *REDUCTIONS,
}  # fmt: skip
SHAPERS = {"reshape", "expand_dims", "squeeze"}  # the same numbers in another shape
SIGNS = {
    operator.add: "+", operator.sub: "-", operator.mul: "*", operator.truediv: "/",
    operator.pow: "**",
}  # fmt: skip


class ShapeChanged(Exception):
    """A result came in another shape than the one it was recorded with."""


class Program:
    """A loss and its gradient, or a rule's step, as a list of calls.

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
        self.inputs = inputs
        stands = _simplified(calls)
        self.outputs = [stands[out] if type(out) is Call else out for out in outputs]
        self.calls = _needed(dict.fromkeys(stands.values()), self.outputs)

    def compiled(self, out, scratch=()):
        """Make a function of the inputs and of arrays for the results; it returns the number.

        Arrays like those in `out` are to be given. Inputs in `scratch` may be written over.
        Numbers among the inputs may be given as 0-d arrays.
        """
        return _Writer(self, out, scratch).function()


def _simplified(calls):
    """For each call the one that stands for it: the first that does the same."""
    stands, first = {}, {}

    def standing(node):
        if type(node) is Call:
            return stands[node]
        if type(node) in (tuple, list):
            return type(node)(map(standing, node))
        if type(node) is slice:
            return slice(*map(standing, (node.start, node.stop, node.step)))
        return node

    for call in calls:
        args = _with_numbers(call, standing(call.args))
        kwargs = {key: standing(value) for key, value in call.kwargs.items()}
        if call.function is None:
            stands[call] = call
        elif _is_identity(call, args):
            stands[call] = args[0]
        else:
            new = Call(call.function, args, kwargs, call.value, call.backward)
            key = (call.function, _key(args), _key(tuple(kwargs.items())))
            stands[call] = first.setdefault(key, new) if has_fixed_shape(call) else new
    return stands


def _with_numbers(call, args):
    """A number in place of an array that is full of it, if another operand has the array's shape.

    autograd fills such arrays on the way back through a mean.
    """
    if not is_elementwise(call):
        return args
    shapes = [np.shape(arg.value) for arg in args if type(arg) is Call]
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
    power = call.function in (np.power, operator.pow) and type(args[1]) is not Call
    if not (power and np.ndim(args[1]) == 0 and args[1] == 1) and name_of(call) != "reshape":
        return False
    value = args[0].value if type(args[0]) is Call else None
    same = type(value) is type(call.value) and np.shape(value) == np.shape(call.value)
    return same and value.dtype == call.value.dtype


def _key(value):
    """A key that two arguments share only if no function can tell them apart."""
    if type(value) in (tuple, list):
        return (type(value), *map(_key, value))
    if isinstance(value, (bool, int, float, np.generic)):
        return type(value), repr(value)
    return slice if type(value) is slice and value == slice(None) else id(value)


def _needed(calls, outputs):
    """The calls that the results depend on, in their order, without the inputs.

    A look at the data is kept, and so is a call whose result may have another shape another time.
    """
    needed = {out for out in outputs if type(out) is Call}
    needed.update(
        call
        for call in calls
        if call.function is not None and (is_check(call) or not has_fixed_shape(call))
    )
    for call in reversed(calls):
        if call in needed:
            needed.update(call.sources)
    return [call for call in calls if call in needed and call.function is not None]


# ---- properties of calls ------------------------------------------------------------------------


def name_of(call):
    """Name of its function."""
    return getattr(call.function, "__name__", "")


def is_check(call):
    """Whether it only looks at data."""
    return hasattr(call.function, "is_check")


def is_elementwise(call):
    """Whether each number of the result comes of the numbers in its place."""
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def has_fixed_shape(call):
    """Whether it is numpy's, and the shape of its result follows from those of its operands."""
    function = call.function
    if function is operator.getitem:
        parts = call.args[1] if type(call.args[1]) is tuple else call.args[1:]
        return not any(map(_takes_any_number, parts))
    if is_check(call) or isinstance(function, np.ufunc) or function in UFUNCS or function in SIGNS:
        return True
    if function is np.where:
        return len(call.args) == 3
    return function is add_at or (_is_numpys(call) and name_of(call) in FIXED_SHAPE | {"reduce"})


def _takes_any_number(index):
    """Whether how many it takes depends on numbers: a mask, or a slice from one to another."""
    if type(index) is Call:
        return np.result_type(index.value).kind == "b"
    return type(index) is slice and Call in map(type, flat(index))


def _is_numpys(call):
    owner = getattr(call.function, "__objclass__", None) or call.function
    return (getattr(owner, "__module__", None) or "numpy").partition(".")[0] == "numpy"


def is_array(value):
    """Whether it is an array of at least one axis."""
    return isinstance(value, np.ndarray) and value.ndim > 0


def is_reduction(call):
    """Whether it is a sum, a product, a maximum or a minimum over axes, and nothing more."""
    options = {key for key, value in call.kwargs.items() if value is not None}
    return (
        name_of(call) in REDUCTIONS
        and _is_numpys(call)
        and 1 <= len(call.args) <= 2
        and call.sources == [call.args[0]]
        and isinstance(call.args[0].value, np.ndarray)
        and options <= {"axis", "keepdims"}
    )


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    if not is_array(call.value) or call.function is None:
        return False
    plain = not call.kwargs and (is_elementwise(call) or call.function is np.matmul)
    return plain or is_square(call) or is_reduction(call)


def is_square(call):
    """Whether it is `x**2` of an array of floats."""
    if call.function not in (np.power, operator.pow) or type(call.args[1]) is Call:
        return False
    base, exponent = call.args
    single = np.ndim(exponent) == 0 and exponent == 2 and is_array(getattr(base, "value", None))
    return single and base.value.dtype == call.value.dtype in (np.float32, np.float64)


# ---- writing it as a function -------------------------------------------------------------------


class _Writer:
    """Writes the function line by line, and keeps account of what is in which array."""

    def __init__(self, program, out, scratch):
        self.program = program
        self.values, self.lines = {}, []  # what the free names of the function are; its lines
        self.names = {call: f"v{i}" for i, call in enumerate(program.inputs)}
        self.zero_d = {call for call in program.inputs if np.ndim(call.value) == 0}
        self.last_use = _last_uses(program)
        self.buffers, self.lent, self.free = {}, {}, {}
        self.number, *results = program.outputs
        self.results = {f"out_{i}": call for i, call in enumerate(results)}
        for (name, call), array in zip(self.results.items(), out, strict=True):
            if type(call) is Call and _fits(call, array):
                self.buffers.setdefault(call, name)
        for call in scratch:
            self.buffers[call], self.lent[call] = self.names[call], _layout(call)

    def function(self):
        """Compile it."""
        inputs = ", ".join([*self.names.values(), *self.results])
        for index, call in enumerate(self.program.calls):
            text = self._call(index, call)
            self.names[call] = f"v{len(self.names)}"
            self.lines.append(f"{self.names[call]} = {text}")
        for name, call in self.results.items():
            if not (type(call) is Call and self.buffers.get(call) == name):
                self.lines.append(f"{name}[...] = {self._text(call)}")
        self.lines.append(f"return {self._text(self.number)}")
        body = "\n    ".join(self.lines)
        exec(compile(f"def run({inputs}):\n    {body}", "<program>", "exec"), self.values)
        return self.values["run"]

    def _call(self, index, call):
        """The right side of a line."""
        function, name = call.function, name_of(call)
        if is_reduction(call):
            return self._reduction(index, call)
        if name == "mean" and _is_whole_mean(call):
            return self._mean(call)
        if is_square(call):
            return (
                f"{self._value(np.square)}({self._array(call.args[0])}, {self._out(index, call)})"
            )
        if function is np.matmul and _is_plain_product(call):
            function = np.dot  # np.dot gives the same result with less call overhead
        if fills(call):
            args = [self._array(arg, call) for arg in call.args]
            out = "out=" if function in (np.maximum, np.minimum) else ""  # numpy asks for the name
            return f"{self._value(function)}({', '.join(args)}, {out}{self._out(index, call)})"
        args = [self._text(arg) for arg in call.args]
        if function is operator.getitem and has_fixed_shape(call):
            return f"{args[0]}[{args[1]}]"
        if function in SIGNS:
            return f"{args[0]} {SIGNS[function]} {args[1]}"
        if name in SHAPERS and not call.kwargs.get("order") and _are_arrays(call):
            return f"{args[0]}.reshape({np.shape(call.value)})"
        if function in (np.transpose, np.swapaxes) and not call.kwargs:
            return f"{args[0]}.{name}({', '.join(args[1:])})"
        options = [f"{key}={self._text(value)}" for key, value in call.kwargs.items()]
        if not has_fixed_shape(call):
            function = _guarded(function, call.value)
        return f"{self._value(function)}({', '.join(args + options)})"

    def _reduction(self, index, call):
        """Write a sum as `np.add.reduce`, which has less to look after."""
        options = {"axis": None, "keepdims": False, **call.kwargs}
        axis = options["axis"] if len(call.args) == 1 else call.args[1]
        axis = axis if axis is None or type(axis) in (int, tuple) else int(axis)
        keepdims = bool(options["keepdims"])
        out = self.buffers.get(call) if not fills(call) else self._out(index, call)
        if out and not fills(call):
            self.zero_d.add(call)
        reduce = self._value(REDUCTIONS[name_of(call)].reduce)
        operand = self._array(call.args[0])
        if out is None:
            return f"{reduce}({operand}, {axis})"
        return f"{reduce}({operand}, {axis}, None, {out}, {keepdims})"

    def _mean(self, call):
        """Write a mean as a sum and a division: np.mean does the same, and more besides."""
        values = call.args[0].value
        total = f"{self._value(np.add.reduce)}({self._array(call.args[0])}, None)"
        if values.dtype == np.float64:
            return f"{total} / {values.size}"
        return f"{self._value(np.float32)}(float({total}) / {values.size})"

    def _array(self, arg, call=None):
        """Text of an operand beside an array: a number as an array, with which numpy is faster."""
        if type(arg) is Call:
            return self.names[arg]
        if call and type(arg) in (int, float, np.float64, np.float32):
            dtypes = [one.value.dtype for one in call.sources if is_array(one.value)]
            if len(dtypes) == 1 and dtypes[0].kind == "f":
                return self._value(np.array(arg, dtype=getattr(arg, "dtype", dtypes[0])))
        return self._text(arg)

    def _text(self, node):
        """Text of any operand."""
        if type(node) is Call:
            is_number = node in self.zero_d and isinstance(node.value, np.generic)
            return self.names[node] + ("[()]" if is_number else "")
        if not any(type(leaf) is Call for leaf in flat(node)):
            return self._value(node)
        if type(node) in (tuple, list):
            inner = ", ".join(map(self._text, node))
            return f"({inner}{',' * bool(node)})" if type(node) is tuple else f"[{inner}]"
        return f"slice({', '.join(map(self._text, (node.start, node.stop, node.step)))})"

    def _value(self, value):
        """A name that the function finds among its globals."""
        name = getattr(value, "__name__", type(value).__name__)
        name = f"{name if name.isidentifier() else 'value'}_{len(self.values)}"
        self.values[name] = value
        return name

    def _out(self, index, call):
        """Name of the array that a call is to write into."""
        if is_elementwise(call) or is_square(call):  # may write over its operand
            self._take_back(index)
        if call not in self.buffers:
            free = self.free.get(_layout(call))
            self.buffers[call] = free.pop() if free else self._value(np.empty_like(call.value))
            self.lent[call] = _layout(call)
        return self.buffers[call]

    def _take_back(self, index):
        for call in [c for c in self.lent if self.last_use.get(c, 0) <= index]:
            self.free.setdefault(self.lent.pop(call), []).append(self.buffers[call])


def _layout(call):
    return call.value.shape, call.value.dtype, call.value.strides


def _last_uses(program):
    """Index of the last call that may look into the array of each, if only through a view."""
    owners, last = {call: {call} for call in program.inputs}, {}
    for index, call in enumerate(program.calls):
        seen = {owner for source in call.sources for owner in owners.get(source, ())}
        last.update(dict.fromkeys(seen, index))
        owners[call] = {call} if fills(call) else seen
    ends = [owners.get(out, ()) for out in program.outputs if type(out) is Call]
    return {**last, **{owner: len(program.calls) for some in ends for owner in some}}


def _fits(call, array):
    """Whether a result can be written where it is wanted at once."""
    single = is_reduction(call) and array.ndim == 0
    return (
        (single or fills(call))
        and call.value.dtype == array.dtype
        and np.shape(call.value) == array.shape
        and (single or call.value.strides == array.strides)
    )


def _are_arrays(call):
    """Whether it makes an array of an array."""
    return all(isinstance(one.value, np.ndarray) for one in (call, *call.sources))


def _is_whole_mean(call):
    values = call.args[0].value if len(call.args) == 1 and call.sources else None
    single = isinstance(values, np.ndarray) and values.dtype in (np.float32, np.float64)
    return single and all(option is None for option in call.kwargs.values())


def _is_plain_product(call):
    """Whether np.dot makes the same of it: two matrices of one dtype, neither with gaps."""
    return all(
        isinstance(value := getattr(arg, "value", None), np.ndarray)
        and value.ndim == 2
        and value.dtype == call.value.dtype in (np.float32, np.float64)
        and (value.flags.c_contiguous or value.flags.f_contiguous)
        for arg in call.args
    )


def _guarded(function, recorded):
    """The function, with a look at the shape of its result: all that follows was made for one."""

    def guarded(*args, **kwargs):
        result = function(*args, **kwargs)
        if _shape(result) != _shape(recorded):
            name = getattr(function, "__name__", "a function")
            raise ShapeChanged(f"the result of {name} has another shape than at first")
        return result

    return guarded


def _shape(value):
    if isinstance(value, (tuple, list)):
        return tuple(map(_shape, value))
    if isinstance(value, (np.ndarray, np.generic)):
        return value.shape, value.dtype
    return type(value)
