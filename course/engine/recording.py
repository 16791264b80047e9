"""A recording: a loss's gradient, taken the ordinary way once and replayed from then on.

`Replay` stands behind `train` and compares itself with the ordinary gradient; `record` gives a
recording to read and to call.
"""

import threading
import warnings

import numpy as np

from course.autodiff import (
    backpropagate,
    differentiate,
    like,
    plain,
    require_parameters,
    traceable,
)
from course.engine.outside import Outside
from course.engine.program import Program
from course.engine.source import source
from course.engine.tape import Call, Tape, Traced
from course.trees import children, parameters, rebuild, rebuilder

__all__ = ["Recording", "Replay", "record"]

MOST = 32  # recordings in a training; with more of them recording doesn't pay
TOLERANCE = {np.dtype(np.float64): 1e-9, np.dtype(np.float32): 1e-4}  # of the gradient's size


def record(loss, model, *batch):
    """Record the gradient of a loss as a straight list of numpy calls.

    A loss that is recorded depends on its arguments alone. What else it does, such as printing,
    counting or drawing random numbers, is not done again. Names that it reads from outside are
    looked at in each call, and one that was bound anew means a recording anew.

    Parameters
    ----------
    loss, model, *batch
        As `gradient` takes them.

    Returns
    -------
    Recording
        `recording(model, *batch)` is `gradient(loss, model, *batch)`, only faster;
        `recording.source` is what it computes, to read.

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
        The function that it computes.
    """

    def __init__(self, loss, model, batch):
        self.loss, self.recorded, self.lock = loss, {}, threading.RLock()
        self.source = source(self._at(model, batch).program, model, loss, batch)

    def __repr__(self):
        return self.source

    def __call__(self, model, *batch):
        """Compute the gradient, in the model's own shape and dtypes."""
        return self.value_and_gradient(model, *batch)[1]

    def value_and_gradient(self, model, *batch):
        """Compute the loss and its gradient."""
        values = require_parameters(model)
        with self.lock:  # a recording has one set of buffers
            recorded = self._at(model, batch)
            value = recorded.run(*map(np.asarray, values), *batch, *recorded.out)
            gradients = [like(v, g) for v, g in zip(values, recorded.out, strict=True)]
        return plain(value), rebuild(model, gradients)

    def _at(self, model, batch):
        """What was recorded for a model and batch of this kind; recorded now if nothing was."""
        values, problem = require_parameters(model), None
        try:
            key = tuple(map(kind, [*map(np.asarray, values), *batch])), _outline(model, values)
            recorded = self.recorded.get(key)
            if recorded and not recorded.outside.changed():
                return recorded
            recorded = Recorded(self.loss, model, values, batch, range(len(values)))
            problem = recorded.problem or recorded.outside.changed()
        except Unrecordable as reason:
            problem = str(reason)
        if not problem:
            recorded.out = [np.empty_like(value, order="C", subok=False) for value in values]
            recorded.run = recorded.program.compiled(recorded.out)
            value, gradients = differentiate(
                lambda boxes: self.loss(rebuild(model, boxes), *batch), values
            )
            replayed = [recorded.run(*map(np.asarray, values), *batch, *recorded.out)]
            problem = difference([*replayed, *recorded.out], [value, *gradients])
        if problem:
            raise ValueError(
                f"this loss can't be recorded: {problem}. Its gradient is to be had the ordinary "
                "way: gradient(loss, model, *batch), and train(..., replay=False)."
            )
        self.recorded[key] = recorded
        return recorded


