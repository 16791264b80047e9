"""The training loop, the same for every model, loss, optimizer and kind of data.

It is the loop that a learner writes in lesson 01 (take a batch, take the gradient, take a step),
and around it what one wants to know afterwards: how the loss fell, and why the run ended.
"""

import math
import time
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, field
from numbers import Integral, Real

import numpy as np

from course.autodiff import like, refuse_nan, require_parameters
from course.engine.flat import pack
from course.engine.replaying import Replay
from course.optimizers import at_step
from course.trees import places, rebuild
from course.updating import (
    OptimizerState,
    require_optimizer,
    start_state,
)

__all__ = ["History", "Step", "train"]

DIVERGED = 1e6  # a loss so many times the first is hopeless, finite or not
WORTH_RECORDING = 10  # steps; for fewer, recording takes longer than it saves


@dataclass(frozen=True)
class Step:
    """What a callback is shown of a step, before the update.

    Attributes
    ----------
    index : int
        Steps taken before this one.
    epoch : int
        Passes over the data finished before this one.
    loss : float
        Loss of `model` on the step's batch.
    model, gradient
        Yours to keep.
    """

    index: int
    epoch: int
    loss: float
    model: object
    gradient: object


@dataclass
class History:
    """How a training went: plain data.

    Attributes
    ----------
    losses : ndarray of shape (steps,)
        Loss of each step's batch, measured before its update.
    epochs : ndarray of shape (epochs,)
        Mean loss of each complete pass over the data.
    validation : ndarray of shape (epochs,)
        Loss on the validation data after each pass; empty if there were none.
    seconds : float
    state : OptimizerState
        The optimizer's, to go on from: `train(..., state=history.state)`.
    notes : list of str
        What happened on the way that is worth knowing.
    ended : str
        "finished", "converged", "diverged", "stopped" or "interrupted".
    """

    losses: np.ndarray
    epochs: np.ndarray
    validation: np.ndarray
    seconds: float
    state: OptimizerState = field(repr=False)
    notes: list
    ended: str

    def __repr__(self):
        steps, passes = len(self.losses), len(self.epochs)
        text = f"{self.ended} after {_plural(steps, 'step')} ({_plural(passes, 'epoch')})"
        if steps:
            text += f": loss {self.losses[0]:.5g} -> {self.losses[-1]:.5g}"
        if len(self.validation):
            text += f", best validation loss {np.min(self.validation):.5g}"
        return "\n".join([text, *self.notes])


def train(
    loss,
    model,
    data,
    optimizer,
    *,
    epochs=1,
    tolerance=None,
    validation=None,
    patience=None,
    callbacks=(),
    frozen=(),
    clip=None,
    state=None,
    progress=None,
    replay=True,
):
    """Fit a model to data: for each batch of each epoch, one gradient and one step.

    Parameters
    ----------
    loss : callable
        `loss(model, *batch)`, a scalar.
    model : dataclass, list, tuple or dict
        Where to start; it isn't changed.
    data : iterable of batches
        `[(x, y)]` is gradient descent, `Batches(x, y, 1)` stochastic gradient descent,
        `Batches(x, y, 32)` what people use.
    optimizer : a rule, for instance `Descent(1e-4)`
    epochs : int
        Passes over the data, at most.
    tolerance : float, optional
        End as "converged" when an epoch's mean loss fell by no more than this share of itself. A
        loss that rises never counts.
    validation : tuple, optional
        A batch `(x, y)` whose loss is measured after each epoch.
    patience : int, optional
        End as "stopped" when the validation loss found no new best for so many epochs; the best
        model comes back, however the run ends.
    callbacks : sequence of callables
        Each is called with a `Step` before its update; if one returns True, training ends there.
    frozen : sequence
        Parts of the model, by identity, whose parameters and state are left alone.
    clip : float, optional
        Largest global norm of the gradient.
    state : OptimizerState, optional
        To go on from: `history.state` of the run before.
    progress : bool, optional
        Whether to show a progress bar; by default only if a run takes more than two seconds.
    replay : bool
        Whether the gradient may be recorded once and replayed, which is faster.

    Returns
    -------
    model : the same kind of struct
        After a divergence the one before the last update, after an interrupt that of the last
        complete step.
    history : History

    Raises
    ------
    TypeError, ValueError
        An argument makes no sense: the message has the call that would have worked.

    Warns
    -----
    RuntimeWarning
        Training diverged: a loss or gradient isn't finite, or the loss is a million times the
        first. The warning names step, loss and learning rate.

    >>> from course.optimizers import Descent
    >>> train(lambda m: (m["x"] - 1.0) ** 2, {"x": 3.0}, [()], Descent(0.5), epochs=2)
    ({'x': 1.0}, finished after 2 steps (2 epochs): loss 4 -> 0)
    """
    _require_sense(data, optimizer, epochs, tolerance, validation, patience, clip)
    steps = epochs * len(data) if hasattr(data, "__len__") else None
    replay = replay and (steps is None or steps >= WORTH_RECORDING)
    run = _Run(loss, model, optimizer, state, frozen, clip, replay, steps)
    watch = _Watch(run, tolerance, validation, patience)
    try:
        with np.errstate(all="ignore"), _progress_bar(progress, steps) as advance:
            ended = _descend(run, data, epochs, callbacks, watch, advance)
    except KeyboardInterrupt:
        ended = "interrupted"
        del run.losses[run.steps :]  # of a step that was measured and not taken
    if ended == "diverged" or not all(np.all(np.isfinite(value)) for value in run.values):
        ended = "diverged"
        warnings.warn(run.step_back(), RuntimeWarning, stacklevel=2)
    return rebuild(model, watch.best or run.values), History(
        losses=np.array(run.losses),
        epochs=np.array(watch.means),
        validation=np.array(watch.validation),
        seconds=time.perf_counter() - run.started,
        state=run.packing.state(),
        notes=run.notes,
        ended=ended,
    )


