"""A program as a function to run: in the spelling, and into the arrays, that are quickest.

It computes what the recorded calls computed, in the same order. The arrays for its results are
made once and kept.
"""

import numpy as np

from course.engine.program import (
    REDUCTIONS,
    fills,
    has_fixed_shape,
    is_array,
    is_elementwise,
    is_reduction,
    name_of,
    outline,
)
from course.engine.source import ATOM, Text
from course.engine.tape import Call

__all__ = ["compiled"]


NUMBERS, FLOATS = (int, float, np.float32), {np.dtype(np.float32), np.dtype(np.float64)}
SHAPERS = ("reshape", "squeeze", "expand_dims")  # the same numbers in another shape


class ShapeChanged(Exception):
    """A result came in another shape than the one it was recorded with."""


def compiled(program, out, scratch=()):
    """Make a function of the inputs and of arrays for the results; it returns the number.

    Arrays like those in `out` are to be given. Inputs in `scratch` may be written over.
    Numbers among the inputs may be given as 0-d arrays.
    """
    return _Function(program, out, scratch).compiled()


class _Function(Text):
    """Writes a program line by line, each result into an array that nobody needs any more."""

    def __init__(self, program, out, scratch):
        super().__init__(program, [f"v{i}" for i in range(len(program.inputs))])
        self.calls, self.inputs, self.constants["np"] = program.calls, dict(self.names), np
        self.number, *results = self.outputs
        self.results = {f"out_{i}": call for i, call in enumerate(results)}
        self.buffers = {call: self.names[call] for call in scratch}
        for (name, call), array in zip(self.results.items(), out, strict=True):
            direct = type(call) is Call and (fills(call) or is_reduction(call))
            if direct and _layout(call.value) == _layout(array):
                self.buffers.setdefault(call, name)
        self.lent = list(scratch)  # who has an array that others may have afterwards
        self.last = dict.fromkeys((out for out in self.outputs if type(out) is Call), np.inf)
        for index, call in reversed(list(enumerate(self.calls))):
            until = index if fills(call) else max(index, self.last.get(call, 0))  # or it's a view
            for one in call.sources:
                self.last[one] = max(until, self.last.get(one, 0))

    def compiled(self):
        """Compile it."""
        lines = []
        for index, call in enumerate(self.calls):
            text, _ = self._filling(index, call) if fills(call) else self.call(call)
            self.names[call] = f"v{len(self.names)}"
            lines.append(f"{self.names[call]} = {text}")
        for name, call in self.results.items():
            if not (type(call) is Call and self.buffers.get(call) == name):
                lines.append(f"{name}[...] = {self.arg(call)}")
        head = f"def run({', '.join([*self.inputs.values(), *self.results])}):"
        text = "\n    ".join([head, *lines, f"return {self.arg(self.number)}"])
        exec(compile(text, "<program>", "exec"), self.constants)
        return self.constants["run"]

    def call(self, call):
        """Text of a call that makes a new array or a number, and how tightly it binds."""
        if is_reduction(call):
            return self._reduction(call, self.buffers.get(call)), ATOM
        operand = call.args[0] if call.args else None
        shaped = name_of(call) in SHAPERS and not call.kwargs.get("order")
        if shaped and type(operand) is Call and isinstance(call.value, np.ndarray):
            return f"{self.names[operand]}.reshape({np.shape(call.value)})", ATOM
        if not has_fixed_shape(call):
            return self.spelled_out(self._function(call), call.args, call.kwargs)
        return super().call(call)

    def _arg(self, arg):
        if type(arg) is Call:
            in_array = arg in self.inputs or arg in self.buffers
            is_number = in_array and isinstance(arg.value, np.generic)
            return self.names[arg] + "[()]" * is_number, ATOM
        return super()._arg(arg)

    def _function(self, call):
        name = name_of(call)
        if has_fixed_shape(call):
            return self._constant(call.function, name)
        return self._constant(_guarded(call.function, outline(call.value)), name)

    def _free(self, name):
        return f"{name}_{len(self.constants)}"

    def _filling(self, index, call):
        """Text of a call that writes into an array."""
        out = self._out(index, call)
        if is_reduction(call):
            return self._reduction(call, out), ATOM
        function, args = call.function, call.args
        if function is np.power and type(args[1]) in (int, float) and args[1] == 2:
            function, args = np.square, args[:1]
        if _is_plain_product(call):
            function = np.dot
        name = self._constant(function, name_of(call))
        by_name = "out=" if function in (np.maximum, np.minimum) else ""  # numpy asks for it
        given = ", ".join(self._operand(arg, call) for arg in args)
        return f"{name}({given}, {by_name}{out})", ATOM

    def _reduction(self, call, out):
        """A sum as `np.add.reduce`, a mean as a sum and a division: numpy does that, and more."""
        values, *axis = call.args
        options = {"axis": axis[0] if axis else None, "keepdims": False, **call.kwargs}
        more = f", None, {out}, {bool(options['keepdims'])}" if out else ""
        reduce = self._constant(REDUCTIONS[name_of(call)].reduce, "reduce")
        text = f"{reduce}({self.arg(values)}, {options['axis']!r}{more})"
        if name_of(call) != "mean":
            return text
        count = values.value.size // np.size(call.value)
        return f"np.divide({text}, {count}, {out})" if out else f"{text} / {count}"

    def _out(self, index, call):
        """Name of the array that a call writes into."""
        if call not in self.buffers:
            end = index + is_elementwise(call)  # it may write over its operand
            like = (one for one in reversed(self.lent) if _layout(one.value) == _layout(call.value))
            spare = next((one for one in like if self.last[one] < end), None)
            if spare:
                self.lent.remove(spare)
            own = self.buffers[spare] if spare else self._constant(np.empty_like(call.value), "a")
            self.buffers[call] = own
            self.lent.append(call)
        return self.buffers[call]

    def _operand(self, arg, call):
        """Text of an operand beside arrays: a number as an array, with which numpy is faster."""
        if type(arg) is Call:
            return self.names[arg]
        dtypes = {one.value.dtype for one in call.sources if is_array(one.value)}
        if type(arg) in NUMBERS and len(dtypes) == 1 and dtypes < FLOATS:
            return self._constant(np.array(arg, getattr(arg, "dtype", *dtypes)), "number")
        return self.arg(arg)


def _is_plain_product(call):
    """Whether np.dot makes the same of it, with less overhead: two matrices without gaps."""
    return call.function is np.matmul and all(
        np.ndim(value := getattr(arg, "value", None)) == 2
        and value.dtype == call.value.dtype in (np.float32, np.float64)
        and (value.flags.c_contiguous or value.flags.f_contiguous)
        for arg in call.args
    )


def _layout(array):
    return array.shape, array.dtype, array.strides


def _guarded(function, recorded):
    """The function, with a look at the shape of its result: all that follows was made for one."""

    def guarded(*args, **kwargs):
        result = function(*args, **kwargs)
        if outline(result) != recorded:
            name = getattr(function, "__name__", "a function")
            raise ShapeChanged(f"the result of {name} has another shape than at first")
        return result

    return guarded
