"""A gradient, recorded once and replayed as plain numpy.

autograd finds a gradient by following every number through the loss and back again, and at the
sizes of this course following takes longer than the arithmetic. But the way back is made of numpy's
functions too, so it can be written down while it is gone (`tracing`): a straight list of numpy
calls, without autograd (`programs`), that reads as a Python function (`listing`) and runs as fast
as one that is written by hand (`compiling`). This is the gradient.
"""

import numpy as np
from autograd.tracer import getval, isbox

from course.autodiff import backpropagate, like, plain, require_parameters, traceable
from course.engine.compiling import compiled
from course.engine.program import Program, is_equal
from course.engine.source import Listing, names_in
from course.engine.tape import traced, watching
from course.trees import children, rebuild, rebuilder

__all__ = ["Recording", "Unrecordable", "difference", "kind", "mismatch", "record", "watch"]


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
        `recording.source` is what it runs, to read.

    Raises
    ------
    ValueError
        The loss can't be recorded; the message says what it does.

    >>> def loss(model, x, y):
    ...     return np.mean((model["m"] * x - y) ** 2)
    >>> print(record(loss, {"m": 3.0}, np.arange(4.0), np.ones(4)).source)
    def value_and_gradient(m, x, y):
        # forward: the loss
        t1 = m * x - y
        loss = np.mean(t1 ** 2)
        # backward: the gradient
        d_m = np.sum(x * (0.5 * t1), axis=0)
        return loss, [d_m]
    """
    return Recording(loss, model, batch)


class Recording:
    """A gradient that was recorded; call it as `recording(model, *batch)`.

    A model or batch of another kind (the last, shorter batch, for instance) is recorded anew.

    Attributes
    ----------
    source : str
        The function that it runs, without the arrays that it keeps its results in.
    """

    def __init__(self, loss, model, batch):
        self.loss, self._recorded = loss, {}
        self.source = Listing(self._at(model, batch)[0], names_in(model, loss, batch)).source()

    def __repr__(self):
        return self.source

    def __call__(self, model, *batch):
        """Compute the gradient, in the model's own shape and dtypes."""
        return self.value_and_gradient(model, *batch)[1]

    def value_and_gradient(self, model, *batch):
        """Compute the loss and its gradient."""
        values = require_parameters(model)
        _, run, into = self._at(model, batch)
        value = run(*map(np.asarray, values), *batch, *into)
        return plain(value), rebuild(model, [like(v, g) for v, g in zip(values, into, strict=True)])

    def _at(self, model, batch):
        """The program for a model and batch of this kind; recorded if there is none yet."""
        try:
            key = (_skeleton(model), *map(kind, batch))
        except Unrecordable as reason:
            raise _error(reason) from None
        if key not in self._recorded:
            self._recorded[key] = self._record(model, batch)
        return self._recorded[key]

    def _record(self, model, batch):
        """Record twice: what differs between two recordings can't be trusted."""
        values, build = require_parameters(model), rebuilder(model)
        recordings = [watch(self.loss, build, values, batch, range(len(values))) for _ in "ab"]
        (_, _, program), (again, gradients, second) = recordings
        for outcome in (program, second):
            if isinstance(outcome, str):
                raise _error(outcome)
        into = [np.empty_like(value, order="C", subok=False) for value in values]
        run = compiled(program, into)
        value = run(*map(np.asarray, values), *batch, *into)
        problem = difference(program, second) or mismatch([value, *into], [again, *gradients])
        if problem:
            raise _error(problem)
        return program, run, into


def _error(problem):
    return ValueError(
        f"this loss can't be recorded: {problem}. Its gradient is to be had the ordinary way: "
        "gradient(loss, model, *batch), and train(..., replay=False)."
    )


# ---- one recording ------------------------------------------------------------------------------


class Unrecordable(Exception):
    """Why a gradient can't be recorded."""


def watch(loss, build, values, batch, wanted):
    """Take the ordinary gradient, and write down how.

    Parameters
    ----------
    loss : callable
    build : callable
        Makes the model of its parameters.
    values : list
        The parameters at which to take it.
    wanted : sequence of int
        Which parameters' gradients the program is to give.

    Returns
    -------
    value, gradients : as from `differentiate`
    program : Program, or a str that says why there is none
    """
    with watching() as tape:
        parameters = [traced(traceable(value)) for value in values]
        data = [traced(part) if _is_followed(part) else part for part in batch]

        def forward(boxes):
            result = loss(build(boxes), *data)
            tape.backward = True
            return result

        out, found = backpropagate(forward, parameters)
        value = plain(getval(out))
        gradients = [like(v, getval(g)) for v, g in zip(values, found, strict=True)]
        outputs = [_result(out, value), *(_result(found[i], gradients[i]) for i in wanted)]
        inputs = [box if isbox(box) else traced(0) for box in (*parameters, *data)]
        inputs = [box._node.call for box in inputs]
    if tape.refusal:
        return value, gradients, f"it {tape.refusal}"
    return value, gradients, Program(inputs, tape.calls, outputs)


def _result(out, value):
    """The call that gives a result, or the value where it is always the same."""
    return out._node.call if isbox(out) else value


def _is_followed(part):
    """Whether a part of the batch is an array or a number, which may be another the next time."""
    return type(part) in (np.ndarray, float) or isinstance(part, (np.floating, np.integer))


def kind(part):
    """What of a part of the batch a recording is made for: type, shape and layout, or its value."""
    if type(part) is np.ndarray and part.dtype.kind in "fiub":
        return part.dtype, part.shape, part.strides
    if type(part) is float or isinstance(part, (np.floating, np.integer)):
        return type(part)
    if part is None or isinstance(part, (bool, int, str)):
        return type(part), part
    what = f"an array of {part.dtype}" if type(part) is np.ndarray else type(part).__name__
    raise Unrecordable(f"the batch holds {what}, and arrays of numbers were expected")


# ---- are two the same? --------------------------------------------------------------------------


def difference(one, other):
    """What two recordings of the same don't have in common, as text, or None."""
    found = one.difference(other)
    if found is None:
        return None
    return (
        f"of two calls of the loss one has {found}, and the batch isn't the reason, as with "
        "randomness, a counter or a clock"
    )


def mismatch(replayed, ordinary):
    """What is wrong with a replay that isn't the ordinary one to the bit, as text, or None."""
    if all(map(is_equal, replayed, ordinary)):
        return None
    return "the replayed gradient is another than the ordinary one"


def _skeleton(model):
    """All of a model but the numbers in its parameters, as a key: it is recorded for one such."""
    kinds = tuple((type(v), *kind(np.asarray(v))) for v in require_parameters(model))
    return kinds, _structure(rebuild(model, [None] * len(kinds)))


def _structure(node):
    parts = children(node)
    if parts is None:
        return _Thing(node)
    return type(node), *((name, _structure(part)) for name, part in parts)


class _Thing:
    """What isn't a parameter, compared by identity (numbers and text by value)."""

    def __init__(self, thing):
        self.thing = thing
        self.by_value = isinstance(thing, (int, float, str))

    def __eq__(self, other):
        if self.by_value:
            return type(self.thing) is type(other.thing) and self.thing == other.thing
        return self.thing is other.thing

    def __hash__(self):
        return hash(self.thing) if self.by_value else id(self.thing)