def _descend(run, data, epochs, callbacks, watch, advance):
    """The loop itself; returns the word for why it ended."""
    for epoch in range(epochs):
        for batch in data:
            value = run.gradient(_as_batch(batch))
            if run.diverged(value):
                return "diverged"
            if callbacks and _any_stops(callbacks, run.shown(epoch, value)):
                return "stopped"
            run.update()
            advance()
        ended = watch.epoch()
        if ended:
            return ended
    return "finished"


class _Run:
    """A training under way: `packing` holds its parameters, `replay` finds their gradient."""

    def __init__(self, loss, model, optimizer, state, frozen, clip, replay, steps):
        self.loss, self.model, self.optimizer, self.clip = loss, model, optimizer, clip
        self.originals = require_parameters(model)
        values = [
            np.array(v, order="C") if isinstance(v, np.ndarray) else v for v in self.originals
        ]
        state = start_state(optimizer, model, state)
        frozen = _frozen_indices(model, frozen)
        free = [index for index in range(len(values)) if index not in frozen]
        self.packing = pack(optimizer, values, state, free)
        self.before, self.first = self.packing.now, state.step
        self.losses, self.notes, self.limit = [], [], math.inf
        into = self.packing.into
        self.replay = Replay(loss, model, values, free, into, self.notes, replay, steps)
        self.started = time.perf_counter()

    @property
    def values(self):
        """The parameters of now: new arrays, and floats of the kinds that the model has."""
        return [like(v, now) for v, now in zip(self.originals, self.packing.values(), strict=True)]

    @property
    def steps(self):
        """Steps taken."""
        return self.packing.steps - self.first

    def gradient(self, batch):
        """Loss at the parameters of now; their gradient is kept for the step."""
        value = float(self.replay(self.packing.values(), batch))
        if not self.losses and not math.isfinite(value):
            refuse_nan(batch)
        if self.limit == math.inf and abs(value) > 1e-6:  # a first sample may fit by luck
            self.limit = DIVERGED * abs(value)
        self.losses.append(value)
        return value

    def diverged(self, value):
        """Whether there is no way back."""
        hopeless = not math.isfinite(value) or abs(value) > self.limit
        return hopeless or not self.packing.is_finite()

    def shown(self, epoch, value):
        """What callbacks see, theirs to keep."""
        gradients = [None] * len(self.originals)
        for index, gradient in zip(self.packing.free, self.packing.into, strict=True):
            gradients[index] = like(self.originals[index], gradient)
        model, gradient = rebuild(self.model, self.values), rebuild(self.model, gradients)
        return Step(len(self.losses) - 1, epoch, value, model, gradient)

    def update(self):
        """One step: its result takes the place of what was before at once, or not at all."""
        if self.clip is not None:
            self.packing.clip(self.clip)
        self.before = self.packing.step()

    def step_back(self):
        """Return to the model before the last update, and say why."""
        self.packing.now = self.before
        last = len(self.losses) - 1
        text = (
            f"training diverged: loss {self.losses[-1]:.6g} at step {last} "
            f"({self.losses[0]:.6g} at step 0)"
        )
        rate = getattr(at_step(self.optimizer, self.packing.steps), "learning_rate", None)
        if rate is not None:
            text += f", learning rate {rate:.6g}; try a smaller one, such as {rate / 10:.3g}"
        return text + ". The model before the last update comes back."


