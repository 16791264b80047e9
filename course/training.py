"""The training loop, the same for every model, loss, optimizer and kind of data.

It is the loop that a learner writes in lesson 01 (take a batch, take the gradient, take a step),
and around it what one wants to know afterwards: how the loss fell, and why the run ended.
"""

import math
import operator
import os
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np

from course.autodiff import like, require_parameters
from course.engine.flat import lay_out
from course.engine.recording import Replay
from course.errors.gradients import refuse_nan
from course.errors.optimizers import short
from course.errors.training import as_batch, how_it_diverged, no_rate_mends_it, require_sense
from course.errors.warned import warn
from course.optimizers import at_step
from course.trees import named, places, rebuild
from course.updating import OptimizerState, start_state

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
        Mean loss of all samples of each complete pass over the data, each measured when its turn
        came.
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
        finite = self.validation[np.isfinite(self.validation)]
        if len(finite):
            text += f", best validation loss {np.min(finite):.5g}"
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
        model comes back, and the state that belongs to it, however the run ends. A validation
        loss that isn't finite is no new best; a note says so.
    callbacks : sequence of callables
        Each is called with a `Step` before its update; if one returns True, training ends there.
    frozen : sequence
        Parts of the model, by identity, whose parameters and state are left alone.
    clip : float, optional
        Largest global norm of the gradient.
    state : OptimizerState, optional
        To go on from: `history.state` of the run before.
    progress : bool, optional
        Whether to show a progress bar; by default only if a run takes more than two seconds at a
        terminal or in a notebook.
    replay : bool
        Whether the gradient may be recorded once and replayed, which is faster. A loss that is
        replayed depends on its arguments alone: what else it does (printing, counting, drawing
        random numbers) happens only where it is called, in the first two steps with batches of
        each shape and once at the end. Names that it reads from outside are looked at in each
        step; what can't be is noted in `history.notes`, and then each gradient is taken anew.

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
        first. The warning names step, loss and learning rate. (At the first step it is an error:
        no rate was used yet.) Or the replayed gradient wasn't the ordinary one at the end.

    >>> from course.optimizers import Descent
    >>> train(lambda m: (m["x"] - 1.0) ** 2, {"x": 3.0}, [()], Descent(0.5), epochs=2)
    ({'x': 1.0}, finished after 2 steps (2 epochs): loss 4 -> 0)
    """
    require_sense(data, optimizer, epochs, tolerance, validation, patience, clip, callbacks)
    steps = epochs * len(data) if hasattr(data, "__len__") else None
    replay = replay and (steps is None or steps >= WORTH_RECORDING)
    training = _Training(loss, model, optimizer, state, frozen, clip, replay)
    end_of_epoch = _EpochEnd(training, tolerance, validation, patience)
    with np.errstate(all="ignore"):
        try:
            with _progress_bar(progress, steps) as advance:
                ended = _descend(training, data, epochs, callbacks, end_of_epoch, advance)
        except KeyboardInterrupt:
            ended = "interrupted"
        ended = training.finish(ended)
    best, best_state = end_of_epoch.best or (training.values, training.state)
    return rebuild(model, best), History(
        losses=np.array(training.losses),
        epochs=np.array(end_of_epoch.means),
        validation=np.array(end_of_epoch.validation),
        seconds=time.perf_counter() - training.started,
        state=best_state,
        notes=training.notes,
        ended=ended,
    )


def _descend(training, data, epochs, callbacks, end_of_epoch, advance):
    """The loop itself; returns the word for why it ended."""
    for epoch in range(epochs):
        for batch in data:
            parameters, state = training.now
            value, gradient = training.value_and_gradient(parameters, as_batch(batch))
            if training.has_diverged(value, gradient):
                return "diverged"
            if callbacks and _any_stops(callbacks, training.shown(epoch, value, gradient)):
                return "stopped"
            training.now = training.step(parameters, gradient, state)
            advance()
        ended = end_of_epoch()
        if ended:
            return ended
    return "finished"


class _Training:
    """A training under way.

    Attributes
    ----------
    now : tuple
        Parameters (a list of arrays) and the optimizer's state, as they go through the loop.
    before : tuple
        Those before the last step.
    """

    def __init__(self, loss, model, optimizer, state, frozen, clip, replay):
        self.model, self.loss, self.optimizer, self.clip = model, loss, optimizer, clip
        self.originals = require_parameters(model)
        values = [
            np.array(v, order="C") if isinstance(v, np.ndarray) else v for v in self.originals
        ]
        state = start_state(optimizer, model, state)
        frozen = _frozen_indices(model, frozen)
        free = [index for index in range(len(values)) if index not in frozen]
        self.layout = lay_out(optimizer, values, state, free)
        self.now = self.before = self.layout.start
        self.first, self.limit = state.step, math.inf
        self.losses, self.samples, self.notes = [], [], []
        self.replay = Replay(loss, model, free, self.layout.gradients, self.notes, replay)
        self.started = time.perf_counter()

    def value_and_gradient(self, parameters, batch):
        """Loss and gradients; these stand in the same arrays each time."""
        value = float(self.replay(parameters, batch))
        if not self.losses and not math.isfinite(value):
            refuse_nan(batch)
        if self.limit == math.inf and abs(value) > 1e-6:  # the first loss may be 0 by chance
            self.limit = DIVERGED * abs(value)
        self.losses.append(value)
        shape = getattr(batch[0], "shape", ()) if batch else ()
        self.samples.append(shape[0] if shape and shape[0] else 1)
        return value, self.layout.gradients

    def has_diverged(self, value, gradient):
        """Whether there is no way back; raises where there was none from the start."""
        finite = math.isfinite(value) and self.layout.is_finite()
        if not finite and len(self.losses) == 1:
            pairs = zip(named(self.model), self._all(gradient), strict=True)
            raise ValueError(no_rate_mends_it(value, [(name, g) for (name, _), g in pairs]))
        return not finite or abs(value) > self.limit

    def shown(self, epoch, value, gradient):
        """What callbacks see, theirs to keep."""
        model = rebuild(self.model, self.values)
        gradient = rebuild(self.model, self._all(gradient))
        return Step(len(self.losses) - 1, epoch, value, model, gradient)

    def step(self, parameters, gradient, state):
        """One step of the optimizer: new parameters and a new state."""
        if self.clip is not None:
            self.layout.clip(gradient, self.clip)
        self.before = self.now
        return self.layout.step(parameters, gradient, state)

    @property
    def values(self):
        """The parameters of now: new arrays, and floats of the kinds that the model has."""
        return [like(v, now) for v, now in zip(self.originals, self.now[0], strict=True)]

    @property
    def state(self):
        """The optimizer's state of now."""
        return self.layout.state(self.now[1])

    def finish(self, ended):
        """Look back at what was replayed and at what is handed out; the word for how it ended."""
        if ended == "interrupted":  # perhaps in a step whose loss was measured and not used
            del self.losses[self.layout.steps(self.now[1]) - self.first :]
        try:
            self.replay.finish()
        except KeyboardInterrupt:
            self.notes.append("The last comparison with the ordinary gradient was interrupted.")
        if ended == "diverged" or not all(np.all(np.isfinite(value)) for value in self.values):
            ended = "diverged"
            warn(self._step_back(), RuntimeWarning)
        return ended

    def _step_back(self):
        """Return to the model before the last update, and say why."""
        self.now = self.before
        step = self.layout.steps(self.now[1])
        rate = getattr(at_step(self.optimizer, step), "learning_rate", 0)
        return how_it_diverged(self.losses, self.limit, rate)

    def _all(self, gradient):
        """A gradient for every parameter, theirs to keep, and None for what is frozen."""
        found = [None] * len(self.originals)
        for index, one in zip(self.layout.free, gradient, strict=True):
            found[index] = like(self.originals[index], one)
        return found


