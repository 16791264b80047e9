"""A gradient, recorded once and replayed as plain numpy.

autograd finds a gradient by watching: it follows each number through the loss and back again, and
at the sizes of this course the watching takes longer than the arithmetic. But the way back is made
of numpy's functions too. So we watch the watcher: while autograd works, a second trace around it
writes down each call, forward and backward. What comes out is a straight list of numpy calls with
no autograd in it, and it prints as a function that can be read: this is the gradient.

A recording knows only what was done to the numbers. A loss that looks at one (`if`, `float(...)`)
might do something else with the next, so it isn't recorded; and `Replay`, which `train` uses, goes
on holding the recording against the ordinary gradient, since it can't see randomness or a clock.
"""

import inspect
import keyword
import operator
import weakref
from contextlib import contextmanager

import numpy as np
from autograd.core import VSpace, sparse_add
from autograd.extend import defvjp, primitive, register_notrace, vspace
from autograd.numpy import numpy_wrapper as anp
from autograd.numpy.numpy_boxes import ArrayBox
from autograd.numpy.numpy_vjps import untake
from autograd.tracer import Box, Node, getval, isbox, trace_stack
from autograd.util import func

from course.autodiff import (
    backpropagate,
    differentiate,
    like,
    plain,
    require_parameters,
    traceable,
)
from course.programs import Call, Program, add_at, take
from course.trees import children, places, rebuild

__all__ = ["Recording", "Replay", "record"]


def record(loss, model, *batch):
    """Record the gradient of a loss as a straight list of numpy calls.

    Parameters
    ----------
    loss, model, *batch
        As `gradient` takes them. The loss is called twice, and has to do the same both times.

    Returns
    -------
    Recording
        `recording(model, *batch)` is `gradient(loss, model, *batch)`, only faster;
        `recording.source` is what it runs, to read. A model or batch of another kind (such as
        the last, shorter batch) is recorded anew.

    Raises
    ------
    ValueError
        The loss can't be recorded; the message says what it does.

    >>> def loss(model, x, y):
    ...     return np.mean((model["m"] * x - y) ** 2)
    >>> print(record(loss, {"m": 3.0}, np.arange(4.0), np.ones(4)).source)
    def value_and_gradient(m, x, y):
        # c1 is an array of shape (4,) that the loss brings along
        # forward: the loss
        t1 = m * x
        t2 = t1 - y
        t3 = t2 ** 2
        loss = np.mean(t3)
        # backward: the gradient
        t4 = t2 ** 1.0
        t5 = c1 * t4
        t6 = x * t5
        d_m = np.sum(t6, axis=0)
        return loss, [d_m]
    """
    return Recording(loss, model, batch)


# ---- watching -----------------------------------------------------------------------------------


class Tape:
    """What is written down while a loss and its gradient are computed."""

    def __init__(self):
        self.calls, self.boxes, self.trace = [], [], None
        self.backward, self.refusal = False, None

    def refuse(self, why):
        """Note why this can't be replayed; what is being computed stays right."""
        self.refusal = self.refusal or why

    def end(self):
        """Turn what the loss may have kept of the traced values into arrays again."""
        for box in [reference() for reference in self.boxes]:
            if box is not None:
                box.__class__ = Retired


_tape = None  # that of the recording under way


KEPT = "uses a value that it kept from an earlier call"


class Watched(Node):
    """A node of the outer trace: it writes down the call that it stands for."""

    __slots__ = ["call"]

    def __init__(self, value, function, args, kwargs, argnums, parents):
        if any(type(arg) is Retired for arg in args):
            _tape.refuse(KEPT)
        argument_values, args = args, list(args)
        for argnum, parent in zip(argnums, parents, strict=True):
            args[argnum] = parent.call
        if function is anp.asarray and value is argument_values[0]:
            self.call = args[0]
        elif getattr(function, "is_formula", False):
            self.call = _look_inside(function.fun, args, kwargs)
        else:
            self.call = Call(*_in_numpy(function, args, kwargs), value, _tape.backward)
            _tape.calls.append(self.call)

    def initialize_root(self, value):
        self.call = Call(None, [], {}, value)
        _tape.calls.append(self.call)


