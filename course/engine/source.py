"""How a program reads as a Python function, with the names that a learner gave."""

import inspect
import keyword
import operator

import numpy as np

from course.engine.program import has_fixed_shape, is_check
from course.engine.tape import Call
from course.trees import named

__all__ = ["names_in", "source"]

SIGNS = {  # and how tightly they bind
    np.greater: (">", 1), np.greater_equal: (">=", 1), np.less: ("<", 1), np.equal: ("==", 1),
    np.less_equal: ("<=", 1), np.not_equal: ("!=", 1), np.add: ("+", 2), np.subtract: ("-", 2),
    np.multiply: ("*", 3), np.divide: ("/", 3), np.matmul: ("@", 3), np.power: ("**", 5),
    operator.add: ("+", 2), operator.sub: ("-", 2), operator.mul: ("*", 3),
    operator.truediv: ("/", 3), operator.pow: ("**", 5),
}  # fmt: skip
MINUS, ATOM = 4, 6
LONGEST = 40  # an expression up to so many characters may stand inside another


def source(program, model, loss, batch):
    """The function as text. Run with numpy as `np`, it gives loss and gradients."""
    return Listing(program, names_in(model, loss, batch)).text()


class Listing:
    """A program line by line. A result that is used once stands where it is used, if it is short.

    Looks at the data aren't shown: they compute nothing.

    Parameters
    ----------
    program : Program
        Of the loss and of the gradient of every parameter.
    names : list of str
        Of the parameters and of what the batch holds.

    Attributes
    ----------
    constants : dict of str
        Names of what the loss brings along.
    """

    def __init__(self, program, names):
        self.calls = [call for call in program.calls if not is_check(call)]
        self.outputs, self.given, self.constants = program.outputs, names, {}
        self.names = dict(zip(program.inputs, names, strict=True))
        for call, name in zip(program.outputs, ["loss", *(f"d_{n}" for n in names)], strict=False):
            if type(call) is Call and call not in self.names:
                self.names[call] = self._free(name)
        self.users = {}
        for call in self.calls:
            for one in call.sources:
                self.users.setdefault(one, []).append(call)

    def text(self):
        """All of it."""
        lines, part, count = [], None, 0
        for call in self.calls:
            if call not in self.names and self._stands_inside(call):
                continue
            text, _ = self.call(call)
            if call not in self.names:
                count += 1
                self.names[call] = self._free(f"t{count}")
            if call.backward is not part:
                part = call.backward
                lines.append("# backward: the gradient" if part else "# forward: the loss")
            lines.append(f"{self.names[call]} = {text}")
        loss, *gradients = (self.arg(out) for out in self.outputs)
        lines.append(f"return {loss}, [{', '.join(gradients)}]")
        notes = [f"# {name}: {_describe(value)}" for name, value in self.constants.items()]
        head = f"def value_and_gradient({', '.join(self.given)}):"
        return "\n    ".join([head, *notes, *lines])

    def _stands_inside(self, call):
        users = self.users.get(call, ())
        once = len(users) == 1 and users[0].backward is call.backward
        return once and has_fixed_shape(call) and len(self.call(call)[0]) <= LONGEST

    def call(self, call):
        """Text of a call, and how tightly it binds."""
        function, args = call.function, call.args
        kwargs = {k: v for k, v in call.kwargs.items() if v is not None and v is not False}
        if function in SIGNS and not kwargs:
            sign, level = SIGNS[function]
            left, right = level + (level in (1, 5)), level + (level != 5)
            return f"{self.arg(args[0], left)} {sign} {self.arg(args[1], right)}", level
        if function in (np.negative, operator.neg) and not kwargs:
            return f"-{self.arg(args[0], MINUS)}", MINUS
        if _is_transposition(call) and not kwargs:
            return f"{self.arg(args[0], ATOM)}.T", ATOM
        if function is operator.getitem:
            return f"{self.arg(args[0], ATOM)}[{self._index(args[1])}]", ATOM
        method = getattr(function, "__objclass__", None) in (np.ndarray, np.generic)
        name = (
            f"{self.arg(args[0], ATOM)}.{function.__name__}" if method else self._function(function)
        )
        given = [self.arg(arg) for arg in args[method:]]
        given += [f"{key}={self.arg(value)}" for key, value in kwargs.items()]
        return f"{name}({', '.join(given)})", ATOM

    def arg(self, arg, level=0):
        """Text of an operand, in brackets if it binds less tightly than asked for."""
        text, own = self._arg(arg)
        return f"({text})" if own < level else text

    def _arg(self, arg):
        if type(arg) is Call:
            return (self.names[arg], ATOM) if arg in self.names else self.call(arg)
        if isinstance(arg, np.float64) or (isinstance(arg, np.ndarray) and arg.ndim == 0):
            arg = arg.item()
        if isinstance(arg, float) and not np.isfinite(arg):
            return f"float('{arg}')", ATOM
        if arg is None or isinstance(arg, (bool, int, float, str)):
            return repr(arg), MINUS if repr(arg).startswith("-") else ATOM
        if type(arg) in (tuple, list):
            inner = ", ".join(map(self.arg, arg)) + (
                "," if type(arg) is tuple and len(arg) == 1 else ""
            )
            return (f"({inner})" if type(arg) is tuple else f"[{inner}]"), ATOM
        if isinstance(arg, np.generic):
            return repr(arg), ATOM
        if isinstance(arg, np.dtype):
            return f"np.{arg.name}", ATOM
        if isinstance(arg, type) and arg.__module__ in ("builtins", "numpy"):
            return f"{'np.' if arg.__module__ == 'numpy' else ''}{arg.__name__}", ATOM
        return self._constant(arg, f"c{len(self.constants) + 1}"), ATOM

    def _index(self, index):
        """Text of what stands between square brackets."""
        if type(index) is tuple and index:
            return ", ".join(map(self._index, index))
        if type(index) is slice:
            ends = ["" if e is None else self.arg(e) for e in (index.start, index.stop)]
            return ":".join(ends + ([] if index.step is None else [self.arg(index.step)]))
        return "..." if index is Ellipsis else self.arg(index)

    def _function(self, function):
        name = getattr(function, "__name__", "function")
        for prefix, module in (("np", np), ("np.linalg", np.linalg)):
            if getattr(module, name, None) is function:
                return f"{prefix}.{name}"
        return self._constant(function, name if name.isidentifier() else "function")

    def _free(self, name):
        while name in self.constants or name in self.names.values():
            name += "_"
        return name

    def _constant(self, value, name):
        for known, other in self.constants.items():
            if other is value:
                return known
        name = self._free(name)
        self.constants[name] = value
        return name


