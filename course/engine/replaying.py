"""The gradient for `train`: recorded, replayed, and held against the ordinary one.

A recording can't see what a loss does besides computing: it may draw random numbers, count its
calls, read a clock or a variable that changes. So trust is built slowly. For each kind of batch
the first two gradients are the ordinary ones, written down both times; then the 4th, the 8th, the
16th and so on are ordinary again, and the training's last one, and the replayed ones must be equal
to them in every bit.
"""

from dataclasses import dataclass

import numpy as np

from course.autodiff import differentiate
from course.engine.compiling import compiled
from course.engine.recording import Unrecordable, difference, kind, mismatch, watch
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
    last : int, optional
        Steps that the training takes, if that is known.
    """

    def __init__(self, loss, model, values, wanted, into, notes, replay=True, last=None):
        self.loss, self.build, self.wanted, self.into = loss, rebuilder(model), wanted, into
        self.types = [None if isinstance(value, np.ndarray) else type(value) for value in values]
        self.notes, self.ordinary = notes, not replay
        self.recorded, self.steps, self.replayed = {}, 0, False
        self.batch, self.key, self.last = None, None, last

    def __call__(self, values, batch):
        """Loss at `values`, arrays and numpy's floats; its gradient is in `into`."""
        self.steps += 1
        recorded = self._recorded(batch)
        if recorded:
            recorded.uses += 1
            is_power_of_two = not recorded.uses & (recorded.uses - 1)
            if is_power_of_two or self.steps == self.last:
                return self._compared(recorded, values, batch)
            try:
                value = recorded.run(*values, *batch, *self.into)
                self.replayed = True
                return value
            except Exception as error:  # the loss's own will come again
                self._give_up(error)
        return self._taken(*self._differentiate(values, batch))

    def _recorded(self, batch):
        """What is recorded for batches of this kind, or None to go the ordinary way."""
        if self.ordinary:
            return None
        if batch is not self.batch:  # [(x, y)] gives the same one each time
            try:
                self.batch, self.key = batch, tuple(map(kind, batch))
            except Unrecordable as reason:
                return self._give_up(reason)
        return self.recorded.get(self.key) or self._begun()

    def _begun(self):
        """A place for what will be recorded for batches of a new kind."""
        if len(self.recorded) == MOST_KINDS:
            return self._give_up(f"batches come in more than {MOST_KINDS} kinds")
        self.recorded[self.key] = _Recorded()
        return self.recorded[self.key]

    def _compared(self, recorded, values, batch):
        """The ordinary gradient, and the replayed one held against it."""
        found = self._watched(recorded, values, batch) if recorded.uses <= 2 else None
        value, gradients, different = found or (*self._differentiate(values, batch), None)
        if not self.ordinary:
            try:
                replayed = recorded.run(*values, *batch, *self.into)
            except Exception as error:
                self._give_up(error)
            else:
                ordinary = [value, *(gradients[index] for index in self.wanted)]
                self._refuse(different or mismatch([replayed, *self.into], ordinary))
        return self._taken(value, gradients)

    def _watched(self, recorded, values, batch):
        """Value, gradients and what two recordings don't have in common; None if it fails."""
        different = None
        try:
            value, gradients, program = watch(
                self.loss, self.build, self._typed(values), batch, self.wanted
            )
            if isinstance(program, str):
                self._give_up(program)
            elif recorded.program:
                different = difference(recorded.program, program)
            else:
                recorded.program, recorded.run = program, compiled(program, self.into)
        except Exception as error:  # the loss's own will come again
            return self._give_up(error)
        return value, gradients, different

    def _refuse(self, different):
        """Give up if there is a difference; if steps were taken by replay already, raise."""
        if different and self.replayed:
            raise ValueError(
                f"step {self.steps - 1}: {different}. The steps since the last comparison may "
                "have been wrong. Usual causes: randomness, a counter or a clock in the loss, or a "
                "variable from outside that changes. Such a loss can't be recorded: write "
                "train(..., replay=False)."
            )
        if different:
            self._give_up(different)

    def _give_up(self, problem):
        """Go the ordinary way from here on, and say why."""
        self.ordinary, self.recorded = True, {}
        told = problem if isinstance(problem, (str, Unrecordable)) else _told(problem)
        self.notes.append(f"Gradients were taken the ordinary way, without replay: {told}.")

    def _taken(self, value, gradients):
        """Put an ordinary gradient where it is wanted."""
        for place, index in zip(self.into, self.wanted, strict=True):
            place[...] = gradients[index]
        return value

    def _differentiate(self, values, batch):
        return differentiate(
            lambda boxes: self.loss(self.build(boxes), *batch), self._typed(values)
        )

    def _typed(self, values):
        """Floats as the floats that the model has."""
        return [v if kind is None else kind(v) for v, kind in zip(values, self.types, strict=True)]


@dataclass(eq=False)
class _Recorded:
    """A program, the function made of it, and how often it was asked for."""

    program: object = None
    run: object = None
    uses: int = 0


def _told(error):
    first = str(error).splitlines()
    return f"{type(error).__name__}: {first[0].rstrip('.')}" if first else type(error).__name__
