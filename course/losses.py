"""A loss says with one number how wrong the predictions are. Prediction first, target second.

Every loss is a mean over all samples. The two cross-entropies take logits, the scores before
sigmoid or softmax, since only then can they be computed without overflow.
"""

import functools
import warnings

import autograd.numpy as np
import numpy
from autograd.extend import defvjp
from autograd.tracer import Box

from course.functions import check, formula, logsumexp, plain_numbers, sigmoid, softmax

__all__ = [
    "accuracy",
    "binary_cross_entropy",
    "confusion_matrix",
    "cross_entropy",
    "mae",
    "mse",
    "one_hot",
]


@formula
def mse(prediction, target):
    r"""Mean squared error.

    $$ \frac{1}{n} \sum_i (\hat{y}_i - y_i)^2 $$

    Parameters
    ----------
    prediction, target : ndarray of the same shape
        In the target's unit; the error is in its square.

    Raises
    ------
    TypeError
        An array is masked, or doesn't hold numbers.
    ValueError
        The shapes differ, even if numpy could broadcast them.

    >>> float(mse(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    """
    prediction, target = _floats("mse", prediction), _floats("mse", target)
    _require_same_shape("mse", prediction, target)
    return np.mean(np.square(prediction - target))


def _mse_vjp(ans, prediction, target):
    error = _floats("mse", prediction) - _floats("mse", target)
    return lambda g: error * (g * (2 / max(np.size(error), 1)))


defvjp(mse, _mse_vjp, lambda ans, p, y: lambda g: -_mse_vjp(ans, p, y)(g))


def mae(prediction, target):
    r"""Mean absolute error; it minds outliers less than `mse` does.

    $$ \frac{1}{n} \sum_i |\hat{y}_i - y_i| $$

    Parameters
    ----------
    prediction, target : ndarray of the same shape
        In the target's unit, and so is the error.

    Raises
    ------
    ValueError
        The shapes differ.

    >>> float(mae(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    1.0
    """
    prediction, target = _floats("mae", prediction), _floats("mae", target)
    _require_same_shape("mae", prediction, target)
    return np.mean(np.abs(prediction - target))


@formula
def binary_cross_entropy(logits, y):
    r"""Cross-entropy between a yes-or-no answer and the probability `sigmoid(logits)`.

    $$ \frac{1}{n} \sum_i \log(1 + e^{z_i}) - y_i z_i $$

    Parameters
    ----------
    logits : ndarray of shape (n,)
        Scores before `sigmoid`, in nats of log-odds; finite, since an infinite one gives NaN.
    y : ndarray of shape (n,)
        0 for no, 1 for yes, or a probability between.

    Raises
    ------
    ValueError
        The shapes differ, or y leaves the range from 0 to 1.

    Warns
    -----
    UserWarning
        Of three or more logits all lie between 0 and 1, and as probabilities they fit y far better
        than as logits, and than the share of yes does: sigmoid was applied already.

    >>> float(binary_cross_entropy(np.array([0.0]), np.array([1])).round(4))
    0.6931
    """
    logits = _floats("binary_cross_entropy", logits)
    _require_same_shape("binary_cross_entropy", logits, y)
    target = _require_probability(y, "binary_cross_entropy")
    target = _floats("binary_cross_entropy", target, np.result_type(logits))
    _warn_of_probabilities_of_yes("binary_cross_entropy", logits, target)
    return np.mean(np.logaddexp(0, logits) - target * logits)


def _binary_cross_entropy_vjp(ans, logits, y):
    target = _floats("binary_cross_entropy", y, logits.dtype)
    return lambda g: (sigmoid(logits) - target) * (g / np.size(logits))


defvjp(binary_cross_entropy, _binary_cross_entropy_vjp, argnums=(0,))


@formula
def cross_entropy(logits, labels):
    r"""Cross-entropy between true classes and the probabilities `softmax(logits)`.

    $$ \frac{1}{n} \sum_i \log \Big( \sum_k e^{z_{ik}} \Big) - z_{i, \mathrm{label}_i} $$

    Parameters
    ----------
    logits : ndarray of shape (n, k)
        Scores before `softmax`, one column a class; one of -inf rules its class out.
    labels : ndarray of integers of shape (n,), or one-hot of shape (n, k)
        The true classes, counted from 0.

    Raises
    ------
    TypeError
        Labels are neither integers nor one-hot.
    ValueError
        Shapes don't fit, a label is out of range, or there is a single column.

    Warns
    -----
    UserWarning
        The rows sum to 1 already: softmax was applied before.

    >>> float(cross_entropy(np.zeros((1, 2)), np.array([1])).round(4))
    0.6931
    """
    logits = _floats("cross_entropy", logits)
    labels = _require_classes("cross_entropy", logits, labels)
    _warn_of_probabilities(plain_numbers(logits))
    if np.ndim(labels) == 2:
        # Where a label is 0 no logit counts, be it -inf: 0 * inf would be NaN.
        surprise = logsumexp(logits, keepdims=True) - np.where(labels == 0, 0, logits)
        return np.mean(np.sum(labels * surprise, axis=1))
    return np.mean(logsumexp(logits) - logits[np.arange(len(labels)), labels])


