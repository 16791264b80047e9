"""How a program reads as a Python function, with the names that a learner gave."""

import inspect
import keyword
import operator

import numpy as np

from course.engine.program import is_check, is_numpys
from course.engine.tape import UFUNCS, Call
from course.trees import named

__all__ = ["ATOM", "Listing", "Text", "names_in"]

MINUS, ATOM = 4, 6
LONGEST = 40  # an expression up to so many characters may stand inside another


SIGNS = {  # and how tightly they bind
    operator.add: ("+", 2), operator.sub: ("-", 2), operator.mul: ("*", 3),
    operator.truediv: ("/", 3), operator.pow: ("**", 5),
}  # fmt: skip
UFUNC_SIGNS = {
    np.greater: (">", 1), np.greater_equal: (">=", 1), np.less: ("<", 1), np.equal: ("==", 1),
    np.less_equal: ("<=", 1), np.not_equal: ("!=", 1), np.matmul: ("@", 3),
    **{UFUNCS.get(function, np.power): SIGNS[function] for function in SIGNS},
}  # fmt: skip


class Text:
    """A program as text.

    Attributes
    ----------
    names : dict
        Of what is known by a name: call, name.
    constants : dict
        Names of what the program brings along.
    """

    signs = SIGNS

    def __init__(self, program, names):
        self.outputs, self.constants = program.outputs, {}
        self.names = dict(zip(program.inputs, names, strict=True))

    def call(self, call):
        """Text of a call, and how tightly it binds."""
        function, args, kwargs = call.function, call.args, self._options(call)
        if function in self.signs and not kwargs:
            sign, level = self.signs[function]
            left, right = level + (level in (1, 5)), level + (level != 5)
            return f"{self.arg(args[0], left)} {sign} {self.arg(args[1], right)}", level
        if _is_transposition(call) and not kwargs:
            return f"{self.arg(args[0], ATOM)}.T", ATOM
        if function is operator.getitem:
            return f"{self.arg(args[0], ATOM)}[{self._index(args[1])}]", ATOM
        return self.spelled_out(self._function(call), args, kwargs)

    def spelled_out(self, name, args, kwargs):
        """Text of a function with what it is given."""
        given = [*map(self.arg, args), *(f"{key}={self.arg(kwargs[key])}" for key in kwargs)]
        return f"{name}({', '.join(given)})", ATOM

    def arg(self, arg, level=0):
        """Text of an operand, in brackets if it binds less tightly than asked for."""
        text, own = self._arg(arg)
        return f"({text})" if own < level else text

    def _arg(self, arg):
        if type(arg) is Call:
            return (self.names[arg], ATOM) if arg in self.names else self.call(arg)
        if isinstance(arg, float) and not np.isfinite(arg):
            return f"float('{arg}')", ATOM
        if arg is None or type(arg) in (bool, int, float, str):
            return repr(arg), MINUS if repr(arg).startswith("-") else ATOM
        if type(arg) in (tuple, list):
            inner = ", ".join(map(self.arg, arg))
            return (
                f"({inner}{',' * (len(arg) == 1)})" if type(arg) is tuple else f"[{inner}]"
            ), ATOM
        if type(arg) is slice:
            return f"slice({', '.join(map(self.arg, (arg.start, arg.stop, arg.step)))})", ATOM
        if isinstance(arg, np.dtype):
            return f"np.{arg.name}", ATOM
        return self._constant(arg, f"c{len(self.constants) + 1}"), ATOM

    def _index(self, index):
        """Text of what stands between square brackets."""
        if type(index) is tuple and index:
            return ", ".join(map(self._index, index)) + "," * (len(index) == 1)
        if type(index) is slice:
            ends = ["" if e is None else self.arg(e) for e in (index.start, index.stop)]
            return ":".join(ends + ([] if index.step is None else [self.arg(index.step)]))
        return "..." if index is Ellipsis else self.arg(index)

    def _options(self, call):
        return call.kwargs

    def _free(self, name):
        while name in self.constants or name in self.names.values():
            name += "_"
        return name

    def _constant(self, value, name):
        for known, other in self.constants.items():
            if other is value:
                return known
        name = self._free(name if name.isidentifier() else "function")
        self.constants[name] = value
        return name