def _look_inside(function, args, kwargs):
    """Record the body of a function of ours in its place: the call that gives its result."""
    boxes = [_box(arg) if isinstance(arg, Call) else arg for arg in args]
    result = function(*boxes, **kwargs)
    return result._node.call if isbox(result) else result


def _box(call):
    node = Watched.__new__(Watched)
    node.call = call
    return Traced(call.value, _tape.trace, node)


def _in_numpy(function, args, kwargs):
    """The call in terms of numpy, where autograd has a name of its own for it."""
    if function is func(ArrayBox.__getitem__):
        array, index = args
        return take, [array, *(index if isinstance(index, tuple) else (index,))], kwargs
    if function is getitem:
        return take, args, kwargs
    if function in (func(VSpace.add), func(VSpace.mut_add)) and args[1] is not None:
        return np.add, args[1:], kwargs
    if function is sparse_add and args[2].function in (untake.fun, spread.fun):
        space, start, sparse = args
        values, index, _ = sparse.args if sparse.function is untake.fun else _unspread(*sparse.args)
        index = index if isinstance(index, tuple) else (index,)
        start = space.shape if start is None else start
        return add_at, [start, values, *index], {"dtype": space.dtype.type}
    return function.fun, args, kwargs


def _unspread(values, space, *index):
    return values, index, space


register_notrace(Watched, anp.size)  # shapes are constants of a recording


@primitive
def getitem(array, *index):
    """`array[i, j]` where i or j is traced too, which autograd doesn't see inside a tuple."""
    return array[index]


@primitive
def spread(values, space, *index):
    """What `getitem` is backwards."""
    return untake.fun(values, index, space)


defvjp(getitem, lambda ans, a, *index: lambda g: spread(g, vspace(a), *index), argnums=(0,))


class Traced(ArrayBox):
    """A traced value that notices when it is looked at.

    There are two kinds. What depends on a parameter behaves as it always does under autograd. What
    depends on the batch alone would be a plain array if nothing were recorded, so it has to do
    whatever a plain array can: it does, and where that means to look, the recording is refused.
    """

    __slots__ = ["__weakref__"]

    def __init__(self, value, trace, node):
        super().__init__(value, trace, node)
        if _tape is not None and not isbox(value):
            _tape.boxes.append(weakref.ref(self))

    def __bool__(self):
        return bool(_look(self, "asks whether a value is true (if, while, and, or, assert)"))

    def __getitem__(self, index):
        if isinstance(index, tuple) and any(map(isbox, index)):
            return getitem(self, *index)
        return ArrayBox.__getitem__(self, index)

    def __getattr__(self, name):
        attribute = getattr(_array_in(self, name), name)
        _look(self, f"uses .{name} of a value")
        return attribute

    @property
    def __array__(self):
        value = _array_in(self, "__array__")
        _look(self, "hands a value to a function of plain numpy (import autograd.numpy as np)")
        return lambda dtype=None, copy=None: np.array(value, dtype=dtype, copy=copy)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        result = ArrayBox.__array_ufunc__(self, ufunc, method, *inputs, **kwargs)
        if result is not NotImplemented or any(map(_has_parameter, inputs)):
            return result
        return _on_arrays(self, ufunc, method, inputs, kwargs)


class Retired(Traced):
    """A box that outlived its recording, in a cache or a list that the loss keeps: an array."""

    __slots__ = []

    def __getattribute__(self, name):
        value = object.__getattribute__(self, "_value")
        return value if name == "_value" else getattr(value, name)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if _tape is not None:
            _tape.refuse(KEPT)
        return _on_arrays(self, ufunc, method, inputs, kwargs)


