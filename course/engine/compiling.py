"""A program, compiled to run fast: its results go into arrays that are made once and kept.

An array is used again as soon as the result in it has been used for the last time, so that all of
them stay in the processor's cache. What is computed is the same to the bit.
"""

import numpy as np

from course.engine.program import (
    REDUCTIONS,
    Call,
    fills,
    is_elementwise,
    is_known,
    is_plain_reduction,
    take,
)

__all__ = ["ShapeChanged", "compiled"]

SHAPERS = {np.reshape, np.expand_dims, np.squeeze}  # the same numbers in another shape


class ShapeChanged(Exception):
    """A result came in another shape than the one it was recorded with."""


def compiled(program, destinations, scratch=()):
    """Make a function of parameters, batch and destinations that returns the loss.

    The gradients are written into the destinations, an array for each; those given here say what
    such arrays are like. Numbers among the parameters are given as 0-d arrays or numpy's floats,
    never as Python's, whose dtype is anyone's. Inputs in `scratch` may be written over.
    """
    return _Writer(program, destinations, scratch).function()


class _Writer:
    """Writes the function line by line, and keeps account of what is in which array."""

    def __init__(self, program, destinations, scratch):
        self.program = program
        self.values, self.lines = {}, []  # what the free names of the function are; its lines
        self.names = {call: f"v{i}" for i, call in enumerate(program.inputs)}
        self.last_use = _last_uses(program)
        self.buffers, self.lent, self.free = {}, {}, {}
        self.loss, *gradients = program.outputs
        self.destinations = {f"into_{i}": call for i, call in enumerate(gradients)}
        for (name, call), array in zip(self.destinations.items(), destinations, strict=True):
            if isinstance(call, Call) and _fits(call, array):
                self.buffers.setdefault(call, name)
        for call in scratch:
            self.buffers[call], self.lent[call] = self.names[call], _layout(call)
        self._prepare_destinations()

    def _prepare_destinations(self):
        """What a result is made of at once is best put where the result will be."""
        for index, call in reversed(list(enumerate(self.program.calls))):
            if call in self.buffers and is_elementwise(call):
                for source in call.sources:
                    last = self.last_use.get(source) == index and source not in self.buffers
                    if last and fills(source) and _layout(source) == _layout(call):
                        self.buffers[source] = self.buffers[call]
                        break

    def function(self):
        """Compile it."""
        inputs = ", ".join([*self.names.values(), *self.destinations])
        for index, call in enumerate(self.program.calls):
            text = self._call(index, call)
            self.names[call] = f"v{len(self.names)}"
            self.lines.append(f"{self.names[call]} = {text}")
        for name, call in self.destinations.items():
            if not (isinstance(call, Call) and self.buffers.get(call) == name):
                self.lines.append(f"{name}[...] = {self._operand(call)}")
        self.lines.append(f"return {self._operand(self.loss)}")
        body = "\n    ".join(self.lines)
        exec(f"def run({inputs}):\n    {body}", self.values)
        return self.values["run"]

    def _call(self, index, call):
        """The right side of a line."""
        function, args = call.function, [self._number(call, arg) for arg in call.args]
        if is_plain_reduction(call):
            return self._reduction(index, call, args[0])
        if function is np.mean and _is_whole_mean(call):
            return self._mean(call, args[0])
        if function is take and is_known(call):
            return f"{args[0]}[{', '.join(args[1:])}]"
        if function in (np.transpose, np.swapaxes) and not call.kwargs:
            return f"{args[0]}.{function.__name__}({', '.join(args[1:])})"
        if function in SHAPERS and len(args) <= 2 and "order" not in call.kwargs:
            return f"{args[0]}.reshape({np.shape(call.value)})"
        if function is np.power and _is_square(call):
            function, args = np.square, args[:1]
        if function is np.matmul and _is_plain_product(call):
            function = np.dot  # the same, behind a door that is quicker to open
        if fills(call):
            by_name = "out=" if function in (np.maximum, np.minimum) else ""
            args.append(by_name + self._out(index, call))
        elif not is_known(call):
            function = _guarded(function, call.value)
        args += [f"{key}={self._operand(value)}" for key, value in call.kwargs.items()]
        return f"{self._free_name(function)}({', '.join(args)})"

    def _reduction(self, index, call, values):
        """`np.sum` and its like are a ufunc's `reduce`, behind a door that takes time."""
        axis = call.args[1] if len(call.args) == 2 else call.kwargs.get("axis")
        reduce = self._free_name(REDUCTIONS[call.function].reduce)
        if call.kwargs.get("keepdims"):
            return f"{reduce}({values}, {axis!r}, None, {self._out(index, call)}, True)"
        if fills(call) or call in self.buffers:
            return f"{reduce}({values}, {axis!r}, None, {self._out(index, call)})"
        return f"{reduce}({values}, {axis!r})"

    def _mean(self, call, values):
        """`np.mean` to the bit: the sum in its own dtype, the division in float64."""
        count = float(call.args[0].value.size)
        total = f"{self._free_name(np.add.reduce)}({values}, None)"
        if call.value.dtype == np.float64:
            return f"{total} / {count}"
        return f"{self._free_name(call.value.dtype.type)}(float({total}) / {count})"

    def _number(self, call, arg):
        """A number as an array of the dtype that it is computed with: numpy is faster with it."""
        if is_elementwise(call) and isinstance(arg, (int, float, np.floating)):
            others = [a.value for a in call.sources if isinstance(a.value, np.ndarray)]
            if len(others) == 1 and others[0].dtype.kind == "f" and not isinstance(arg, bool):
                dtype = arg.dtype if isinstance(arg, np.floating) else others[0].dtype
                return self._free_name(np.array(arg, dtype=dtype), "number")
        return self._operand(arg)

    def _operand(self, arg):
        return self.names[arg] if isinstance(arg, Call) else self._free_name(arg, "constant")

    def _free_name(self, value, name=""):
        """A name that the function finds among its globals."""
        name = f"{getattr(value, '__name__', name)}_{len(self.values)}"
        name = name if name.isidentifier() else f"value_{len(self.values)}"
        self.values[name] = value
        return name

    def _out(self, index, call):
        """Name of the array that a call is to write into."""
        if is_elementwise(call):  # it may write over its operand; a matrix product may not
            self._take_back(index)
        if call not in self.buffers:
            free = self.free.get(_layout(call))
            self.buffers[call] = (
                free.pop() if free else self._free_name(np.empty_like(call.value), "buffer")
            )
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
    ends = [owners.get(out, ()) for out in program.outputs if isinstance(out, Call)]
    return {**last, **{owner: len(program.calls) for some in ends for owner in some}}