class Listing(Text):
    """A program line by line. A result that is used once stands where it is used, if it is short.

    Run with numpy as `np`, it gives loss and gradients. Looks at the data aren't shown: they
    compute nothing.

    Parameters
    ----------
    program : Program
        Of the loss and of the gradient of every parameter.
    names : list of str
        Of the parameters and of what the batch holds.
    """

    signs = SIGNS | UFUNC_SIGNS

    def __init__(self, program, names):
        super().__init__(program, names)
        self.calls = [call for call in program.calls if not is_check(call)]
        self.given = names
        for call, name in zip(program.outputs, ["loss", *(f"d_{n}" for n in names)], strict=False):
            if type(call) is Call and call not in self.names:
                self.names[call] = self._free(name)

    def text(self):
        """All of it."""
        lines, part, count = [], None, 0
        for call in self.calls:
            users = [user for user in self.calls for one in user.sources if one is call]
            once = len(users) == 1 and users[0].backward is call.backward
            if call not in self.names and once and len(self.call(call)[0]) <= LONGEST:
                continue
            text, _ = self.call(call)
            if call not in self.names:
                count += 1
                self.names[call] = self._free(f"t{count}")
            if call.backward is not part:
                part = call.backward
                lines.append("# backward: the gradient" if part else "# forward: the loss")
            lines.append(f"{self.names[call]} = {text}")
        loss, *gradients = map(self.arg, self.outputs)
        lines.append(f"return {loss}, [{', '.join(gradients)}]")
        notes = [f"# {name}: {_describe(value)}" for name, value in self.constants.items()]
        head = f"def value_and_gradient({', '.join(self.given)}):"
        return "\n    ".join([head, *notes, *lines])

    def call(self, call):
        """Text of a call, and how tightly it binds."""
        function, args = call.function, call.args
        if function in (np.negative, operator.neg) and not call.kwargs:
            return f"-{self.arg(args[0], MINUS)}", MINUS
        if getattr(function, "__objclass__", None) in (np.ndarray, np.generic):
            name = f"{self.arg(args[0], ATOM)}.{function.__name__}"
            return self.spelled_out(name, args[1:], self._options(call))
        return super().call(call)

    def _arg(self, arg):
        if isinstance(arg, np.float64) or (isinstance(arg, np.ndarray) and arg.ndim == 0):
            arg = arg.item()
        if isinstance(arg, np.generic):
            return repr(arg), ATOM
        if isinstance(arg, type) and arg.__module__ in ("builtins", "numpy"):
            return f"{'np.' if arg.__module__ == 'numpy' else ''}{arg.__name__}", ATOM
        return super()._arg(arg)

    def _options(self, call):
        """What is given by name, without what numpy takes if nothing is given."""
        kwargs = call.kwargs.items()
        return {
            k: v for k, v in kwargs if not is_numpys(call) or (v is not None and v is not False)
        }

    def _function(self, call):
        name = getattr(call.function, "__name__", "function")
        for prefix, module in (("np", np), ("np.linalg", np.linalg)):
            if getattr(module, name, None) is call.function:
                return f"{prefix}.{name}"
        return self._constant(call.function, name)


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
    try:
        arguments = list(inspect.signature(loss).parameters.values())[1 : len(batch) + 1]
    except (TypeError, ValueError):
        arguments = []
    names += [argument.name for argument in arguments if argument.kind < argument.VAR_POSITIONAL]
    names += [f"batch_{i}" for i in range(len(names) - len(ways), len(batch))]
    taken = {"np", "loss", *keyword.kwlist}
    for index in range(len(names)):
        while names[index] in taken:
            names[index] += "_"
        taken.add(names[index])
    return names