def _on_arrays(box, ufunc, method, inputs, kwargs):
    """Call a ufunc with plain arrays in place of boxes."""
    _look(box, f"uses np.{ufunc.__name__} with `out=`, or its .{method}")
    plain = [i._value if isinstance(i, Traced) and not _has_parameter(i) else i for i in inputs]
    return getattr(ufunc, method)(*plain, **kwargs)


def _has_parameter(value):
    return isbox(getattr(value, "_value", None))


def _array_in(box, name):
    """The plain array in a box; an error where there is a parameter inside, as autograd has it."""
    if isbox(box._value):
        raise AttributeError(f"'ArrayBox' object has no attribute {name!r}")
    return box._value


def _look(box, what):
    """The plain value of a box, at the price of the recording."""
    if _tape is not None:
        _tape.refuse(what)
    return box._value if type(box) is Retired else getval(box)


def _add_special_methods():
    """Python looks these up in the class, so each has to be there."""

    def looking(name):
        def method(self, *args):
            if isbox(self._value):
                return getattr(super(Traced, self), name)(*args)
            return getattr(_look(self, f"makes a number or a text of a value ({name})"), name)(
                *args
            )

        return method

    def changing(name):
        def method(self, *args):
            if isbox(self._value):
                return NotImplemented
            value = _look(self, "changes an array in place")
            return getattr(operator, name)(value, *args)

        return method

    def traced(function, swapped=False):
        def method(self, *others):
            if any(map(_has_parameter, (self, *others))):
                return NotImplemented
            return function(*others, self) if swapped else function(self, *others)

        return method

    for name in ("float", "int", "index", "complex", "format", "str", "repr", "round"):
        setattr(Traced, f"__{name}__", looking(f"__{name}__"))
    for name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or"):
        setattr(Traced, f"__i{name}__", changing(f"__i{name}__"))
    Traced.__setitem__ = changing("__setitem__")
    for name, function in (
        ("and", anp.bitwise_and),
        ("or", anp.bitwise_or),
        ("xor", anp.bitwise_xor),
        ("floordiv", anp.floor_divide),
    ):
        setattr(Traced, f"__{name}__", traced(function))
        setattr(Traced, f"__r{name}__", traced(function, swapped=True))
    Traced.__invert__ = traced(anp.invert)
    Traced.__pos__ = traced(anp.positive)


_add_special_methods()
Traced.register(Traced)


@contextmanager
def _watching():
    """Make autograd's boxes `Traced` ones for a while, and write down what they go through."""
    global _tape
    kinds = (np.ndarray, *np.sctypeDict.values(), float, int, bool, complex)
    before, outer, top = dict(Box.type_mappings), _tape, trace_stack.top
    Box.type_mappings.update(dict.fromkeys(kinds, Traced))
    _tape = Tape()
    try:
        with trace_stack.new_trace() as _tape.trace:
            yield _tape
    finally:
        Box.type_mappings.clear()
        Box.type_mappings.update(before)
        trace_stack.top = top  # autograd doesn't mind it when an exception passes by
        _tape.end()
        _tape = outer


# ---- recording ----------------------------------------------------------------------------------


class Unrecordable(Exception):
    """Why a gradient can't be recorded."""


def watch(loss, model, values, batch, wanted):
    """Take the ordinary gradient, and write down how.

    Parameters
    ----------
    values : list
        The parameters at which to take it.
    wanted : list of int
        Which parameters' gradients the program is to give.

    Returns
    -------
    value, gradients : as from `differentiate`
    program : Program, or a str that says why there is none
    """
    with _watching() as tape:
        boxes = [_root(traceable(value)) for value in values]
        data = [_root(part) if _is_traced(part) else part for part in batch]

        def forward(parameters):
            result = loss(rebuild(model, parameters), *data)
            tape.backward = True
            return result

        out, gradients = backpropagate(forward, boxes)
        value = plain(getval(out))
        pairs = list(zip(values, gradients, strict=True))
        ordinary = [like(v, getval(g)) for v, g in pairs]
        results = [_result(out, value), *(_result(gradients[i], ordinary[i]) for i in wanted)]
        roots = [box._node.call if isbox(box) else _root(0)._node.call for box in (*boxes, *data)]
    if tape.refusal:
        return value, ordinary, f"it {tape.refusal}"
    names = _names(model, loss, batch)
    inputs = dict(zip(names, roots, strict=True))
    return (
        value,
        ordinary,
        Program(inputs, tape.calls, *_split(results), [names[i] for i in wanted]),
    )