class _Watch:
    """What is looked at after each epoch: its mean loss, the validation loss, and when to end."""

    def __init__(self, run, tolerance, validation, patience):
        self.run, self.tolerance = run, tolerance
        self.data, self.patience = validation, patience
        self.means, self.validation, self._seen = [], [], 0
        self.best, self._lowest, self._since = None, np.inf, 0

    def epoch(self):
        """End an epoch; the word for why training ends with it, or None."""
        losses = self.run.losses[self._seen :]
        self._seen = len(self.run.losses)
        if not losses:
            raise ValueError("data gave no batch. Write [(x, y)] or Batches(x, y, 32).")
        self.means.append(sum(losses) / len(losses))
        if self.data is not None and self._validate():
            return "stopped"
        return "converged" if self._converged() else None

    def _converged(self):
        if self.tolerance is None or len(self.means) < 2:
            return False
        before, now = self.means[-2:]
        return 0 <= before - now <= self.tolerance * abs(now)

    def _validate(self):
        """Measure the validation loss; whether patience is at its end."""
        values = self.run.values
        value = float(self.run.loss(rebuild(self.run.model, values), *self.data))
        self.validation.append(value)
        if self.patience is None:
            return False
        self._since += 1
        if value < self._lowest:
            self.best, self._lowest, self._since = values, value, 0
        return self._since >= self.patience


def _any_stops(callbacks, step):
    answers = [callback(step) for callback in callbacks]  # all of them, whatever the first says
    return any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers)


def _as_batch(batch):
    if not isinstance(batch, (tuple, list)):
        raise TypeError(
            f"data gave a batch of type {type(batch).__name__}, and a tuple such as (x, y) was "
            "expected. For all data at once write [(x, y)], with the brackets."
        )
    return tuple(batch)


def _frozen_indices(model, frozen):
    """Indices of the parameters that stand in one of the frozen parts."""
    if not isinstance(frozen, (tuple, list)):
        raise TypeError(
            f"frozen is a {type(frozen).__name__}; a tuple of parts of the model was expected, as "
            "in frozen=(model.layers[0],)."
        )
    indices = set()
    for part in frozen:
        found = {
            index
            for index, way, leaf in places(model)
            if part is leaf or any(part is struct for struct, _ in way)
        }
        if isinstance(part, float) or not found:
            raise ValueError(
                f"frozen: {_short(part)} isn't found in the model by identity. Give an array or a "
                "struct that stands in the very model that is trained, such as model.layers[0]; a "
                "Python float has no identity: make it np.array(...) or freeze what holds it."
            )
        indices |= found
    return indices


def _require_sense(data, optimizer, epochs, tolerance, validation, patience, clip):
    """Meet arguments that make no sense before anything is computed."""
    require_optimizer(optimizer)
    if not isinstance(epochs, Integral) or isinstance(epochs, bool) or epochs < 1:
        raise ValueError(f"epochs={epochs!r}; a whole number of at least 1 was expected.")
    if tolerance is not None and not (isinstance(tolerance, Real) and 0 <= tolerance < 1):
        raise ValueError(
            f"tolerance={tolerance!r}; a share of the loss from 0 to below 1 was expected, such as "
            "tolerance=1e-6, or None to run all epochs."
        )
    if clip is not None and not (isinstance(clip, Real) and clip > 0):
        raise ValueError(f"clip={clip!r}; the largest norm was expected, such as clip=1.0.")
    if patience is not None and not (isinstance(patience, Integral) and patience >= 1):
        raise ValueError(f"patience={patience!r}; a whole number of epochs >= 1 was expected.")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation data: train(..., validation=(x, y)).")
    if validation is not None and not isinstance(validation, tuple):
        raise TypeError(
            f"validation is a {type(validation).__name__}; one batch (x, y) was expected."
        )
    if not hasattr(data, "__iter__"):
        raise TypeError(f"data is a {type(data).__name__}; write [(x, y)] or Batches(x, y, 32).")
    if epochs > 1 and iter(data) is data:
        raise TypeError(
            f"data is a {type(data).__name__}, which is used up after one epoch, and {epochs} were "
            "asked for. Give something that can be gone through again: Batches(x, y, 32), or "
            "list(data)."
        )


@contextmanager
def _progress_bar(progress, total):
    """Yield a function to call after each step; it shows a bar once two seconds have gone by."""
    if progress is False:
        yield lambda: None
        return
    bar, steps, shown_from = None, 0, time.perf_counter() + (0 if progress else 2)

    def advance():
        nonlocal bar, steps
        steps += 1
        if bar is not None:
            bar.update()
        elif time.perf_counter() >= shown_from:
            from tqdm.auto import tqdm  # not before a bar is wanted: it loads ipywidgets

            asked = {"disable": False} if progress else {}
            bar = tqdm(total=total, initial=steps, unit="step", **asked)

    try:
        yield advance
    finally:
        if bar is not None:
            bar.close()


def _short(part):
    text = repr(part).splitlines()[0]
    return text if len(text) <= 60 else f"{text[:57]}..."


def _plural(count, noun):
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