def _cross_entropy_vjp(ans, logits, labels):
    if np.ndim(labels) == 2:
        labels = _floats("cross_entropy", labels, logits.dtype)
        total = np.sum(labels, axis=1, keepdims=True)
        return lambda g: (softmax(logits) * total - labels) * (g / len(logits))
    target = _rows(_array(labels), np.shape(logits)[1])
    return lambda g: (softmax(logits) - target) * (g / len(logits))


defvjp(cross_entropy, _cross_entropy_vjp, argnums=(0,))


def accuracy(logits, labels):
    """Share of samples whose class is predicted right, between 0 and 1.

    Parameters
    ----------
    logits : ndarray of shape (n, k), or (n,) for yes or no
        The predicted class is the largest of a row, or yes where the logit is positive. A NaN
        is never right.
    labels : ndarray of shape (n,), or one-hot of shape (n, k)

    Warns
    -----
    UserWarning
        Of three or more logits `(n,)` all lie between 0 and 1, below and above a half, or they fit
        the labels better as probabilities.

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """
    predicted, truth, _, decided = _as_labels("accuracy", logits, labels)
    return float(np.mean((predicted == truth) & decided))


def confusion_matrix(logits, labels):
    """Count which class is taken for which: truth in the rows, prediction in the columns.

    Parameters
    ----------
    logits, labels
        As `accuracy` takes them.

    Returns
    -------
    ndarray of integers of shape (k, k), whose sum is n and whose diagonal is what is right

    Raises
    ------
    ValueError
        A row of logits is NaN, so that there is no prediction to count.

    >>> confusion_matrix(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    array([[1, 1],
           [0, 0]])
    """
    predicted, truth, classes, decided = _as_labels("confusion_matrix", logits, labels)
    if not np.all(decided):
        raise ValueError(
            f"confusion_matrix: the logits of {np.sum(~decided)} samples are NaN, first of sample "
            f"{np.argmin(decided)}, and predict no class. Look for the cause, or leave them out: "
            "keep = np.isfinite(x).all(axis=1)."
        )
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def one_hot(labels, classes):
    """Write each label as a row of zeros with a single one.

    Parameters
    ----------
    labels : ndarray of integers of shape (n,)
    classes : int

    Returns
    -------
    ndarray of integers of shape (n, classes)

    Raises
    ------
    ValueError
        A label is negative, or not below `classes`.

    >>> one_hot(np.array([2, 0]), 3)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    return _rows(_array(_require_labels(labels, "one_hot", classes)), classes).astype(int)


def _rows(labels, classes):
    return np.equal(np.expand_dims(labels, 1), np.arange(classes))


def _array(data):
    """Data as an array: a table's columns in their order, whatever they are called."""
    is_array = isinstance(data, (numpy.ndarray, numpy.generic, Box))
    return data if is_array else numpy.asarray(data)


def _floats(name, data, dtype=None):
    """Predictions or targets as floats: small integers would wrap around in a difference."""
    data = _array(data)
    kind = "masked" if numpy.ma.isMaskedArray(data) else data.dtype.kind
    if kind not in "fiub":
        what = "a masked array" if kind == "masked" else f"an array of {data.dtype}"
        raise TypeError(
            f"{name}: {what} came, and plain numbers were expected. Leave out what is hidden or no "
            "number, then write np.asarray(..., dtype=float)."
        )
    wanted = dtype or (data.dtype if kind == "f" else float)
    return data if data.dtype == wanted else data.astype(wanted)


def _require_same_shape(name, prediction, target):
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
def _require_probability(y, name):
    """The answers, which are looked at: from 0 (no) to 1 (yes)."""
    values = _floats(name, y)
    if values.size and not (values.min() >= 0 and values.max() <= 1):
        cure = (
            "for more classes write cross_entropy(logits, labels), with a column for each"
            if name == "binary_cross_entropy"
            else f"for more classes give {name} logits (n, k), or compare labels that were "
            "predicted by np.mean(predicted == labels)"
        )
        raise ValueError(
            f"{name}: y goes from {values.min():g} to {values.max():g}, and 0 (no) to 1 (yes) was "
            f"expected. For labels -1 and 1 write (y + 1) / 2; {cure}."
        )
    return y