def _is_transposition(call):
    """Whether it is `.T`."""
    if call.function is np.swapaxes and call.value.ndim == 2:
        return {axis % 2 for axis in call.args[1:]} == {0, 1}
    return call.function is np.transpose and len(call.args) == 1


def _describe(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that the loss brings along"
    told = (getattr(value, "__doc__", None) or "").strip().splitlines()
    return told[0] if callable(value) and told else f"a {type(value).__name__} of the loss's own"


def names_in(model, loss, batch):
    """Names for parameters and batch: those of the fields, and of the loss's own arguments.

    Where several fields have the same name, as in a chain of layers, their place is added.
    """
    ways = [name.split(".") for name, _ in named(model)]
    last = [next((part for part in reversed(way) if part.isidentifier()), "p") for way in ways]
    names = [
        name if last.count(name) == 1 else "_".join([name, *filter(str.isdigit, way)])
        for name, way in zip(last, ways, strict=True)
    ]
    return _unique([*names, *_argument_names(loss, len(batch))])


def _argument_names(loss, count):
    try:
        arguments = list(inspect.signature(loss).parameters.values())[1 : count + 1]
    except (TypeError, ValueError):
        arguments = []
    names = [argument.name for argument in arguments if argument.kind < argument.VAR_POSITIONAL]
    return names + [f"batch_{i}" for i in range(len(names), count)]


def _unique(names):
    taken = {"np", "loss", *keyword.kwlist}
    for index in range(len(names)):
        while names[index] in taken:
            names[index] += "_"
        taken.add(names[index])
    return names