class Replay:
    """The loss and its gradient at each step of a training.

    The first gradient for batches of a kind is the ordinary one, and is recorded. The second is
    compared with it, and so is the last of the training (`finish`), however that ends. Where they
    differ, gradients are taken the ordinary way from there on, and a note says why.

    Parameters
    ----------
    loss, model
        As `train` is given them.
    wanted : list of int
        Indices of the parameters whose gradients are wanted.
    out : list of ndarray
        Where these gradients are to be written.
    notes : list of str
        Is given a line where gradients go the ordinary way.
    replay : bool
        Without, they are from the beginning.
    """

    def __init__(self, loss, model, wanted, out, notes, replay=True):
        self.loss, self.model, self.build = loss, model, rebuilder(model)
        self.types = [None if isinstance(v, np.ndarray) else type(v) for v in parameters(model)]
        self.wanted, self.out, self.notes, self.ordinary = wanted, out, notes, not replay
        self.recorded, self.batch, self.key, self.last = {}, None, None, None
        self.steps, self.recordings = 0, 0
        self.outside = Outside(loss, model) if replay else None

    def __call__(self, values, batch):
        """Loss at `values`, arrays and numpy's floats; its gradient is in `out`."""
        self.steps += 1
        recorded = None if self.ordinary else self._recorded(batch)
        if recorded and recorded.compared:
            try:
                value = recorded.run(*values, *batch, *self.out)
                self.last = recorded, values, batch
                return value
            except Exception as error:  # the loss's own will come again
                self._give_up(_told(error))
        if recorded and not self.ordinary:
            *ordinary, problem = self._compare(recorded, values, batch)
            self._doubt(problem)
            return self._taken(*ordinary)
        if not self.ordinary:
            recorded = self._record(values, batch)
            if recorded:
                return self._taken(recorded.value, recorded.gradients)
        return self._taken(*self._differentiate(values, batch))

    def finish(self):
        """Compare the last replayed gradient with the ordinary one; a difference is warned of."""
        if self.ordinary or self.last is None or self.outside.changed():
            return
        try:
            problem = self._compare(*self.last)[2]
        except Exception as error:
            problem = f"the loss, called again, raises {_told(error)}"
        self._doubt(problem)

    def _recorded(self, batch):
        """What is recorded for batches of this kind, or None."""
        if self.outside.changed():
            self.recorded, self.last = {}, None
            self.outside = Outside(self.loss, self.model)
        if self.outside.problem:
            return self._give_up(self.outside.problem)
        if batch is not self.batch:  # [(x, y)] gives the same one each time
            try:
                self.batch, self.key = batch, tuple(map(kind, batch))
            except Unrecordable as reason:
                return self._give_up(reason)
        return self.recorded.get(self.key)

    def _record(self, values, batch):
        self.recordings += 1
        if self.recordings > MOST:
            return self._give_up(
                f"more than {MOST} recordings were needed, for batches of so many kinds, or since "
                "a variable that the loss reads changes again and again"
            )
        typed = self._typed(values)
        try:
            recorded = Recorded(self.loss, self.model, typed, batch, self.wanted, self.outside)
            changed = self.outside.changed()
            problem = recorded.problem or (changed and f"it changes `{changed}`, which it reads")
            if problem:
                self._give_up(problem)
            else:
                recorded.run = recorded.program.compiled(self.out)
                self.recorded[self.key] = recorded
            return recorded
        except Exception as error:  # the loss's own will come again
            return self._give_up(_told(error))

    def _compare(self, recorded, values, batch):
        """The ordinary value and gradients, and in what the replayed ones differ, or None."""
        value, gradients = self._differentiate(values, batch)
        try:
            replayed = [recorded.run(*values, *batch, *self.out), *self.out]
            ordinary = [value, *(gradients[index] for index in self.wanted)]
            problem, recorded.compared = difference(replayed, ordinary), True
        except Exception as error:
            problem = _told(error)
        return value, gradients, problem

    def _doubt(self, problem):
        """Go the ordinary way if there is a problem; warn if steps were taken that may be wrong."""
        if problem and self.last is None:
            self._give_up(problem)
        elif problem:
            self.ordinary = True
            self.notes.append(
                f"Step {self.steps - 1}: {problem}. Steps replayed before may be wrong, since the "
                "loss depends on more than its arguments: write train(..., replay=False)."
            )
            warnings.warn(self.notes[-1], RuntimeWarning, stacklevel=4)

    def _give_up(self, problem):
        """Go the ordinary way from here on, and say why."""
        self.ordinary = True
        self.notes.append(f"Gradients were taken the ordinary way, without replay: {problem}.")

    def _taken(self, value, gradients):
        """Put an ordinary gradient where it is wanted."""
        for place, index in zip(self.out, self.wanted, strict=True):
            place[...] = gradients[index]
        return value

    def _differentiate(self, values, batch):
        return differentiate(
            lambda boxes: self.loss(self.build(boxes), *batch), self._typed(values)
        )

    def _typed(self, values):
        """Floats as the floats that the model has."""
        return [v if kind is None else kind(v) for v, kind in zip(values, self.types, strict=True)]


