"""A list of numpy calls, written out as a Python function: once to be read, once to be run.

To read, each call is a line of ordinary numpy. To run, the same lines write their results into
arrays that are made once and used again and again, as one would do by hand.
"""

import numpy as np
from autograd.numpy import numpy_wrapper as anp

__all__ = ["Call", "Program", "ShapeChanged"]


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


class ShapeChanged(Exception):
    """A result came in another shape than the one it was recorded with."""


class Program:
    """The calls that a loss and its gradient take, none of them twice and none in vain.

    Parameters
    ----------
    inputs : dict of str to Call
        Parameters and batch, by name, in the order in which they will be given.
    calls : list of Call
        In the order in which they were made.
    loss, gradients
        What is wanted: calls, or values where they are always the same.
    names : list of str
        One for each gradient.
    """

    def __init__(self, inputs, calls, loss, gradients, names):
        self.inputs = inputs
        kept = _without_repetition(calls)
        self.loss, *self.gradients = (
            kept[out] if isinstance(out, Call) else out for out in (loss, *gradients)
        )
        self.calls = _needed(dict.fromkeys(kept.values()), (self.loss, *self.gradients))
        self.names = self._name(names)

    def _name(self, gradients):
        """What each call and each constant array is called."""
        names = {call: name for name, call in self.inputs.items()}
        for call, name in zip(self.gradients, gradients, strict=True):
            if isinstance(call, Call):
                names.setdefault(call, f"d_{name}")
        if isinstance(self.loss, Call):
            names.setdefault(self.loss, "loss")
        for number, call in enumerate([c for c in self.calls if c not in names], start=1):
            names[call] = f"t{number}"
        return names

    @property
    def source(self):
        """The function to read. Run with numpy as `np`, it gives the loss and its gradients."""
        text = _Text(self.names)
        lines, part = [], None
        for call in self.calls:
            if call.backward is not part:
                part = call.backward
                lines.append("# backward: the gradient" if part else "# forward: the loss")
            lines.append(f"{self.names[call]} = {text.call(call)}")
        loss, *gradients = (text.arg(out) for out in (self.loss, *self.gradients))
        lines.append(f"return {loss}, [{', '.join(gradients)}]")
        notes = [f"# {name} is {_describe(value)}" for name, value in text.constants.items()]
        head = f"def value_and_gradient({', '.join(self.inputs)}):"
        return "\n    ".join([head, *notes, *lines])

    @property
    def constants(self):
        """The arrays and other objects that the loss brought along, by their names in `source`."""
        text = _Text(self.names)
        for call in self.calls:
            text.call(call)
        for out in (self.loss, *self.gradients):
            text.arg(out)
        return text.constants

    def compiled(self, destinations):
        """Make the function to run: it writes the gradients into arrays and returns the loss."""
        return _Writer(self, destinations).function()


def _without_repetition(calls):
    """For each call the first that does the same: numpy's functions have no memory."""
    kept, first = {}, {}
    for call in calls:
        args = [kept.get(arg, arg) if isinstance(arg, Call) else arg for arg in call.args]
        new = Call(call.function, args, call.kwargs, call.value, call.backward)
        if call.function is None:
            kept[call] = call
        elif _known(call):
            key = (call.function, *map(_key, args), *map(_key, call.kwargs.items()))
            kept[call] = first.setdefault(key, new)
        else:
            kept[call] = new
    return kept


def _key(value):
    """A key that two arguments share only if a function can't tell them apart."""
    if isinstance(value, (tuple, list)):
        return (type(value), *map(_key, value))
    if isinstance(value, (bool, int, float, np.generic)):
        return (type(value), repr(value))
    return id(value)


def _needed(calls, outs):
    """The calls that the results depend on, in their order, without the inputs.

    A call that isn't known is kept for what it may find out: that its result has another shape.
    """
    needed = {out for out in outs if isinstance(out, Call)}
    needed.update(call for call in calls if call.function is not None and not _known(call))
    for call in reversed(calls):
        if call in needed:
            needed.update(call.sources)
    return [call for call in calls if call in needed and call.function is not None]


