"""A straight list of numpy calls, and how it reads as a Python function."""

import operator

import numpy as np
from autograd.numpy import numpy_wrapper as anp

__all__ = [
    "Call",
    "Program",
    "add_at",
    "fills",
    "is_elementwise",
    "is_equal",
    "is_known",
    "is_same",
    "take",
]


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


class Program:
    """The calls that a loss and its gradient take, none of them twice and none in vain.

    Parameters
    ----------
    inputs : dict of str to Call
        Parameters and batch, by name, in the order in which they will be given.
    calls : list of Call
        In the order in which they were made.
    outputs : list
        The loss, then gradients: calls, or values where they are always the same.
    names : list of str
        One for each gradient.
    """

    def __init__(self, inputs, calls, outputs, names):
        self.inputs = inputs
        kept = _simplified(calls)
        self.outputs = [kept[out] if isinstance(out, Call) else out for out in outputs]
        self.calls = _needed(dict.fromkeys(kept.values()), self.outputs)
        self.names = names

    @property
    def source(self):
        """The function to read. Run with numpy as `np`, it gives the loss and its gradients."""
        return _Text(self, self.names).source()

    def difference(self, other):
        """Where another program for the same does something else, as text, or None."""
        if len(self.calls) != len(other.calls):
            return "another number of calls"
        place = dict(self._pairs(other))
        for call, twin in self._pairs(other):
            if call.function is not twin.function or len(call.args) != len(twin.args):
                return f"{_called(twin)} in place of {_called(call)}"
            ours = [*call.args, *call.kwargs.items()]
            theirs = [*twin.args, *twin.kwargs.items()]
            if len(ours) != len(theirs) or not all(
                place.get(a) is b if isinstance(a, Call) else is_same(a, b)
                for a, b in zip(ours, theirs, strict=True)
            ):
                return f"another operand of {_called(call)}"
        ends = zip(self.outputs, other.outputs, strict=True)
        if all(place.get(a) is b if isinstance(a, Call) else is_same(a, b) for a, b in ends):
            return None
        return "another result"

    def _pairs(self, other):
        ours = [*self.inputs.values(), *self.calls]
        return list(zip(ours, [*other.inputs.values(), *other.calls], strict=True))


def _called(call):
    return getattr(call.function, "__name__", "an input")


def is_same(one, other):
    """Whether two constants are equal, arrays by their numbers."""
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and is_equal(one, other)
    if isinstance(one, tuple) and isinstance(other, tuple):
        return len(one) == len(other) and all(map(is_same, one, other))
    try:
        return type(one) is type(other) and bool(one == other or repr(one) == repr(other) == "nan")
    except Exception:  # what can't be compared may be different
        return False


def is_equal(one, other):
    """Whether two arrays hold the same numbers, NaN in the same places."""
    one, other = np.asarray(one), np.asarray(other)
    return np.array_equal(one, other, equal_nan=one.dtype.kind in "fc" and other.dtype.kind in "fc")


# ---- what needs doing ---------------------------------------------------------------------------


def _simplified(calls):
    """For each call the one that stands for it: the first that does the same."""
    kept, first, seen = {}, {}, set()
    for call in calls:
        args = [kept.get(arg, arg) if isinstance(arg, Call) else arg for arg in call.args]
        if call.backward:
            args = _without_filled_arrays(call, args, seen)
        else:
            seen.update(map(id, args))
        if call.function is None:
            kept[call] = call
        elif call.function is np.power and _is_one(args[1]) and _is_alike(call, args[0]):
            kept[call] = args[0]  # autograd writes the derivative of x**2 as 2 * x**1
        else:
            new = Call(call.function, args, call.kwargs, call.value, call.backward)
            key = (call.function, *map(_key, args), *map(_key, call.kwargs.items()))
            kept[call] = first.setdefault(key, new) if is_known(call) else new
    return kept


def _without_filled_arrays(call, args, seen):
    """A number in place of a fresh array that is full of it, where it would be spread anyway."""
    if not (is_elementwise(call) and len(args) == 2 and _is_alike(call, *call.sources)):
        return args
    return [
        arg.flat[0]
        if isinstance(arg, np.ndarray)
        and arg.base is None
        and id(arg) not in seen
        and arg.dtype == call.value.dtype
        and arg.size
        and np.all(arg == arg.flat[0])
        else arg
        for arg in args
    ]


def _is_alike(call, *others):
    """Whether other results have the shape and the dtype of a call's."""
    values = [getattr(other, "value", None) for other in others]
    return all(
        isinstance(value, np.ndarray)
        and value.shape == np.shape(call.value)
        and value.dtype == call.value.dtype
        for value in values
    )


def _is_one(value):
    return isinstance(value, (int, float)) and value == 1


def _key(value):
    """A key that two arguments share only if no function can tell them apart."""
    if isinstance(value, (tuple, list)):
        return (type(value), *map(_key, value))
    if isinstance(value, (bool, int, float, np.generic)):
        return type(value), repr(value)
    return id(value)


