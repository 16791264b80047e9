"""What `train` is given: numbers that make sense, data to go through again and again, batches.

And what it says where a training can't begin or has diverged.
"""

import math
from numbers import Integral, Real

import numpy as np

from course.errors.optimizers import require_optimizer, short

__all__ = ["as_batch", "how_it_diverged", "no_rate_mends_it", "require_sense"]

NOT_A_NUMBER = (
    "a norm, root or standard deviation of 0 (also that of a single sample), the branch of "
    "np.where that wasn't taken, or the logarithm or root of a negative number"
)


def as_batch(batch):
    """A batch as a tuple."""
    if type(batch) is tuple:
        return batch
    is_column = isinstance(batch, list) and all(isinstance(part, Real) for part in batch)
    if is_column or not isinstance(batch, (tuple, list)):
        what = "list of numbers" if is_column else type(batch).__name__
        raise TypeError(
            f"data gave a batch of type {what}, and a tuple such as (x, y) was "
            "expected. For all data at once write [(x, y)], with the brackets."
        )
    return tuple(batch)


def require_sense(data, optimizer, epochs, tolerance, validation, patience, clip, callbacks):
    """Meet arguments that make no sense before anything is computed."""
    require_optimizer(optimizer)
    if not _is_count(epochs):
        raise ValueError(f"epochs={epochs!r}; a whole number of at least 1 was expected.")
    if tolerance is not None and not (isinstance(tolerance, Real) and 0 <= tolerance < 1):
        raise ValueError(
            f"tolerance={tolerance!r}; a share of the loss from 0 to below 1 was expected, such as "
            "tolerance=1e-6, or None to run all epochs."
        )
    if clip is not None and not (isinstance(clip, Real) and clip > 0 and clip is not True):
        raise ValueError(f"clip={clip!r}; the largest norm was expected, such as clip=1.0.")
    if patience is not None and not _is_count(patience):
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
    if not isinstance(callbacks, (tuple, list)):
        raise TypeError(
            f"callbacks is a {type(callbacks).__name__}; a list of functions of a step was "
            "expected, as in callbacks=[print]."
        )
    for callback in callbacks:
        if not callable(callback):
            raise TypeError(f"callbacks: {short(callback)} can't be called with a step.")


def _is_count(number):
    return isinstance(number, Integral) and not isinstance(number, bool) and number >= 1


def no_rate_mends_it(value, gradients):
    """What to say of a first loss, or of gradients by their names, that aren't finite."""
    what = f"the loss is {value:.6g}"
    if math.isfinite(value):
        names = [n for n, g in gradients if g is not None and not np.all(np.isfinite(g))]
        what += f", and the gradient of {', '.join(names)} isn't finite,"
    return (
        f"{what} at the first step, before any update, so no learning rate can mend it. Usual "
        f"causes: {NOT_A_NUMBER}. Look where the loss stops being a number, and add a small "
        "constant there or begin elsewhere: np.sqrt(... + 1e-12)."
    )


def how_it_diverged(losses, limit, rate):
    """What to say of a training that diverged at the last of these losses."""
    last = len(losses) - 1
    text = f"training diverged: loss {losses[-1]:.6g} at step {last} ({losses[0]:.6g} at step 0)"
    if rate:
        text += f", learning rate {rate:.6g}; try a smaller one, such as {rate / 10:.3g}"
    calm = last and abs(losses[-2]) <= 10 * abs(losses[0])
    if calm and not abs(losses[-1]) > limit:
        text += f". The losses before it hadn't grown: perhaps the cause is {NOT_A_NUMBER}"
    return text + ". The model before the last update comes back."
