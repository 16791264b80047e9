"""A program as a function to run: a line a call, each in the spelling that is quickest.

It computes what the recorded calls computed, in the same order. The arrays for its results are
made once and kept.
"""

import operator

import numpy as np

from course.engine.program import is_array, is_elementwise
from course.engine.tape import PYTHONS, Call

__all__ = ["compiled"]

REDUCTIONS = {np.sum: np.add, np.mean: np.add, np.max: np.maximum, np.min: np.minimum}
SIGNS = {**dict(zip(PYTHONS, "+-*/", strict=True)), operator.pow: "**"}
SIGNS |= {PYTHONS[function]: SIGNS[function] for function in PYTHONS}
SHAPERS = {np.reshape, np.squeeze, np.expand_dims}  # the same numbers in another shape
FLOATS = {np.dtype(np.float32), np.dtype(np.float64)}


def compiled(program, out):
    """Make a function of the inputs and of arrays for the results; it returns the number.

    Arrays like those in `out` are to be given. Numbers among the inputs may be given as 0-d arrays.
    """
    return _Function(program, out).compiled()


class _Function:
    """Writes a program line by line, each result into an array that nobody needs any more."""

    def __init__(self, program, out):
        self.calls, self.constants = program.calls, {}
        self.names = {call: f"v{index}" for index, call in enumerate(program.inputs)}
        self.number, *results = program.outputs
        self.results = {f"out_{index}": call for index, call in enumerate(results)}
        self.buffers, self.lent = {}, []  # and who has an array that others may have afterwards
        for (name, call), array in zip(self.results.items(), out, strict=True):
            if type(call) is Call and fills(call) and _layout(call.value) == _layout(array):
                self.buffers.setdefault(call, name)
        self.last = dict.fromkeys((out for out in program.outputs if type(out) is Call), np.inf)
        for index, call in reversed(list(enumerate(self.calls))):
            until = index if fills(call) else max(index, self.last.get(call, 0))  # or it's a view
            for one in call.sources:
                self.last[one] = max(until, self.last.get(one, 0))

    def compiled(self):
        """Compile it."""
        head = f"def run({', '.join([*self.names.values(), *self.results])}):"
        scalars = [name for call, name in self.names.items() if isinstance(call.value, np.generic)]
        lines = [head, *(f"{name} = {name}[()]" for name in scalars)]
        for index, call in enumerate(self.calls):
            text = self._text(call, self._out(index, call) if fills(call) else None)
            self.names[call] = f"v{len(self.names)}"
            lines.append(f"{self.names[call]} = {text}")
        for name, call in self.results.items():
            if not (type(call) is Call and self.buffers.get(call) == name):
                lines.append(f"{name}[...] = {self._arg(call)}")
        text = "\n    ".join([*lines, f"return {self._arg(self.number)}"])
        exec(compile(text, "<program>", "exec"), self.constants)
        return self.constants["run"]

    def _text(self, call, out):
        """Text of a call, which writes into an array if it can."""
        function, args, kwargs = call.function, call.args, call.kwargs
        if is_reduction(call):
            return self._reduction(call, out)
        if function in SHAPERS and "order" not in kwargs and is_array(call.value):
            return f"{self._arg(args[0])}.reshape({call.value.shape})"
        if function in SIGNS and not (out or kwargs):  # quicker than a call for two numbers
            return f"{self._arg(args[0])} {SIGNS[function]} {self._arg(args[1])}"
        if out and function is np.power and type(args[1]) in (int, float) and args[1] == 2:
            function, args = np.square, args[:1]
        if out and _is_plain_product(call):
            function = np.dot
        given = [self._operand(arg, call) if out else self._arg(arg) for arg in args]
        given += [f"{key}={self._arg(value)}" for key, value in kwargs.items()]
        given += [f"out={out}" if function in (np.maximum, np.minimum) else out] if out else []
        return f"{self._name(function)}({', '.join(given)})"

    def _reduction(self, call, out):
        """A sum as `np.add.reduce`, a mean as a sum and a division: numpy does that, and more."""
        values, *axis = call.args
        options = {"axis": axis[0] if axis else None, "keepdims": False, **call.kwargs}
        more = f", None, {out}, {bool(options['keepdims'])}" if out else ""
        reduce = self._name(REDUCTIONS[call.function].reduce)
        text = f"{reduce}({self._arg(values)}, {options['axis']!r}{more})"
        if call.function is not np.mean:
            return text
        count = values.value.size // np.size(call.value)
        return f"{self._name(np.divide)}({text}, {count}, {out})" if out else f"{text} / {count}"

    def _out(self, index, call):
        """Name of the array that a call writes into."""
        if call not in self.buffers:
            end = index + is_elementwise(call)  # it may write over its operand
            like = (one for one in reversed(self.lent) if _layout(one.value) == _layout(call.value))
            spare = next((one for one in like if self.last[one] < end), None)
            if spare:
                self.lent.remove(spare)
            own = self.buffers[spare] if spare else self._name(np.empty_like(call.value))
            self.buffers[call] = own
            self.lent.append(call)
        return self.buffers[call]

    def _operand(self, arg, call):
        """Text of an operand beside arrays: a number as an array, with which numpy is faster."""
        dtypes = {one.value.dtype for one in call.sources if is_array(one.value)}
        if type(arg) in (int, float) and len(dtypes) == 1 and dtypes < FLOATS:
            return self._name(np.array(arg, *dtypes))
        return self._arg(arg)

    def _arg(self, arg):
        """Text of what is given; calls stand in tuples, lists and slices, too."""
        if type(arg) is Call:
            return self.names[arg]
        if type(arg) in (tuple, list):
            inner = "".join(f"{self._arg(part)}, " for part in arg)
            return f"({inner})" if type(arg) is tuple else f"[{inner}]"
        if type(arg) is slice:
            return f"slice({', '.join(map(self._arg, (arg.start, arg.stop, arg.step)))})"
        return repr(arg) if arg is None or type(arg) in (bool, int, str) else self._name(arg)

    def _name(self, value):
        name = f"c{id(value)}"
        self.constants[name] = value
        return name


def is_reduction(call):
    """Whether it is a sum, mean, maximum or minimum over axes of an array, and nothing more."""
    if call.function not in REDUCTIONS or len(call.args) > 2:
        return False
    options = {key for key, value in call.kwargs.items() if value is not None}
    values = getattr(call.args[0], "value", None)
    return (
        is_array(values)
        and options <= {"axis", "keepdims"}
        and (call.function is not np.mean or values.dtype in FLOATS)
    )


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    plain = not call.kwargs and (is_elementwise(call) or call.function is np.matmul)
    return is_array(call.value) and (plain or is_reduction(call))


def _is_plain_product(call):
    """Whether np.dot makes the same of it, with less overhead: two matrices without gaps."""
    return call.function is np.matmul and all(
        np.ndim(value := getattr(arg, "value", None)) == 2
        and value.dtype == call.value.dtype in FLOATS
        and (value.flags.c_contiguous or value.flags.f_contiguous)
        for arg in call.args
    )


def _layout(array):
    return array.shape, array.dtype, array.strides
