"""A recording: a loss's gradient, taken the ordinary way once and replayed from then on.

`Replay` stands behind `train` and compares itself with the ordinary gradient; `record` gives a
recording to read and to call.
"""

import threading

import numpy as np

from course.autodiff import backpropagate, differentiate, like, plain, require_parameters
from course.engine.outside import Outside
from course.engine.program import Program
from course.engine.running import compiled
from course.engine.source import Listing, names_in
from course.engine.tape import Tape, Traced, plain_value
from course.errors.warned import warn
from course.structs import children
from course.trees import as_numpy, parameters, rebuild, rebuilder

__all__ = ["Recording", "Replay", "record"]

MOST = 32  # recordings in a training; with more of them recording doesn't pay
SETTINGS = (bool, int, str, type(None))  # in a batch: a recording is made for one value of them
TOLERANCE = {2: 1e-2, 4: 1e-4, 8: 1e-9, 16: 1e-9}  # of the gradient's size, by bytes of a number


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
        self.loss, self.replays, self.lock = loss, {}, threading.RLock()
        for _ in range(2):  # the first is recorded, and the second compared with it
            self.value_and_gradient(model, *batch)
        (replay,) = self.replays.values()
        if replay.problem:
            raise ValueError(
                f"this loss can't be recorded: {replay.problem}. Its gradient is to be had the "
                "ordinary way: gradient(loss, model, *batch), and train(..., replay=False)."
            )
        self.source = Listing(replay.program, names_in(model, loss, batch)).text()

    def __repr__(self):
        return self.source

    def __call__(self, model, *batch):
        """Compute the gradient, in the model's own shape and dtypes."""
        return self.value_and_gradient(model, *batch)[1]

    def value_and_gradient(self, model, *batch):
        """Compute the loss and its gradient."""
        values = require_parameters(model)
        arrays = [np.asarray(value) for value in values]
        kinds = tuple((type(v), kind(a)) for v, a in zip(values, arrays, strict=True))
        key = kinds, _outline(rebuild(model, [None] * len(values)))
        with self.lock:  # a recording has one set of buffers
            if key not in self.replays:
                out = [np.empty_like(array, order="C", subok=False) for array in arrays]
                self.replays[key] = Replay(self.loss, model, range(len(values)), out, [])
            replay = self.replays[key]
            value = replay(arrays, batch)
            gradients = [like(v, g) for v, g in zip(values, replay.out, strict=True)]
        return plain(value), rebuild(model, gradients)


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

    Attributes
    ----------
    problem : str or None
        Why gradients are taken the ordinary way, if they are.
    program : Program
        The last that was recorded.
    """

    def __init__(self, loss, model, wanted, out, notes, replay=True):
        self.loss, self.model, self.build = loss, model, rebuilder(model)
        self.types = [None if isinstance(v, np.ndarray) else type(v) for v in parameters(model)]
        self.wanted, self.out, self.notes = wanted, out, notes
        self.problem = None if replay else "replay=False"
        self.recorded, self.compared, self.program = {}, {}, None  # functions, by kind of batch
        self.batch, self.key, self.last, self.steps, self.recordings = None, None, None, 0, 0
        self.outside = replay and Outside(loss, model)

    def __call__(self, values, batch):
        """Loss at `values`, arrays and numpy's floats; its gradient is in `out`."""
        self.steps += 1
        if not self.problem:
            try:
                self._look_at(batch)
                run = self.compared.get(self.key)
                if run:
                    value = run(*values, *batch, *self.out)
                    self.last = values, batch
                    return value
                if self.key not in self.recorded:
                    return self._taken(self._record(values, batch))
            except Exception as error:  # the loss's own will come again
                self._give_up(_told(error))
        ordinary = self._differentiate(values, batch)
        problem = None if self.problem else self._difference(values, batch, ordinary)
        if problem:
            self._give_up(problem, doubtful=self.last is not None)
        return self._taken(ordinary)

    def finish(self):
        """Compare the last replayed gradient with the ordinary one; a difference is warned of."""
        if self.problem or self.last is None or self.outside.changed():
            return
        try:
            self._look_at(self.last[1])
            problem = self._difference(*self.last, self._differentiate(*self.last))
        except Exception as error:
            problem = f"the loss, called again, raises {_told(error)}"
        if problem:
            self._give_up(problem, doubtful=True)

    def _look_at(self, batch):
        """Find its kind in `key`, and forget all if the loss reads another thing by now."""
        if self.outside.changed():
            self.recorded, self.compared, self.last = {}, {}, None
            self.outside = Outside(self.loss, self.model)
        if self.outside.problem:
            raise Unrecordable(self.outside.problem)
        if batch is not self.batch:  # [(x, y)] gives the same one each time
            self.batch, self.key = batch, tuple(map(kind, batch))

    def _record(self, values, batch):
        """The ordinary value and gradients, from which a function is made to take them again."""
        self.recordings += 1
        if self.recordings > MOST:
            why = "so many kinds of batches, or a variable that changes again and again"
            raise Unrecordable(f"more than {MOST} recordings were needed, for {why}")
        tape = Tape()
        given = self._typed(values)
        inputs = [tape.input(as_numpy(value)) for value in given]
        pairs = [(part, tape.input(part)) for part in batch]
        data = [part if isinstance(part, SETTINGS) else traced for part, traced in pairs]

        def forward(boxes):
            result = self.loss(self.build(boxes), *data)
            tape.backward = True
            return result

        try:
            out, found = backpropagate(forward, inputs)
            value = plain(plain_value(out))
            gradients = [like(v, plain_value(g)) for v, g in zip(given, found, strict=True)]
            changed = self.outside.changed()
            if tape.refusal or changed:
                self._give_up(f"it {tape.refusal or f'changes `{changed}`, which it reads'}")
            else:
                pairs = [(out, value), *((found[i], gradients[i]) for i in self.wanted)]
                outputs = [one._call if type(one) is Traced else other for one, other in pairs]
                self.program = Program(tape.inputs, tape.calls, outputs)
                self.recorded[self.key] = compiled(self.program, self.out)
        finally:
            tape.close()
        return value, gradients

    def _difference(self, values, batch, ordinary):
        """In what a replay differs from the ordinary value and gradients, or None."""
        value, gradients = ordinary
        run = self.compared[self.key] = self.recorded[self.key]
        try:
            replayed = [run(*values, *batch, *self.out), *self.out]
        except Exception as error:
            return _told(error)
        return difference(replayed, [value, *(gradients[index] for index in self.wanted)])

    def _give_up(self, problem, doubtful=False):
        """Go the ordinary way from here on, and say why; warn if steps may be wrong."""
        self.problem = problem
        note = f"Gradients were taken the ordinary way, without replay: {problem}."
        if doubtful:
            note = (
                f"Step {self.steps - 1}: {problem}. Steps replayed before may be wrong, since the "
                "loss depends on more than its arguments: write train(..., replay=False)."
            )
            warn(note, RuntimeWarning)
        self.notes.append(note)

    def _taken(self, ordinary):
        """Put ordinary gradients where they are wanted; the value."""
        value, gradients = ordinary
        for place, index in zip(self.out, self.wanted, strict=True):
            place[...] = gradients[index]
        return value

    def _differentiate(self, values, batch):
        given = self._typed(values)
        return differentiate(lambda boxes: self.loss(self.build(boxes), *batch), given)

    def _typed(self, values):
        """Floats as the floats that the model has."""
        return [v if to is None else to(v) for v, to in zip(values, self.types, strict=True)]