def _require_classes(name, logits, labels):
    shape, given = np.shape(logits), np.shape(labels)
    if len(shape) != 2 or shape[1] == 1:
        raise ValueError(
            f"{name}: logits have shape {shape}, and (n, k) was expected, with a column for each "
            "of k >= 2 classes. For yes or no use binary_cross_entropy(logits, y) with (n,)"
            + (": binary_cross_entropy(logits[:, 0], y)." if shape[1:] == (1,) else ".")
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
        return _floats(name, labels, np.result_type(logits))
    return _array(_require_labels(labels, name, shape[1]))


@check
def _require_labels(labels, name, classes):
    """The labels, which are looked at: integers from 0 to classes - 1."""
    masked = "masked " if numpy.ma.isMaskedArray(labels) else ""
    labels = numpy.asarray(labels)
    if masked or labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels are {masked}{labels.dtype} of shape {labels.shape}, and integers of "
            "shape (n,) were expected. Write labels.astype(int)"
            + ("." if labels.ndim == 1 else ", one number for each sample.")
        )
    # As unsigned integers, negative labels become huge, so one comparison finds both.
    if len(labels) and numpy.maximum.reduce(labels.view(_unsigned(labels.dtype))) >= classes:
        raise ValueError(
            f"{name}: labels go from {labels.min()} to {labels.max()}, and {classes} classes are "
            f"counted from 0 to {classes - 1}. For labels from 1, write labels - 1; else give the "
            "model a column for every class."
        )
    return labels


@functools.cache
def _unsigned(dtype):
    return numpy.dtype(dtype.str.replace("i", "u"))


def _warn_of_probabilities(logits):
    """Look at the first row before all rows: this runs at every step of a training."""
    if not len(logits) or abs(sum(logits[0].tolist()) - 1) > 1e-5:
        return
    if np.min(logits) >= 0 and np.max(np.abs(np.sum(logits, axis=1) - 1)) < 1e-5:
        warnings.warn(
            "cross_entropy: every row of the logits sums to 1, so softmax was applied already. "
            "Leave it out of the model: cross_entropy(model(x), labels) does it by itself.",
            stacklevel=4,
        )


def _warn_of_probabilities_of_yes(name, logits, y):
    """Real logits lie between 0 and 1 by chance at times, and then fit y better as logits.

    In a training they must also say more, as probabilities, than the share of yes does.
    """
    z, y = numpy.ravel(plain_numbers(logits)), numpy.ravel(plain_numbers(y))
    if len(z) < 3 or not 0 <= z[0] <= 1 or not 0 <= numpy.min(z) < numpy.max(z) <= 1:
        return
    as_logits = numpy.mean(numpy.logaddexp(0, z) - y * z)
    if name == "binary_cross_entropy":
        found = _surprise(z, y) < 0.75 * min(as_logits, _surprise(numpy.mean(y), y))
    else:
        found = _surprise(z, y) < as_logits or numpy.min(z) < 0.5 < numpy.max(z)
    if found:
        cure = (
            "Leave sigmoid out of the model: this loss does it by itself."
            if name == "binary_cross_entropy"
            else f"Write {name}(p - 0.5, y) for probabilities p, or give it the logits."
        )
        warnings.warn(
            f"{name}: all logits lie between 0 and 1, as if sigmoid was applied already; above 0 "
            f"counts as yes. {cure}",
            stacklevel=4,
        )


def _surprise(p, y):
    """Cross-entropy of probabilities p of yes."""
    p = numpy.clip(p, 1e-12, 1 - 1e-12)
    return -numpy.mean(y * numpy.log(p) + (1 - y) * numpy.log1p(-p))


def _as_labels(name, logits, labels):
    """Predicted and true labels as integers, the number of classes, and whose logits say one."""
    given, logits = logits, _floats(name, logits)
    if logits.ndim == 1:
        _require_same_shape(name, logits, labels)
        y = _floats(name, _require_probability(labels, name))
        if numpy.asarray(given).dtype.kind == "f":  # True and 1 are a yes
            _warn_of_probabilities_of_yes(name, logits, y)
        return (logits > 0).astype(int), (y > 0.5).astype(int), 2, ~np.isnan(logits)
    labels = _require_classes(name, logits, labels)
    if labels.ndim == 2 and not np.all(np.abs(np.sum(labels, axis=1) - 1) < 1e-3):
        raise ValueError(
            f"{name}: not every row of the one-hot labels sums to 1. Write "
            f"one_hot(labels, {logits.shape[1]})."
        )
    truth = np.argmax(labels, axis=1) if labels.ndim == 2 else labels
    decided = np.max(logits, axis=1) > -np.inf  # not so where one is NaN
    return np.argmax(logits, axis=1), truth.astype(int), logits.shape[1], decided