def take(array, *index):
    """`array[index]`, as a function."""
    return array[index if len(index) != 1 else index[0]]


def add_at(start, values, *index, dtype=float):
    """Add values at places of an array, or of zeros of a shape: what indexing is backwards."""
    total = np.zeros(start, dtype) if isinstance(start, tuple) else start.copy()
    np.add.at(total, index, values)
    return total


# ---- which functions are what ------------------------------------------------------------------

OPERATORS = {
    np.add: "+",
    np.subtract: "-",
    np.multiply: "*",
    np.divide: "/",
    np.power: "**",
    np.matmul: "@",
    np.greater: ">",
    np.greater_equal: ">=",
    np.less: "<",
    np.less_equal: "<=",
    np.equal: "==",
    np.not_equal: "!=",
}
REDUCTIONS = {np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum}
# Functions whose result has a shape that follows from the shapes they are given.
SHAPELY = {
    np.mean, np.var, np.std, np.argmax, np.argmin, np.cumsum, np.dot, np.tensordot, np.einsum,
    np.inner, np.outer, np.reshape, np.ravel, np.transpose, np.swapaxes, np.squeeze,
    np.expand_dims, np.broadcast_to, np.clip, np.sort, np.argsort, np.astype, np.roll, np.flip,
    np.zeros_like, np.ones_like, np.linalg.norm, np.linalg.inv, np.linalg.det, np.linalg.solve,
    np.asarray, np.real, np.round, np.triu, np.tril, add_at, anp.concatenate_args.fun,
    anp.array_from_args.fun,
}  # fmt: skip


def _known(call):
    """Whether it is numpy's, and the shape of its result follows from those of its operands."""
    function = call.function
    if function is take:  # a mask chooses as many as it likes
        return not any(np.asarray(i.value).dtype == bool for i in call.sources[1:])
    if function is np.where:
        return len(call.args) == 3
    if getattr(function, "is_check", False):
        return True
    return isinstance(function, np.ufunc) or function in REDUCTIONS or function in SHAPELY


def _is_elementwise(call):
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def _fills(call):
    """Whether the call can write its result into an array that is given to it."""
    if not isinstance(call.value, np.ndarray) or call.value.ndim == 0 or not _is_plain(call):
        return False
    return _is_elementwise(call) or call.function in (np.matmul, *REDUCTIONS)


def _is_plain(call):
    """Whether it is called with nothing but operands (a reduction: with axis and keepdims)."""
    if call.function in REDUCTIONS:
        return len(call.sources) == 1 and not set(call.kwargs) - {"axis", "keepdims"}
    return not call.kwargs


# ---- to be read --------------------------------------------------------------------------------


class _Text:
    """Calls as expressions; constants that can't be written as numbers are given names."""

    def __init__(self, names):
        self.names, self.constants, self._named = names, {}, {}

    def call(self, call):
        function, args = call.function, [self.arg(arg) for arg in call.args]
        kwargs = {k: v for k, v in call.kwargs.items() if v is not None and v is not False}
        if function in OPERATORS and len(args) == 2 and not kwargs:
            left, right = (f"({arg})" if arg.startswith("-") else arg for arg in args)
            return f"{left} {OPERATORS[function]} {right}"
        if function is np.negative and not kwargs:
            return f"-{args[0]}"
        if function is np.transpose and len(args) == 1 and not kwargs:
            return f"{args[0]}.T"
        if function is take:
            return f"{args[0]}[{', '.join(map(self.index, call.args[1:]))}]"
        given = [*args, *(f"{key}={self.arg(value)}" for key, value in kwargs.items())]
        return f"{self.function(function)}({', '.join(given)})"

    def arg(self, arg):
        if isinstance(arg, Call):
            return self.names[arg]
        if isinstance(arg, np.float64):
            arg = arg.item()
        if arg is None or isinstance(arg, (bool, int, str)):
            return repr(arg)
        if isinstance(arg, float):
            return repr(arg) if np.isfinite(arg) else f"float({str(arg)!r})"
        if isinstance(arg, tuple) and all(a is None or type(a) in (int, np.int64) for a in arg):
            return repr(tuple(a if a is None else int(a) for a in arg))
        if isinstance(arg, type) and getattr(np, arg.__name__, None) is arg:
            return f"np.{arg.__name__}"
        return self._constant(arg)

    def index(self, index):
        if isinstance(index, slice):
            ends = ["" if end is None else str(end) for end in (index.start, index.stop)]
            return ":".join(ends + ([] if index.step is None else [str(index.step)]))
        return "..." if index is Ellipsis else self.arg(index)

    def function(self, function):
        for prefix, module in (("np", np), ("np.linalg", np.linalg)):
            if getattr(module, function.__name__, None) is function:
                return f"{prefix}.{function.__name__}"
        return self._constant(function, function.__name__)

    def _constant(self, value, name=None):
        if id(value) not in self._named:
            name = name if name and name.isidentifier() else f"c{len(self._named) + 1}"
            while name in self.constants or name in self.names.values():
                name += "_"
            self._named[id(value)], self.constants[name] = name, value
        return self._named[id(value)]


