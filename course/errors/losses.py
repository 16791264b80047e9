"""What losses are given: predictions and targets that fit each other, logits, and labels."""

import functools

import numpy as np
from autograd.tracer import Box

from course.errors.warned import warn
from course.functions import check, plain_numbers

__all__ = [
    "as_array", "as_floats", "require_classes", "require_decided", "require_labels",
    "require_probability", "require_same_shape", "warn_of_probabilities",
    "warn_of_probabilities_of_yes",
]  # fmt: skip


def as_array(data):
    """Data as an array: a table's columns in their order, whatever they are called."""
    is_array = isinstance(data, (np.ndarray, np.generic, Box))
    return data if is_array else np.asarray(data)


def as_floats(name, data, dtype=None):
    """Predictions or targets as floats: small integers would wrap around in a difference."""
    data = as_array(data)
    kind = "masked" if np.ma.isMaskedArray(data) else data.dtype.kind
    if kind not in "fiub":
        what = "a masked array" if kind == "masked" else f"an array of {data.dtype}"
        raise TypeError(
            f"{name}: {what} came, and plain numbers were expected. Leave out what is hidden or no "
            "number, then write np.asarray(..., dtype=float)."
        )
    wanted = dtype or (data.dtype if kind == "f" else float)
    return data if data.dtype == wanted else data.astype(wanted)


def require_same_shape(name, prediction, target):
    """Refuse what numpy would broadcast."""
    ours, theirs = np.shape(prediction), np.shape(target)
    if ours == theirs:
        return
    wide, column = (ours, "prediction[:, 0]") if len(ours) > len(theirs) else (theirs, "y[:, 0]")
    if not (ours and theirs):
        cure = f"Call the model on the whole of x: {name}(model(x), y)."
    elif ours[0] != theirs[0]:
        cure = "Cut x and y at the same place, so that len(x) is len(y)."
    elif wide[1:] == (1,):
        cure = f"numpy would compare every sample with every other: write {column}."
    else:
        cure = f"Give the model as many outputs as y has columns, then {name}(model(x), y)."
    raise ValueError(
        f"{name}: predictions have shape {ours} and targets {theirs}; they must be the same. {cure}"
    )


@check
def require_probability(y, name):
    """The answers, which are looked at: from 0 (no) to 1 (yes)."""
    values = as_floats(name, y)
    if not values.size or (values.min() >= 0 and values.max() <= 1):
        return y
    if np.isnan(values).any():
        raise ValueError(
            f"{name}: y is NaN for {np.isnan(values).sum()} of {values.size} samples, and 0 (no) "
            "to 1 (yes) was expected. Leave them out: keep = np.isfinite(y), then x[keep], y[keep]."
        )
    cure = (
        "for more classes write cross_entropy(logits, labels), with a column for each"
        if name == "binary_cross_entropy"
        else f"for more classes give {name} logits (n, k), or compare labels that were predicted "
        "by np.mean(predicted == labels)"
    )
    raise ValueError(
        f"{name}: y goes from {values.min():g} to {values.max():g}, and 0 (no) to 1 (yes) was "
        f"expected. For labels -1 and 1 write (y + 1) / 2; {cure}."
    )


def require_classes(name, logits, labels):
    """The labels, if they are classes of these logits: integers, or one-hot floats."""
    shape, given = np.shape(logits), np.shape(labels)
    if len(shape) != 2 or shape[1] == 1:
        yes_or_no = "binary_cross_entropy" if name == "cross_entropy" else name
        raise ValueError(
            f"{name}: logits have shape {shape}, and (n, k) was expected, with a column for each "
            f"of k >= 2 classes. For yes or no use {yes_or_no}(logits, y) with (n,)"
            + (f": {yes_or_no}(logits[:, 0], y)." if shape[1:] == (1,) else ".")
        )
    if len(given) == 2 and given != shape:
        raise ValueError(
            f"{name}: one-hot labels have shape {given} and logits {shape}; they must be the same."
            + (" Write labels[:, 0]." if given[1] == 1 else f" Write one_hot(labels, {shape[1]}).")
        )
    if len(given) == 1 and given != shape[:1]:
        raise ValueError(
            f"{name}: {given[0]} labels for {shape[0]} rows of logits; each row needs its label. "
            f"Write {name}(model(x), labels), with x and labels of the same length."
        )
    if len(given) == 2:
        return as_floats(name, require_one_hot(labels, name), logits.dtype)
    return as_array(require_labels(labels, name, shape[1]))


