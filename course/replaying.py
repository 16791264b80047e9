"""The gradient for `train`: recorded, replayed, and held against the ordinary one.

A recording can't see what a loss does besides computing: it may draw random numbers, count its
calls, read a clock or a variable that changes. So trust is built slowly. For each kind of batch
the first two gradients are the ordinary ones, written down both times; then the 4th, the 8th, the
16th and so on are ordinary again, and the replayed ones must be equal to them in every bit.
"""

import numpy as np

from course.autodiff import differentiate
from course.compiling import compiled
from course.recording import Unrecordable, difference, kind, mismatch, watch
from course.trees import rebuilder

__all__ = ["Replay"]

MOST_KINDS = 32  # of batches; with more of them recording doesn't pay


class Replay:
    """The loss and its gradient at each step of a training; the loss is never called besides.

    Parameters
    ----------
    loss, model
        As `train` is given them.
    values : list
        The model's parameters: of which types they are.
    wanted : list of int
        Indices of those whose gradients are wanted.
    into : list of ndarray
        Where these gradients are to be written.
    notes : list of str
        Is given a line if gradients are taken the ordinary way from somewhere on.
    replay : bool
        Without, they are from the beginning.
    """

    def __init__(self, loss, model, values, wanted, into, notes, replay=True):
        self.loss, self.build, self.wanted, self.into = loss, rebuilder(model), wanted, into
        self.types = [None if isinstance(value, np.ndarray) else type(value) for value in values]
        self.notes, self.ordinary = notes, not replay
        self.recorded, self.steps, self.replayed = {}, 0, False

    def __call__(self, values, batch):
        """Loss at `values`, arrays and numpy's floats; its gradient is in `into`."""
        self.steps += 1
        if self.ordinary:
            return self._taken(*self._differentiate(values, batch))
        try:
            key = tuple(
                [  # what `kind` says, without calling it for arrays
                    (part.dtype, part.shape, part.strides)
                    if type(part) is np.ndarray
                    else kind(part)
                    for part in batch
                ]
            )
        except Unrecordable as reason:
            return self._without(reason, values, batch)
        recorded = self.recorded.get(key)
        if recorded is None:
            return self._first(key, values, batch)
        recorded.uses += 1
        if not recorded.uses & (recorded.uses - 1):  # a power of two
            return self._compared(recorded, values, batch)
        try:
            value = recorded.run(*values, *batch)
        except Exception as reason:  # the loss's own will come again
            return self._without(reason, values, batch)
        self.replayed = True
        return value

    def _first(self, key, values, batch):
        """The ordinary gradient, written down on the way."""
        try:
            if len(self.recorded) == MOST_KINDS:
                raise Unrecordable(f"batches come in more than {MOST_KINDS} kinds")
            for part in batch:
                kind(part)
            value, gradients, program = self._watch(values, batch)
        except Exception as reason:
            return self._without(reason, values, batch)
        problem = program
        if not isinstance(program, str):
            self.recorded[key] = _Recorded(program, compiled(program, self.into))
            problem, _ = self._held_against(self.recorded[key], values, batch, value, gradients)
        return self._taken(value, gradients, problem)

    def _compared(self, recorded, values, batch):
        """The ordinary gradient once more, and the replayed one beside it."""
        different, refused = None, None
        if recorded.uses > 2:
            value, gradients = self._differentiate(values, batch)
        else:
            try:
                value, gradients, program = self._watch(values, batch)
            except Exception as reason:
                return self._without(reason, values, batch)
            if isinstance(program, str):
                refused = program
            else:
                different = difference(recorded.program, program)
        if not refused and not different:
            different, refused = self._held_against(recorded, values, batch, value, gradients)
        if different and self.replayed:
            raise ValueError(
                f"step {self.steps - 1}: {different}. The steps since the last comparison may have "
                "been wrong. Usual causes: randomness, a counter or a clock in the loss, or a "
                "variable from outside that changes. Such a loss can't be recorded: write "
                "train(..., replay=False)."
            )
        return self._taken(value, gradients, different or refused)

    def _held_against(self, recorded, values, batch, value, gradients):
        """How the replay differs from the ordinary gradient, and why it failed, or None."""
        try:
            replayed = recorded.run(*values, *batch)
        except Exception as reason:
            return None, reason
        ordinary = [value, *(gradients[index] for index in self.wanted)]
        return mismatch([replayed, *self.into], ordinary), None

    def _without(self, reason, values, batch):
        """The ordinary gradient, now and from now on."""
        return self._taken(*self._differentiate(values, batch), reason)

    def _taken(self, value, gradients, problem=None):
        """Put an ordinary gradient where it is wanted; with a problem, go on taking those."""
        for place, index in zip(self.into, self.wanted, strict=True):
            place[...] = gradients[index]
        if problem:
            self.ordinary, self.recorded = True, {}
            told = problem if isinstance(problem, (str, Unrecordable)) else _told(problem)
            self.notes.append(f"Gradients were taken the ordinary way, without replay: {told}.")
        return value

    def _watch(self, values, batch):
        return watch(self.loss, self.build, self._typed(values), batch, self.wanted)

    def _differentiate(self, values, batch):
        return differentiate(
            lambda boxes: self.loss(self.build(boxes), *batch), self._typed(values)
        )

    def _typed(self, values):
        """Floats as the floats that the model has."""
        return [v if kind is None else kind(v) for v, kind in zip(values, self.types, strict=True)]


class _Recorded:
    """A program, the function made of it, and how often it was asked for."""

    def __init__(self, program, run):
        self.program, self.run, self.uses = program, run, 1


def _told(error):
    first = str(error).splitlines()
    return f"{type(error).__name__}: {first[0].rstrip('.')}" if first else type(error).__name__