def _describe(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that the loss brings along"
    return f"{'a function' if callable(value) else type(value).__name__} of the loss"


# ---- to be run ---------------------------------------------------------------------------------


class _Writer:
    """Writes a program's calls as fast Python: results go into buffers, constants are arrays.

    A buffer is used again as soon as the result in it has been used for the last time.
    """

    def __init__(self, program, destinations):
        self.program, self.names = program, program.names
        self.values, self.lines = {}, []  # what the function's free names stand for; its lines
        self.last_use = self._last_uses()
        self.free, self.buffers, self.pooled = {}, {}, {}  # by layout; by call; to be given back
        ends = zip(program.gradients, destinations, strict=True)
        self.destinations = [(call, self._value(array, "into")) for call, array in ends]
        for call, name in reversed(self.destinations):
            if self._fits(call, self.values[name]):
                self.buffers[call] = name

    def function(self):
        """Compile the function."""
        for index, call in enumerate(self.program.calls):
            self.lines.append(f"{self.names[call]} = {self._call(index, call)}")
        for call, name in self.destinations:
            if not isinstance(call, Call) or self.buffers.get(call) != name:
                self.lines.append(f"{name}[...] = {self._arg(call)}")
        self.lines.append(f"return {self._arg(self.program.loss)}")
        body = "\n    ".join(self.lines)
        exec(f"def run({', '.join(self.program.inputs)}):\n    {body}", self.values)
        return self.values["run"]

    def _call(self, index, call):
        function, shown = call.function, [self._operand(call, arg) for arg in call.args]
        if function in REDUCTIONS and _is_plain(call):
            axis = call.args[1] if len(call.args) == 2 else call.kwargs.get("axis")
            keep = bool(call.kwargs.get("keepdims"))
            reduce = self._value(REDUCTIONS[function].reduce, function.__name__)
            return f"{reduce}({shown[0]}, {axis!r}, None, {self._out(index, call)}, {keep})"
        if function is np.mean and _is_whole_mean(call):
            count = self._value(np.intp(call.args[0].value.size), "count")
            return f"{self._value(_mean)}({shown[0]}, {count})"
        if function is take and _known(call):
            return f"{shown[0]}[{', '.join(shown[1:])}]"
        if function is np.transpose and len(call.args) == 1 and not call.kwargs:
            return f"{shown[0]}.T"
        if function in (np.expand_dims, np.squeeze) and isinstance(call.value, np.ndarray):
            return f"{shown[0]}.reshape({call.value.shape})"
        if function is np.power and _is_square(call):
            function, shown = np.square, shown[:1]
        if _fills(call):
            out = "out=" if function in (np.maximum, np.minimum) else ""  # they ask for the name
            return f"{self._value(function)}({', '.join([*shown, out + self._out(index, call)])})"
        if not _known(call):
            function = _guarded(function, call.value)
        keywords = [f"{key}={self._arg(value)}" for key, value in call.kwargs.items()]
        return f"{self._value(function)}({', '.join([*shown, *keywords])})"

    def _operand(self, call, arg):
        """A number as an array of the dtype that it is computed with: numpy is faster with it."""
        if _is_elementwise(call) and isinstance(arg, (int, float, np.floating)):
            others = [a.value for a in call.sources if isinstance(a.value, np.ndarray)]
            if len(others) == 1 and others[0].dtype.kind == "f" and type(arg) is not bool:
                weak = isinstance(arg, (int, float)) and not isinstance(arg, np.floating)
                return self._value(np.array(arg, dtype=others[0].dtype if weak else arg.dtype))
        return self._arg(arg)

    def _arg(self, arg):
        if isinstance(arg, Call):
            return self.names[arg]
        return self._value(arg)

    def _value(self, value, name="value"):
        """A free name of the function, for any object."""
        name = f"{getattr(value, '__name__', name)}_{len(self.values)}"
        name = name if name.isidentifier() else f"value_{len(self.values)}"
        self.values[name] = value
        return name

    # ---- buffers

    def _out(self, index, call):
        """The array that a call writes into, once those that it was the last to use are free."""
        if not _fills(call):
            return "None"
        if _is_elementwise(call):  # it may write over its own operand; a matrix product may not
            self._release(index)
        if call not in self.buffers:
            layout = (call.value.shape, call.value.dtype, call.value.strides)
            free = self.free.setdefault(layout, [])
            self.buffers[call] = (
                free.pop() if free else self._value(np.empty_like(call.value), "buffer")
            )
            self.pooled[call] = layout
        return self.buffers[call]

    def _release(self, index):
        for call in [c for c in self.pooled if self.last_use[c] <= index]:
            self.free[self.pooled.pop(call)].append(self.buffers[call])

    def _last_uses(self):
        """Index of the last call that may look into each call's buffer, if only through a view."""
        owners, last = {}, {}
        for index, call in enumerate(self.program.calls):
            seen = {owner for source in call.sources for owner in owners.get(source, ())}
            last.update(dict.fromkeys(seen, index))
            owners[call] = {call} if _fills(call) else seen
        ends = {
            owner
            for out in (self.program.loss, *self.program.gradients)
            if isinstance(out, Call)
            for owner in owners.get(out, ())
        }
        return {**last, **dict.fromkeys(ends, len(self.program.calls))}

    def _fits(self, call, array):
        """Whether a gradient can be written to where it is wanted at once."""
        return (
            isinstance(call, Call)
            and call in self.program.calls
            and _fills(call)
            and call.value.dtype == array.dtype
            and call.value.strides == array.strides
        )


def _mean(values, count):
    """`np.mean` of all values, to the bit."""
    total = np.add.reduce(values, None)
    return total.dtype.type(total / count)


def _is_whole_mean(call):
    value = call.args[0].value if len(call.args) == 1 and call.sources else None
    single = isinstance(value, np.ndarray) and value.dtype in (np.float32, np.float64)
    return single and not any(option is not None for option in call.kwargs.values())


def _is_square(call):
    base, exponent = call.args
    return (
        isinstance(exponent, (int, float))
        and exponent == 2
        and isinstance(base.value, np.ndarray)
        and base.value.dtype == call.value.dtype
        and call.value.dtype in (np.float32, np.float64)
    )


def _guarded(function, recorded):
    """The function, with a look at the shape of its result: all that follows was made for one."""

    def guarded(*args, **kwargs):
        result = function(*args, **kwargs)
        if _shape(result) != _shape(recorded):
            raise ShapeChanged
        return result

    guarded.__name__ = function.__name__
    return guarded


def _shape(value):
    if isinstance(value, (tuple, list)):
        return tuple(map(_shape, value))
    if isinstance(value, (np.ndarray, np.generic)):
        return value.shape, value.dtype
    return type(value)