def _needed(calls, outputs):
    """The calls that the results depend on, in their order, without the inputs.

    A call that isn't known is kept for what it may find out: that its result has another shape.
    """
    needed = {out for out in outputs if isinstance(out, Call)}
    needed.update(call for call in calls if call.function is not None and not is_known(call))
    for call in reversed(calls):
        if call in needed:
            needed.update(call.sources)
    return [call for call in calls if call in needed and call.function is not None]


# ---- which functions are what -------------------------------------------------------------------


def take(array, *index):
    """`array[index]`, as a function."""
    return array[index if len(index) != 1 else index[0]]


def add_at(start, values, *index, dtype=float):
    """Add values at places of an array, or of zeros of a shape."""
    total = np.zeros(start, dtype) if isinstance(start, tuple) else start.copy()
    np.add.at(total, index, values)
    return total


REDUCTIONS = {np.sum: np.add, np.prod: np.multiply, np.max: np.maximum, np.min: np.minimum}
# Other functions whose result has a shape that follows from the shapes they are given.
SHAPELY = {
    np.mean, np.var, np.std, np.argmax, np.argmin, np.cumsum, np.dot, np.tensordot, np.einsum,
    np.inner, np.outer, np.reshape, np.ravel, np.transpose, np.swapaxes, np.squeeze,
    np.expand_dims, np.broadcast_to, np.clip, np.sort, np.argsort, np.astype, np.roll, np.flip,
    np.zeros_like, np.ones_like, np.linalg.norm, np.linalg.inv, np.linalg.det, np.linalg.solve,
    np.asarray, np.real, np.round, np.triu, np.tril, add_at, anp.concatenate_args.fun,
    anp.array_from_args.fun,
}  # fmt: skip

PYTHONS = {operator.add, operator.sub, operator.mul, operator.truediv, operator.pow, operator.neg}


def is_known(call):
    """Whether it is numpy's, and the shape of its result follows from those of its operands."""
    function = call.function
    if function is take:  # a mask takes as many as it likes
        return not any(np.asarray(index.value).dtype == bool for index in call.sources[1:])
    if function is np.where:
        return len(call.args) == 3
    if getattr(function, "is_check", False) or function in PYTHONS:
        return True
    return isinstance(function, np.ufunc) or function in REDUCTIONS or function in SHAPELY


def is_elementwise(call):
    """Whether each number of the result comes of the numbers in its place."""
    function = call.function
    return isinstance(function, np.ufunc) and function.nout == 1 and function.signature is None


def fills(call):
    """Whether the call can write its result into an array that it is given."""
    if not isinstance(call.value, np.ndarray) or call.value.ndim == 0:
        return False
    if call.function in REDUCTIONS:
        return is_plain_reduction(call)
    return not call.kwargs and (is_elementwise(call) or call.function is np.matmul)


def is_plain_reduction(call):
    """Whether it is a sum, a product, a maximum or a minimum over axes, and nothing more."""
    return (
        call.function in REDUCTIONS
        and isinstance(call.args[0], Call)
        and isinstance(call.args[0].value, np.ndarray)
        and len(call.sources) == 1
        and len(call.args) <= 2
        and not set(call.kwargs) - {"axis", "keepdims"}
    )


# ---- how it reads -------------------------------------------------------------------------------

OPERATORS = {  # and how tightly they bind
    np.greater: (">", 1), np.greater_equal: (">=", 1), np.less: ("<", 1), np.equal: ("==", 1),
    np.less_equal: ("<=", 1), np.not_equal: ("!=", 1), np.add: ("+", 2), np.subtract: ("-", 2),
    np.multiply: ("*", 3), np.divide: ("/", 3), np.matmul: ("@", 3), np.power: ("**", 5),
}  # fmt: skip
SIGN, ATOM = 4, 6
LONGEST = 40  # an expression up to so many characters may stand inside another


class _Text:
    """A program as text. A result that is used once stands where it is used, if that is short."""

    def __init__(self, program, names):
        self.program, self.constants, self.known = program, {}, {}
        self.names = {call: name for name, call in program.inputs.items()}
        wanted = ["loss", *(f"d_{name}" for name in names)]
        for call, name in zip(program.outputs, wanted, strict=True):
            if isinstance(call, Call) and call not in self.names:
                self.names[call] = self._free(name)
        self.users = {}
        for call in program.calls:
            for source in call.sources:
                self.users.setdefault(source, []).append(call)

    def source(self):
        """The function, line by line."""
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
        head = f"def value_and_gradient({', '.join(self.program.inputs)}):"
        return "\n    ".join([head, *notes, *lines])

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
        if function is np.transpose and len(call.args) == 1 and not kwargs:
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


def _describe(value):
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape} that the loss brings along"
    told = (getattr(value, "__doc__", None) or "").strip().splitlines()
    return told[0] if callable(value) and told else f"a {type(value).__name__} of the loss's own"