# ---- one recording ------------------------------------------------------------------------------


class Unrecordable(Exception):
    """Why a gradient can't be recorded."""


class Recorded:
    """The ordinary gradient, once, and the program that takes it.

    Attributes
    ----------
    value, gradients : as from `differentiate`
    program : Program
    problem : str or None
        What the loss does that can't be replayed.
    """

    run, compared = None, False

    def __init__(self, loss, model, values, batch, wanted, outside=None):
        self.outside = outside or Outside(loss, model)
        if self.outside.problem:
            raise Unrecordable(self.outside.problem)
        tape, build = Tape(), rebuilder(model)
        parameters = [tape.input(traceable(value)) for value in values]
        data = [tape.input(part) if _is_followed(part) else part for part in batch]
        inputs = [_result(v, Call(None, (), {}, v)) for v in (*parameters, *data)]

        def forward(boxes):
            result = loss(build(boxes), *data)
            tape.backward = True
            return result

        try:
            out, found = backpropagate(forward, parameters)
            self.value = plain(_untraced(out))
            self.gradients = [like(v, _untraced(g)) for v, g in zip(values, found, strict=True)]
            outputs = [_result(out, self.value)]
            outputs += [_result(found[i], self.gradients[i]) for i in wanted]
            self.problem = tape.refusal and f"it {tape.refusal}"
            if not self.problem:
                self.program = Program(inputs, tape.calls, outputs)
        finally:
            tape.close()


def _untraced(value):
    return value._value if type(value) is Traced else value


def _result(out, value):
    """The call that gives a value on the tape, else what is given for it."""
    return out._call if type(out) is Traced else value


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


def _outline(model, values):
    """All of a model but the numbers in its parameters, as a key: it is recorded for one such."""

    def outline(node):
        parts = children(node)
        if parts is None:
            return (type(node), repr(node)) if isinstance(node, (int, float, str)) else id(node)
        return type(node), *((name, outline(part)) for name, part in parts)

    return tuple(map(type, values)), outline(rebuild(model, [None] * len(values)))


def difference(replayed, ordinary):
    """By how much two gradients differ that should be equal, as text; None if it is rounding.

    A recording makes the very calls that the ordinary way makes, so they are equal in every bit, or
    nearly: 1e-9 of the gradient's size is more than rounding and less than a mistake (float32:
    1e-4).
    """
    dtype = min((np.asarray(g).dtype for g in ordinary[1:]), key=lambda dtype: dtype.itemsize)
    worst = max(_distance(replayed[:1], ordinary[:1]), _distance(replayed[1:], ordinary[1:]))
    if worst <= TOLERANCE.get(dtype, 1e-2):
        return None
    return (
        f"the replayed gradient differs from the ordinary one by {worst:.1e} of its size, as with "
        "randomness, a counter or a clock in the loss"
    )


def _distance(some, others):
    """Distance of two lists of arrays, relative to their size."""
    some, others = (
        np.concatenate([np.ravel(v) for v in part]).astype(float) for part in (some, others)
    )
    if np.array_equal(some, others, equal_nan=True):
        return 0.0
    largest = np.max(np.abs(others))
    if not (np.isfinite(largest) and largest > 0):
        return np.inf
    return float(np.nan_to_num(np.linalg.norm((some - others) / largest), nan=np.inf)) / float(
        np.linalg.norm(others / largest)
    )


def _told(error):
    first = str(error).splitlines()
    return f"{type(error).__name__}: {first[0].rstrip('.')}" if first else type(error).__name__