def _fits(call, array):
    """Whether a gradient can be written where it is wanted at once."""
    single = is_plain_reduction(call) and array.ndim == 0
    return (
        (single or fills(call))
        and call.value.dtype == array.dtype
        and np.shape(call.value) == array.shape
        and (single or call.value.strides == array.strides)
    )


def _is_whole_mean(call):
    values = call.args[0].value if len(call.args) == 1 and call.sources else None
    single = isinstance(values, np.ndarray) and values.dtype in (np.float32, np.float64)
    return single and all(option is None for option in call.kwargs.values())


def _is_plain_product(call):
    """Whether both make the same of it: of two matrices of one dtype, neither with gaps."""
    a, b = (getattr(arg, "value", None) for arg in call.args)
    return all(
        isinstance(v, np.ndarray)
        and v.ndim == 2
        and v.dtype == call.value.dtype
        and v.dtype in (np.float32, np.float64)
        and (v.flags.c_contiguous or v.flags.f_contiguous)
        for v in (a, b)
    )


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
            raise ShapeChanged(f"the result of {function.__name__} has another shape than at first")
        return result

    return guarded


def _shape(value):
    if isinstance(value, (tuple, list)):
        return tuple(map(_shape, value))
    if isinstance(value, (np.ndarray, np.generic)):
        return value.shape, value.dtype
    return type(value)
