"""A loss says with one number how wrong the predictions are. Prediction first, target second.

Every loss is a mean over all samples. The two cross-entropies take logits, the scores before
sigmoid or softmax, since only then can they be computed without overflow.
"""

import functools
import warnings

import autograd.numpy as np
import numpy
from autograd.extend import defvjp

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
    ValueError
        The shapes differ, even if numpy could broadcast them.

    >>> float(mse(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    2.0
    """
    _require_same_shape("mse", prediction, target)
    return np.mean(np.square(prediction - _array(target)))


def _mse_vjp(ans, prediction, target):
    return lambda g: (prediction - target) * (g * (2 / max(np.size(prediction), 1)))


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
    _require_same_shape("mae", prediction, target)
    return np.mean(np.abs(prediction - target))


@formula
def binary_cross_entropy(logits, y):
    r"""Cross-entropy between a yes-or-no answer and the probability `sigmoid(logits)`.

    $$ \frac{1}{n} \sum_i \log(1 + e^{z_i}) - y_i z_i $$

    Parameters
    ----------
    logits : ndarray of shape (n,)
        Scores before `sigmoid`, in nats of log-odds.
    y : ndarray of shape (n,)
        0 for no, 1 for yes, or a probability between.

    Raises
    ------
    ValueError
        The shapes differ, or y leaves the range from 0 to 1.

    >>> float(binary_cross_entropy(np.array([0.0]), np.array([1]))) == np.log(2)
    True
    """
    _require_same_shape("binary_cross_entropy", logits, y)
    target = _array(_require_probability(y), np.result_type(logits))
    return np.mean(np.logaddexp(0, logits) - target * logits)


def _binary_cross_entropy_vjp(ans, logits, y):
    target = _array(y, logits.dtype)
    return lambda g: (sigmoid(logits) - target) * (g / np.size(logits))


defvjp(binary_cross_entropy, _binary_cross_entropy_vjp, argnums=(0,))


@formula
def cross_entropy(logits, labels):
    r"""Cross-entropy between true classes and the probabilities `softmax(logits)`.

    $$ \frac{1}{n} \sum_i \log \Big( \sum_k e^{z_{ik}} \Big) - z_{i, \mathrm{label}_i} $$

    Parameters
    ----------
    logits : ndarray of shape (n, k)
        Scores before `softmax`, one column a class.
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

    >>> float(cross_entropy(np.zeros((1, 2)), np.array([1]))) == np.log(2)
    True
    """
    labels = _require_classes("cross_entropy", logits, labels)
    _warn_of_probabilities(plain_numbers(logits))
    if np.ndim(labels) == 2:
        return np.mean(np.sum(labels * (logsumexp(logits, keepdims=True) - logits), axis=1))
    return np.mean(logsumexp(logits) - logits[np.arange(len(labels)), labels])


def _cross_entropy_vjp(ans, logits, labels):
    if np.ndim(labels) == 2:
        total = np.sum(labels, axis=1, keepdims=True)
        return lambda g: (softmax(logits) * total - labels) * (g / len(logits))
    target = _rows(labels, np.shape(logits)[1])
    return lambda g: (softmax(logits) - target) * (g / len(logits))


defvjp(cross_entropy, _cross_entropy_vjp, argnums=(0,))


def accuracy(logits, labels):
    """Share of samples whose class is predicted right, between 0 and 1.

    Parameters
    ----------
    logits : ndarray of shape (n, k), or (n,) for yes or no
        The predicted class is the largest of a row, or yes where the logit is positive.
    labels : ndarray of shape (n,), or one-hot of shape (n, k)

    >>> accuracy(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    0.5
    """
    predicted, truth, _ = _as_labels("accuracy", logits, labels)
    return float(np.mean(predicted == truth))


def confusion_matrix(logits, labels):
    """Count which class is taken for which: truth in the rows, prediction in the columns.

    Parameters
    ----------
    logits, labels
        As `accuracy` takes them.

    Returns
    -------
    ndarray of integers of shape (k, k), whose sum is n and whose diagonal is what is right

    >>> confusion_matrix(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    array([[1, 1],
           [0, 0]])
    """
    predicted, truth, classes = _as_labels("confusion_matrix", logits, labels)
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
    ndarray of booleans of shape (n, classes), which count as 0 and 1

    Raises
    ------
    ValueError
        A label is negative, or not below `classes`.

    >>> one_hot(np.array([2, 0]), 3).astype(int)
    array([[0, 0, 1],
           [1, 0, 0]])
    """
    return _rows(_require_labels(labels, "one_hot", classes), classes)


def _rows(labels, classes):
    return np.equal(np.expand_dims(labels, 1), np.arange(classes))


def _array(data, dtype=None):
    """Data as an array of a dtype; what is one is kept."""
    if not hasattr(data, "shape"):
        data = numpy.asarray(data)
    return data if dtype is None or data.dtype == dtype else data.astype(dtype)


def _require_same_shape(name, prediction, target):
    ours, theirs = np.shape(prediction), np.shape(target)
    if ours == theirs:
        return
    message = f"{name}: predictions have shape {ours} and targets {theirs}; they must be the same. "
    if len(ours) and len(theirs) and ours[0] != theirs[0]:
        raise ValueError(f"{message}Were x and y cut at different places? len(x) must be len(y).")
    wide, cure = (ours, "prediction[:, 0]") if len(ours) > len(theirs) else (theirs, "y[:, 0]")
    if wide[1:] == (1,):
        message += f"numpy would compare every sample with every other. Write {cure}."
    raise ValueError(message + ("" if ours and theirs else "Call the model on the whole of x."))


@check
def _require_probability(y):
    """The answers, which are looked at: from 0 (no) to 1 (yes)."""
    if np.size(y) and (np.min(y) < 0 or np.max(y) > 1):
        raise ValueError(
            f"binary_cross_entropy: y goes from {np.min(y):g} to {np.max(y):g}, and 0 (no) to 1 "
            "(yes) was expected. For labels -1 and 1 write (y + 1) / 2; for more than two classes "
            "use cross_entropy(logits, labels)."
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
        raise ValueError(f"{name}: {given[0]} labels for {shape[0]} rows of logits.")
    return labels if len(given) == 2 else _require_labels(labels, name, shape[1])


@check
def _require_labels(labels, name, classes):
    """The labels, which are looked at: integers from 0 to classes - 1."""
    labels = numpy.asarray(labels)
    if labels.ndim != 1 or labels.dtype.kind not in "iu":
        raise TypeError(
            f"{name}: labels are {labels.dtype} of shape {labels.shape}, and integers of shape "
            "(n,) were expected. Write labels.astype(int)"
            + ("." if labels.ndim == 1 else ", one number for each sample.")
        )
    # As unsigned numbers the negative ones are the largest: this is looked at in every step.
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


def _as_labels(name, logits, labels):
    """Predicted and true labels as integers, and the number of classes."""
    logits, labels = np.asarray(logits), np.asarray(labels)
    if logits.ndim == 1:
        _require_same_shape(name, logits, labels)
        truth = _require_probability(labels) > 0.5
        return (logits > 0).astype(int), truth.astype(int), 2
    _require_classes(name, logits, labels)
    truth = np.argmax(labels, axis=1) if labels.ndim == 2 else labels
    return np.argmax(logits, axis=1), truth.astype(int), logits.shape[1]