def _root(value):
    return Traced(value, _tape.trace, Watched.new_root(value))


def _result(out, value):
    """The call that gives a result, or the value where it is always the same."""
    return out._node.call if isbox(out) else value


def _split(results):
    return results[0], results[1:]


def _is_traced(part):
    """Whether a part of the batch is an array or a number, which may be another the next time."""
    return type(part) in (np.ndarray, float) or isinstance(part, np.number)


def kind(part):
    """What of a part of the batch a recording is made for: type, shape and layout, or its value."""
    if type(part) is np.ndarray and part.dtype.kind in "fiub":
        return part.dtype, part.shape, part.strides
    if type(part) is float or isinstance(part, (np.floating, np.integer)):
        return type(part)
    if part is None or isinstance(part, (bool, int, str)):
        return type(part), part
    raise Unrecordable(f"a batch holds a {type(part).__name__}, and arrays were expected")


def _names(model, loss, batch):
    """Names for parameters and batch: those of the fields, and of the loss's own arguments."""
    found = {}
    for index, way, _ in places(model):
        found.setdefault(index, way)
    last = [_last_name(way) for way in found.values()]
    names = [
        name if last.count(name) == 1 else f"{name}_{'_'.join(_numbers(way)) or index}"
        for index, (name, way) in enumerate(zip(last, found.values(), strict=True))
    ]
    return _unique([*names, *_argument_names(loss, len(batch))])


def _last_name(way):
    fields = [str(name) for _, name in way if str(name).isidentifier()]
    return fields[-1] if fields else "p"


def _numbers(way):
    return [str(name) for _, name in way if isinstance(name, int)]


def _argument_names(loss, count):
    try:
        arguments = [
            p for p in inspect.signature(loss).parameters.values() if p.kind < p.VAR_POSITIONAL
        ]
    except (TypeError, ValueError):
        arguments = []
    names = [argument.name for argument in arguments[1 : count + 1]]
    return names + [f"batch_{i}" for i in range(len(names), count)]


def _unique(names):
    taken = {"np", "loss", *keyword.kwlist}
    for index in range(len(names)):
        while names[index] in taken:
            names[index] += "_"
        taken.add(names[index])
    return names


class Recording:
    """A gradient that was recorded; call it as `recording(model, *batch)`.

    Attributes
    ----------
    source : str
        The function that is run, as numpy without buffers.
    """

    def __init__(self, loss, model, batch):
        self.loss, self._recorded = loss, {}
        self.source = self._at(model, batch)[0].source

    def __repr__(self):
        return self.source

    def __call__(self, model, *batch):
        """Compute the gradient, in the model's own shape and dtypes."""
        return self.value_and_gradient(model, *batch)[1]

    def value_and_gradient(self, model, *batch):
        """Compute the loss and its gradient."""
        values = require_parameters(model)
        _, run, into = self._at(model, batch)
        value = run(*map(np.asarray, values), *batch)
        return plain(value), rebuild(model, [like(v, g) for v, g in zip(values, into, strict=True)])

    def _at(self, model, batch):
        """The program for a model and batch of this kind; recorded if there is none yet."""
        key = (_skeleton(model), *map(kind, batch))
        if key not in self._recorded:
            self._recorded[key] = self._record(model, batch)
        return self._recorded[key]

    def _record(self, model, batch):
        """Record twice, since what differs between two recordings can't be trusted."""
        values = require_parameters(model)
        wanted = range(len(values))
        first, second = (watch(self.loss, model, values, batch, wanted) for _ in range(2))
        into = _places_for(values)
        problem = next((found for *_, found in (first, second) if isinstance(found, str)), None)
        if problem is None:
            program = first[2]
            run = program.compiled(into)
            value = run(*map(np.asarray, values), *batch)
            problem = _difference(program, second[2]) or _mismatch(value, into, *second[:2], wanted)
        if problem:
            raise ValueError(
                f"this loss can't be recorded: {problem}. Its gradient is to be had the ordinary "
                "way: gradient(loss, model, *batch), and train(..., replay=False)."
            )
        return program, run, into


