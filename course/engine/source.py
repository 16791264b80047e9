"""How a program reads as a Python function, with the names that a learner gave."""

import inspect
import keyword

import numpy as np

from course.engine.program import Call, is_known, take
from course.trees import places

__all__ = ["Listing", "names_in"]

OPERATORS = {  # and how tightly they bind
    np.greater: (">", 1), np.greater_equal: (">=", 1), np.less: ("<", 1), np.equal: ("==", 1),
    np.less_equal: ("<=", 1), np.not_equal: ("!=", 1), np.add: ("+", 2), np.subtract: ("-", 2),
    np.multiply: ("*", 3), np.divide: ("/", 3), np.matmul: ("@", 3), np.power: ("**", 5),
}  # fmt: skip
SIGN, ATOM = 4, 6
LONGEST = 40  # an expression up to so many characters may stand inside another


class Listing:
    """A program as text. A result that is used once stands where it is used, if that is short.

    Parameters
    ----------
    program : Program
        Of the loss and of the gradient of every parameter.
    names : list of str
        Of the parameters and of what the batch holds.
    """

    def __init__(self, program, names):
        self.program, self.constants, self.known = program, {}, {}
        self.names = dict(zip(program.inputs, names, strict=True))
        self.head = f"def value_and_gradient({', '.join(names)}):"
        wanted = ["loss", *(f"d_{name}" for name in names)]
        for call, name in zip(program.outputs, wanted, strict=False):
            if isinstance(call, Call) and call not in self.names:
                self.names[call] = self._free(name)
        self.users = {}
        for call in program.calls:
            for source in call.sources:
                self.users.setdefault(source, []).append(call)

    def source(self):
        """The function, line by line. Run with numpy as `np`, it gives loss and gradients."""
        lines, part, count = [], None, 0
        for call in self.program.calls:
            if call not in self.names and self._stands_inside(call):
                continue
            if call not in self.names:
                count += 1
                text, self.names[call] = self.call(call)[0], self._free(f"t{count}")
            else:
                text = self.call(call)[0]
            if call.backward is not part:
                part = call.backward
                lines.append("# backward: the gradient" if part else "# forward: the loss")
            lines.append(f"{self.names[call]} = {text}")
        loss, *gradients = (self.arg(out)[0] for out in self.program.outputs)
        lines.append(f"return {loss}, [{', '.join(gradients)}]")
        notes = [f"# {name}: {_describe(value)}" for name, value in self.constants.items()]
        return "\n    ".join([self.head, *notes, *lines])

    def _stands_inside(self, call):
        users = self.users.get(call, ())
        once = len(users) == 1 and users[0].backward is call.backward
        return once and is_known(call) and len(self.call(call)[0]) <= LONGEST

    def call(self, call):
        """Text of a call, and how tightly it binds."""
        function = call.function
        kwargs = {k: v for k, v in call.kwargs.items() if v is not None and v is not False}
        if function in OPERATORS and not kwargs:
            sign, level = OPERATORS[function]
            left = self.arg(call.args[0], level + (level in (1, 5)))
            return f"{left[0]} {sign} {self.arg(call.args[1], level + (level != 5))[0]}", level
        if function is np.negative and not kwargs:
            return f"-{self.arg(call.args[0], SIGN)[0]}", SIGN
        if _is_transposition(call) and not kwargs:
            return f"{self.arg(call.args[0], ATOM)[0]}.T", ATOM
        if function is take:
            array, *index = call.args
            return f"{self.arg(array, ATOM)[0]}[{', '.join(map(self.index, index))}]", ATOM
        given = [self.arg(arg)[0] for arg in call.args]
        given += [f"{key}={self.arg(value)[0]}" for key, value in kwargs.items()]
        return f"{self.function(function)}({', '.join(given)})", ATOM

    def arg(self, arg, level=0):
        """Text of an operand, in brackets if it binds less tightly than asked for."""
        text, own = self._arg(arg)
        return (f"({text})", ATOM) if own < level else (text, own)

    def _arg(self, arg):
        if isinstance(arg, Call):
            return (self.names[arg], ATOM) if arg in self.names else self.call(arg)
        if isinstance(arg, np.float64):
            arg = arg.item()
        if isinstance(arg, float) and not np.isfinite(arg):
            return f"float('{arg}')", ATOM
        if arg is None or isinstance(arg, (bool, int, float, str)):
            return repr(arg), SIGN if repr(arg).startswith("-") else ATOM
        if isinstance(arg, tuple) and all(a is None or type(a) in (int, np.int64) for a in arg):
            return repr(tuple(a if a is None else int(a) for a in arg)), ATOM
        if isinstance(arg, np.generic):
            return repr(arg), ATOM
        if isinstance(arg, type) and arg.__module__ in ("builtins", "numpy"):
            return f"{'np.' if arg.__module__ == 'numpy' else ''}{arg.__name__}", ATOM
        return self._constant(arg), ATOM

    def index(self, index):
        """Text of what stands between square brackets."""
        if isinstance(index, slice):
            ends = ["" if end is None else str(end) for end in (index.start, index.stop)]
            return ":".join(ends + ([] if index.step is None else [str(index.step)]))
        return "..." if index is Ellipsis else self.arg(index)[0]

    def function(self, function):
        """Name of a function."""
        for prefix, module in (("np", np), ("np.linalg", np.linalg)):
            if getattr(module, function.__name__, None) is function:
                return f"{prefix}.{function.__name__}"
        return self._constant(function, function.__name__)

    def _free(self, name):
        while name in self.constants or name in self.names.values():
            name += "_"
        return name

    def _constant(self, value, name=None):
        if id(value) not in self.known:
            name = name if name and name.isidentifier() else f"c{len(self.known) + 1}"
            name = self._free(name)
            self.known[id(value)], self.constants[name] = name, value
        return self.known[id(value)]


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
    ways = {}
    for index, way, _ in places(model):
        ways.setdefault(index, [name for _, name in way])
    last = [_last_name(way) for way in ways.values()]
    names = [
        name if last.count(name) == 1 else "_".join([name, *_numbers(way)])
        for name, way in zip(last, ways.values(), strict=True)
    ]
    return _unique([*names, *_argument_names(loss, len(batch))])


def _last_name(way):
    return next((str(name) for name in reversed(way) if str(name).isidentifier()), "p")


def _numbers(way):
    return [str(name) for name in way if isinstance(name, int)]


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