class Unrecordable(Exception):
    """Why a gradient can't be recorded."""


def kind(part):
    """What of a part of the batch a recording is made for: type, shape and layout, or its value."""
    if type(part) is np.ndarray and part.dtype.kind in "fiub":
        return part.dtype, part.shape, part.strides
    if type(part) is float or isinstance(part, (np.floating, np.integer)):
        return type(part)
    if isinstance(part, SETTINGS):
        return type(part), part
    what = f"an array of {part.dtype}" if type(part) is np.ndarray else type(part).__name__
    raise Unrecordable(f"the batch holds {what}, and arrays of numbers were expected")


def _outline(node):
    """All of a model but the numbers in its parameters, as a key: it is recorded for one such."""
    parts = children(node)
    if parts is None:
        return _same(node)
    held = getattr(node, "__dict__", {}).items()  # attributes that are no fields, too: rings, even
    rest = [(name, _same(value)) for name, value in held if name not in dict(parts)]
    return type(node), *((name, _outline(part)) for name, part in parts), *rest


def _same(value):
    return type(value), repr(value) if isinstance(value, (int, float, str)) else id(value)


def difference(replayed, ordinary):
    """By how much two gradients differ that should be equal, as text; None if it is rounding.

    A recording makes the very calls that the ordinary way makes, so they are equal in every bit, or
    nearly: 1e-9 of the gradient's size is more than rounding and less than a mistake (float32:
    1e-4).
    """
    tolerance = TOLERANCE[min(np.asarray(one).itemsize for one in ordinary[1:] or ordinary)]
    for part in (slice(1), slice(1, None))[: len(ordinary)]:  # the value, the gradients
        pair = (map(np.ravel, values[part]) for values in (replayed, ordinary))
        one, other = (np.concatenate(list(values), dtype=float) for values in pair)
        with np.errstate(all="ignore"):
            worst = np.max(abs(one - other)) / np.max(abs(other))
        if not (np.array_equal(one, other, equal_nan=True) or worst <= tolerance):
            return (
                f"the replayed gradient differs from the ordinary one by {worst:.1e} of its size, "
                "as with randomness, a counter or a clock in the loss"
            )
    return None


def _told(error):
    """An error in one line; of what can't be recorded, the reason alone."""
    lines = [] if isinstance(error, Unrecordable) else [type(error).__name__]
    return ": ".join([*lines, *(line.rstrip(".") for line in str(error).splitlines()[:1])])