def _places_for(values):
    """An array for each gradient, 0-d for floats."""
    return [np.empty_like(value, order="C", subok=False) for value in values]


def _difference(one, other):
    """What two recordings of the same don't have in common, as text, or None."""
    if one.source != other.source:
        return "two calls of it did different things, as with randomness, a counter or a clock"
    for name, constant in one.constants.items():
        if not _same(constant, other.constants[name]):
            return (
                f"two calls of it used different values of something that isn't in the batch "
                f"({name} in its source), as with randomness, a counter or a clock"
            )
    return None


def _same(one, other):
    if one is other:
        return True
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(
            one, other, equal_nan=one.dtype.kind in "fc"
        )
    if isinstance(one, (tuple, list)) and type(one) is type(other) and len(one) == len(other):
        return all(map(_same, one, other))
    try:
        return type(one) is type(other) and bool(one == other)
    except Exception:
        return False


def _mismatch(value, replayed, expected, gradients, wanted):
    """Text if a replay isn't the ordinary gradient to the bit, else None."""
    pairs = [(value, expected), *((r, gradients[i]) for r, i in zip(replayed, wanted, strict=True))]
    if all(np.array_equal(a, b, equal_nan=True) for a, b in pairs):
        return None
    return "replayed, its gradient is another than the ordinary one"


def _skeleton(model):
    """All of a model but the numbers in its parameters, as a key: it is recorded for one such."""
    kinds = [(type(v), *kind(np.asarray(v))) for v in require_parameters(model)]
    return tuple(kinds), _shape_of(rebuild(model, [None] * len(kinds)))


def _shape_of(node):
    parts = children(node)
    if parts is None:
        return _Thing(node)
    return type(node), *((name, _shape_of(part)) for name, part in parts)


class _Thing:
    """Something that isn't a parameter, compared by identity (numbers and text by value)."""

    def __init__(self, thing):
        self.thing = thing

    def __eq__(self, other):
        if isinstance(self.thing, (int, float, str)):
            return type(self.thing) is type(other.thing) and self.thing == other.thing
        return self.thing is other.thing

    def __hash__(self):
        return hash(self.thing) if isinstance(self.thing, (int, float, str)) else id(self.thing)


# ---- replaying ----------------------------------------------------------------------------------