class _EpochEnd:
    """What is looked at after each epoch: its mean loss, the validation loss, and when to end."""

    def __init__(self, training, tolerance, validation, patience):
        self.training, self.tolerance = training, tolerance
        self.data, self.patience = validation, patience
        self.means, self.validation, self._seen = [], [], 0
        self.best, self._lowest, self._since = None, np.inf, 0

    def __call__(self):
        """End an epoch; the word for why training ends with it, or None."""
        losses, samples = self.training.losses[self._seen :], self.training.samples[self._seen :]
        self._seen = len(self.training.losses)
        if not losses:
            raise ValueError("data gave no batch. Write [(x, y)] or Batches(x, y, 32).")
        self.means.append(sum(map(operator.mul, losses, samples)) / sum(samples))
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
        values = self.training.values
        value = float(self.training.loss(rebuild(self.training.model, values), *self.data))
        if not math.isfinite(value) and np.all(np.isfinite(self.validation)):
            self.training.notes.append(
                f"The validation loss is {value} after epoch {len(self.validation)}, which is "
                "never a new best. Look at the validation data, and at the loss for them."
            )
        self.validation.append(value)
        if self.patience is None:
            return False
        self._since += 1
        if math.isfinite(value) and value < self._lowest:
            self.best, self._lowest, self._since = (values, self.training.state), value, 0
        return self._since >= self.patience


def _any_stops(callbacks, step):
    answers = [callback(step) for callback in callbacks]  # all of them, whatever the first says
    return any(isinstance(answer, (bool, np.bool_)) and answer for answer in answers)


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
                f"frozen: {short(part)} isn't found in the model by identity. Give an array or a "
                "struct that stands in the very model that is trained, such as model.layers[0]; a "
                "Python float has no identity: make it np.array(...) or freeze what holds it."
            )
        indices |= found
    return indices


@contextmanager
def _progress_bar(progress, total):
    """Yield a function to call after each step; it shows a bar once two seconds have gone by."""
    if progress is False or (progress is None and not _someone_waits()):
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


def _someone_waits():
    """Whether this is a terminal or a notebook, and bars aren't switched off (TQDM_DISABLE=1)."""
    if os.environ.get("TQDM_DISABLE", "0") not in ("", "0"):  # notebooks' bars don't look at it
        return False
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return hasattr(shell, "kernel") or bool(sys.stderr and sys.stderr.isatty())


def _plural(count, noun):
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
