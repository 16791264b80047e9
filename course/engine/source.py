"""How a program reads as a Python function, with the names that a learner gave."""

import ast
import inspect
import keyword
import operator
import re

import numpy as np

from course.engine.program import is_transposition
from course.engine.tape import PYTHONS, Call, is_check, spelled
from course.trees import named

__all__ = ["Listing", "names_in"]

LONGEST = 40  # an expression up to so many characters may stand inside another
SIGNS = {
    np.add: "+", np.subtract: "-", np.multiply: "*", np.divide: "/", np.power: "**",
    np.matmul: "@", np.greater: ">", np.greater_equal: ">=", np.less: "<", np.less_equal: "<=",
    np.equal: "==", np.not_equal: "!=",
}  # fmt: skip
SIGNS |= {operator.pow: "**"} | {PYTHONS[function]: SIGNS[function] for function in PYTHONS}


class Listing:
    """A program line by line. A result that is used once stands where it is used, if it is short.

    Run with numpy as `np`, it gives loss and gradients. Looks at the data aren't shown: they
    compute nothing.

    Parameters
    ----------
    program : Program
        Of the loss and of the gradient of every parameter.
    names : list of str
        Of the parameters and of what the batch holds.

    Attributes
    ----------
    constants : dict
        By name, what the program brings along.
    """

    def __init__(self, program, names):
        self.calls = [call for call in program.calls if not is_check(call.function)]
        self.outputs, self.given, self.constants = program.outputs, names, {}
        self.names = dict(zip(program.inputs, names, strict=True))
        for call, name in zip(program.outputs, ["loss", *(f"d_{n}" for n in names)], strict=False):
            if type(call) is Call:
                self.names.setdefault(call, self._free(name))

    def text(self):
        """All of it."""
        lines, part, count = [], None, 0
        for call in self.calls:
            text = _tidy(self._call(call))
            if call not in self.names:
                users = [user for user in self.calls for one in user.sources if one is call]
                once = len(users) == 1 and users[0].backward is call.backward
                if once and len(text) <= LONGEST:
                    continue
                count += 1
                self.names[call] = self._free(f"t{count}")
            if call.backward is not part:
                part = call.backward
                lines.append("# backward: the gradient" if part else "# forward: the loss")
            lines.append(f"{self.names[call]} = {text}")
        loss, *gradients = (_tidy(self._leaf(out)) for out in self.outputs)
        lines.append(f"return {loss}, [{', '.join(gradients)}]")
        notes = [f"# {name}: {_describe(value)}" for name, value in self.constants.items()]
        head = f"def value_and_gradient({', '.join(self.given)}):"
        return "\n    ".join([head, *notes, *lines])

    def _call(self, call):
        """Text of a call, with more brackets than it needs."""
        function, args = call.function, [spelled(arg, self._leaf) for arg in call.args]
        options = {k: v for k, v in call.kwargs.items() if v is not None and v is not False}
        if function in SIGNS and not options:
            return f"({args[0]} {SIGNS[function]} {args[1]})"
        if function is np.negative:
            return f"(-{args[0]})"
        if function is operator.getitem:
            return f"{args[0]}[{self._index(call.args[1])}]"
        if is_transposition(call):
            return f"{args[0]}.T"
        named = [f"{name}={spelled(value, self._leaf)}" for name, value in options.items()]
        return f"{self._function(function)}({', '.join(args + named)})"

    def _leaf(self, arg):
        if type(arg) is Call:
            return self.names[arg] if arg in self.names else self._call(arg)
        if isinstance(arg, np.float64) or (isinstance(arg, np.ndarray) and arg.ndim == 0):
            arg = arg.item()
        if isinstance(arg, (np.dtype, type)):
            return f"np.{np.dtype(arg).name}"
        if isinstance(arg, float) and not np.isfinite(arg):
            return f"float('{arg}')"
        plain = arg is None or arg is ... or isinstance(arg, (bool, int, float, str, np.generic))
        return f"({arg!r})" if plain else self._constant(arg)

    def _index(self, index):
        if type(index) is tuple and index:
            return "".join(f"{self._index(part)}, " for part in index)
        if type(index) is slice:
            ends = (index.start, index.stop, index.step)
            return ":".join("" if end is None else self._leaf(end) for end in ends)
        return self._leaf(index)

    def _function(self, function):
        name = function.__name__
        for prefix, module in (("np", np), ("np.linalg", np.linalg)):
            if getattr(module, name, None) is function:
                return f"{prefix}.{name}"
        return self._constant(function, name)

    def _free(self, name):
        while name in self.constants or name in self.names.values():
            name += "_"
        return name

    def _constant(self, value, name=None):
        known = (name for name, other in self.constants.items() if other is value)
        found = next(known, None) or self._free(name or f"c{len(self.constants) + 1}")
        self.constants[found] = value
        return found


def _tidy(text):
    """A formula without brackets that it doesn't need."""
    return ast.unparse(ast.parse(text))


def _describe(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that the loss brings along"
    return (value.__doc__ or type(value).__name__).strip().splitlines()[0]


def names_in(model, loss, batch):
    """Names for parameters and batch: those of the fields, and of the loss's own arguments."""
    given = inspect.signature(loss).parameters.values()
    own = [p.name for p in given if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)][1:]
    arguments = own + [f"batch_{i}" for i in range(len(own), len(batch))]
    names, taken = [], {"np", "loss", "float", "slice", *keyword.kwlist}
    for name in [*(name for name, _ in named(model)), *arguments[: len(batch)]]:
        name = re.sub(r"^layers\.|^(?=\d)", "layer_", name)
        name = re.sub(r"\W", "_", name)
        while name in taken:
            name += "_"
        names.append(name)
        taken.add(name)
    return names