class Replay:
    """The gradient for `train`: recorded, replayed, and held against the ordinary one.

    For each kind of batch the first two gradients are ordinary ones, and so are the 4th, the 8th,
    the 16th ...; each is what the replay is compared with. The loss is never called besides.

    Attributes
    ----------
    into : list of ndarray
        Where the gradients of the wanted parameters come to stand.
    notes : list of str
        Gets a line if the ordinary way is gone from somewhere on.
    """

    MOST = 32  # kinds of batches; with more of them recording wouldn't pay

    def __init__(self, loss, model, values, packing, notes, replay=True):
        self.loss, self.model, self.notes = loss, model, notes
        self.wanted, self.into = packing.free, packing.into
        self.types = [None if isinstance(v, np.ndarray) else type(v) for v in values]
        self.known, self.steps, self.replayed, self.refused = {}, 0, False, not replay

    def __call__(self, values, batch):
        """Loss at `values`, its gradient in `into`."""
        self.steps += 1
        if self.refused:
            return self._ordinary(values, batch)
        try:
            key = tuple(
                [
                    (part.dtype, part.shape, part.strides)
                    if type(part) is np.ndarray
                    else kind(part)
                    for part in batch
                ]
            )
            found = self.known.get(key)
        except Unrecordable as reason:
            return self._refuse(reason, values, batch)
        if found is None:
            return self._first(key, values, batch)
        found.uses += 1
        if found.uses & (found.uses - 1):  # not a power of two
            try:
                value = found.run(*map(np.asarray, values), *batch)
            except Exception as error:
                return self._refuse(_short(error), values, batch)
            self.replayed = True
            return value
        return self._compare(found, values, batch)

    def _first(self, key, values, batch):
        """Record: the ordinary gradient, written down on the way."""
        if len(self.known) == self.MOST:
            return self._refuse(f"batches come in more than {self.MOST} kinds", values, batch)
        try:
            for part in batch:
                kind(part)
            value, gradients, program = self._watch(values, batch)
        except Unrecordable as error:
            return self._refuse(error, values, batch)
        except Exception as error:  # most likely the loss's own, and then it comes again
            return self._refuse(_short(error), values, batch)
        if isinstance(program, str):
            return self._end(program, value, gradients)
        try:
            found = self.known[key] = _Recorded(program, program.compiled(self.into))
            problem = self._held_against(found, values, batch, value, gradients)
        except Exception as error:
            problem = _short(error)
        return self._end(problem, value, gradients)

    def _compare(self, found, values, batch):
        """The ordinary gradient once more, beside the replayed one."""
        if found.uses == 2:
            try:
                value, gradients, program = self._watch(values, batch)
            except Exception as error:
                return self._refuse(_short(error), values, batch)
            problem = program if isinstance(program, str) else _difference(found.program, program)
        else:
            value, gradients = self._differentiate(values, batch)
            problem = None
        try:
            problem = problem or self._held_against(found, values, batch, value, gradients)
        except Exception as error:
            problem = _short(error)
        if problem and self.replayed:
            raise ValueError(
                f"step {self.steps - 1}: {problem}. The steps since the last comparison may have "
                "been wrong. Usual causes: randomness, a counter or a clock in the loss, or a "
                "variable that it reads and something else changes. Such a loss can't be recorded: "
                "write train(..., replay=False)."
            )
        return self._end(problem, value, gradients)

    def _held_against(self, found, values, batch, value, gradients):
        replayed = found.run(*map(np.asarray, values), *batch)
        return _mismatch(replayed, self.into, value, gradients, self.wanted)

    def _watch(self, values, batch):
        return watch(self.loss, self.model, self._typed(values), batch, self.wanted)

    def _differentiate(self, values, batch):
        return differentiate(
            lambda boxes: self.loss(rebuild(self.model, boxes), *batch), self._typed(values)
        )

    def _typed(self, values):
        """Floats as the floats that the model has."""
        return [v if kind is None else kind(v) for v, kind in zip(values, self.types, strict=True)]

    def _ordinary(self, values, batch):
        return self._end(None, *self._differentiate(values, batch))

    def _refuse(self, why, values, batch):
        """Go the ordinary way from now on."""
        value = self._ordinary(values, batch)
        return self._end(why, value, None)

    def _end(self, problem, value, gradients):
        """Put the ordinary gradient where it is wanted; with a problem, stay on that way."""
        if problem:
            self.refused, self.known = True, {}
            self.notes.append(f"Gradients were taken the ordinary way, without replay: {problem}.")
        if gradients is not None:
            for place, index in zip(self.into, self.wanted, strict=True):
                place[...] = gradients[index]
        return value


class _Recorded:
    """A program, the function made of it, and how often it was asked for."""

    def __init__(self, program, run):
        self.program, self.run, self.uses = program, run, 1


def _short(error):
    return f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