@check
def require_one_hot(labels, name):
    """The labels, which are looked at: rows that sum to 1, of shares that aren't negative."""
    values = as_floats(name, labels)
    if not (np.all(values >= 0) and np.all(np.abs(np.sum(values, axis=1) - 1) < 1e-3)):
        raise ValueError(
            f"{name}: not every row of the one-hot labels sums to 1, with no number below 0. Write "
            f"one_hot(labels, {values.shape[1]})."
        )
    return labels


@check
def require_labels(labels, name, classes):
    """The labels, which are looked at: integers from 0 to classes - 1."""
    masked = "masked " if np.ma.isMaskedArray(labels) else ""
    labels = np.asarray(labels)
    if masked or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels are {masked}{labels.dtype} of shape {labels.shape}, and integers of "
            "shape (n,) were expected. Write labels.astype(int)"
            + ("." if labels.ndim == 1 else ", one number for each sample.")
        )
    # As unsigned integers, negative labels become huge, so one comparison finds both.
    if len(labels) and np.maximum.reduce(labels.view(_unsigned(labels.dtype))) >= classes:
        raise ValueError(
            f"{name}: labels go from {labels.min()} to {labels.max()}, and {classes} classes are "
            f"counted from 0 to {classes - 1}. For labels from 1, write labels - 1; else give the "
            "model a column for every class."
        )
    return labels


@functools.cache
def _unsigned(dtype):
    return np.dtype(dtype.str.replace("i", "u"))


def warn_of_probabilities(logits):
    """Look at the first row before all rows: this runs at every step of a training."""
    logits = plain_numbers(logits)
    if not len(logits) or abs(sum(logits[0].tolist()) - 1) > 1e-5:
        return
    if np.min(logits) >= 0 and np.max(np.abs(np.sum(logits, axis=1) - 1)) < 1e-5:
        warn(
            "cross_entropy: every row of the logits sums to 1, so softmax was applied already. "
            "Leave it out of the model: cross_entropy(model(x), labels) does it by itself."
        )


def warn_of_probabilities_of_yes(name, logits, y):
    """Real logits lie between 0 and 1 by chance at times, and then fit y better as logits.

    In a training they must also say more, as probabilities, than the share of yes does.
    """
    z, y = np.ravel(plain_numbers(logits)), np.ravel(plain_numbers(y))
    if z.dtype.kind != "f" or len(z) < 3:  # True and 1 are a yes
        return
    if not 0 <= z[0] <= 1 or not 0 <= np.min(z) < np.max(z) <= 1:
        return
    as_logits = np.mean(np.logaddexp(0, z) - y * z)
    if name == "binary_cross_entropy":
        found = _surprise(z, y) < 0.75 * min(as_logits, _surprise(np.mean(y), y))
    else:
        found = _surprise(z, y) < as_logits or np.min(z) < 0.5 < np.max(z)
    if found:
        cure = (
            "Leave sigmoid out of the model: this loss does it by itself."
            if name == "binary_cross_entropy"
            else f"Write {name}(p - 0.5, y) for probabilities p, or give it the logits."
        )
        warn(
            f"{name}: all logits lie between 0 and 1, as if sigmoid was applied already; above 0 "
            f"counts as yes. {cure}"
        )


def _surprise(p, y):
    """Cross-entropy of probabilities p of yes."""
    p = np.clip(p, 1e-12, 1 - 1e-12)
    return -np.mean(y * np.log(p) + (1 - y) * np.log1p(-p))


def require_decided(name, decided):
    """Refuse rows of logits that predict no class."""
    if not np.all(decided):
        raise ValueError(
            f"{name}: the logits of {np.sum(~decided)} samples are NaN, or -inf in each column, "
            f"first of sample {np.argmin(decided)}, and predict no class. Look for the cause, "
            "or leave them out: keep = np.isfinite(x).all(axis=1)."
        )
