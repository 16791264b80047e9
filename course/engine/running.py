"""A program as a function to run: a line a call, each in the spelling that is quickest.

It computes what the recorded calls computed, in the same order. The arrays for its results are
made once and kept.
"""

from functools import partial

import numpy as np

from course.engine.program import is_array, is_elementwise, is_transposition
from course.engine.tape import Call, layout, spelled

__all__ = ["compiled"]

SHAPERS = {np.reshape, np.squeeze, np.expand_dims}  # the same numbers in another shape
REDUCTIONS = {np.sum: np.add, np.mean: np.add, np.max: np.maximum, np.min: np.minimum}


def compiled(program, out):
    """Make a function of the inputs and of arrays for the results; it returns the number.

    Arrays like those in `out` are to be given. Numbers among the inputs may be given as 0-d arrays.
    """
    return _Function(program, out).compiled()


class _Function:
    """Writes a program line by line, each result into an array that nobody needs any more."""

    def __init__(self, program, out):
        self.calls, self.constants = program.calls, {}
        self.inputs = [f"v{index}" for index, _ in enumerate(program.inputs)]
        self.names = dict(zip(program.inputs, self.inputs, strict=True))
        self.number, *results = program.outputs
        self.results = {f"out_{index}": call for index, call in enumerate(results)}
        self.buffers, self.lent = {}, []  # and who has an array that others may have afterwards
        for (name, call), array in zip(self.results.items(), out, strict=True):
            if type(call) is Call and fills(call) and layout(call.value) == layout(array):
                self.buffers.setdefault(call, name)
        self.last = dict.fromkeys((out for out in program.outputs if type(out) is Call), np.inf)
        for index, call in reversed(list(enumerate(self.calls))):
            until = index if fills(call) else max(index, self.last.get(call, 0))  # or it's a view
            for one in call.sources:
                self.last[one] = max(until, self.last.get(one, 0))

    def compiled(self):
        """Compile it."""
        lines = [f"def run({', '.join([*self.inputs, *self.results])}):"]
        for index, call in enumerate(self.calls):
            text = self._text(call, self._out(index, call) if fills(call) else None)
            self.names[call] = f"v{len(self.names)}"
            lines.append(f"{self.names[call]} = {text}")
        for name, call in self.results.items():
            if not (type(call) is Call and self.buffers.get(call) == name):
                lines.append(f"{name}[...] = {self._leaf(call)}")
        text = "\n    ".join([*lines, f"return {self._leaf(self.number)}"])
        exec(compile(text, "<program>", "exec"), self.constants)
        return self.constants["run"]

    def _text(self, call, out):
        """Text of a call, which writes into an array if it can."""
        function, args, kwargs = call.function, call.args, call.kwargs
        if is_reduction(call):  # numpy's own sum does that, and more
            axis = args[1] if len(args) > 1 else kwargs.get("axis")
            reduce = self._leaf(REDUCTIONS[function].reduce)
            keepdims = kwargs.get("keepdims", False)
            text = f"{reduce}({self._leaf(args[0])}, {axis!r}, None, {out}, {keepdims})"
            if function is not np.mean:
                return text
            count = args[0].value.size // np.size(call.value)
            divide = self._leaf(np.divide)
            return f"{divide}({text}, {count}, {out})" if out else f"{text} / {count}"
        if is_transposition(call):
            return f"{self._leaf(args[0])}.T"
        ordered = len(args) > 2 or "order" in kwargs
        if function in SHAPERS and not ordered and is_array(call.value):
            return f"{self._leaf(args[0])}.reshape({call.value.shape})"
        if out and function is np.power and type(args[1]) in (int, float) and args[1] == 2:
            function, args = np.square, args[:1]
        if out and function is np.matmul and call.value.ndim == 2:  # dot has less overhead
            return f"{self._leaf(args[0])}.dot({self._leaf(args[1])}, {out})"
        leaf = partial(self._operand, call.value.dtype) if out else self._leaf
        given = [spelled(arg, leaf) for arg in args]
        given += [f"{key}={spelled(value, self._leaf)}" for key, value in kwargs.items()]
        given += [f"out={out}"] if out else []
        return f"{self._leaf(function)}({', '.join(given)})"

    def _out(self, index, call):
        """Name of the array that a call writes into."""
        if call not in self.buffers:
            end = index + is_elementwise(call)  # it may write over its operand
            like = (one for one in reversed(self.lent) if layout(one.value) == layout(call.value))
            spare = next((one for one in like if self.last[one] < end), None)
            if spare:
                self.lent.remove(spare)
            own = self.buffers[spare] if spare else self._leaf(np.empty_like(call.value))
            self.buffers[call] = own
            self.lent.append(call)
        return self.buffers[call]

    def _operand(self, dtype, value):
        """A number as an array of no axis: numpy would make one of it in each call."""
        if isinstance(value, (int, float, np.floating)) and dtype.kind == "f":
            value = np.array(value, dtype)
        return self._leaf(value).removesuffix("[()]")

    def _leaf(self, value):
        """A name for what is given, and a place where it is found."""
        if type(value) is Call:
            is_number = value.function is None and isinstance(value.value, np.generic)
            return self.names[value] + "[()]" * is_number
        name = f"c{id(value)}"
        self.constants[name] = value
        return name


def is_reduction(call):
    """Whether it is a sum, mean, maximum or minimum over axes of an array, and nothing more."""
    values = getattr(call.args[0], "value", None) if call.function in REDUCTIONS else None
    plain = is_array(values) and len(call.args) <= 2 and {*call.kwargs} <= {"axis", "keepdims"}
    return plain and (call.function is not np.mean or values.dtype == call.value.dtype)


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    plain = not call.kwargs and (is_elementwise(call) or call.function is np.matmul)
    return is_array(call.value) and (plain or is_reduction(call))
