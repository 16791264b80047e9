"""A loss says with one number how wrong the predictions are. Prediction first, target second.

Every loss is a mean: of `mse` and `mae` over all numbers (all columns of all samples), of the
cross-entropies over all samples. The two cross-entropies take logits, the scores before
sigmoid or softmax, since only then can they be computed without overflow.
"""

import functools

import autograd.numpy as np
from autograd.extend import defvjp

from course.errors.losses import (
    as_array,
    as_floats,
    require_classes,
    require_decided,
    require_labels,
    require_probability,
    require_same_shape,
    warn_of_probabilities,
    warn_of_probabilities_of_yes,
)
from course.functions import formula, logsumexp, recorded, sigmoid, softmax

__all__ = [
    "accuracy", "binary_cross_entropy", "confusion_matrix", "cross_entropy", "mae", "mse",
    "one_hot",
]  # fmt: skip


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
    prediction, target = as_floats("mse", prediction), as_floats("mse", target)
    require_same_shape("mse", prediction, target)
    return np.mean(np.square(prediction - target))


def _mse_vjp(ans, prediction, target):
    error = as_floats("mse", prediction) - as_floats("mse", target)
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
    TypeError
        An array is masked, or doesn't hold numbers.
    ValueError
        The shapes differ.

    >>> float(mae(np.array([1.0, 3.0]), np.array([1.0, 1.0])))
    1.0
    """
    prediction, target = as_floats("mae", prediction), as_floats("mae", target)
    require_same_shape("mae", prediction, target)
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
    TypeError
        An array is masked, or doesn't hold numbers.
    ValueError
        The shapes differ, or y is NaN or leaves the range from 0 to 1.

    Warns
    -----
    UserWarning
        Of three or more logits all lie between 0 and 1, and as probabilities they fit y far better
        than as logits, and than the share of yes does: sigmoid was applied already.

    >>> float(binary_cross_entropy(np.array([0.0]), np.array([1])).round(4))
    0.6931
    """
    logits = as_floats("binary_cross_entropy", logits)
    require_same_shape("binary_cross_entropy", logits, y)
    target = require_probability(y, "binary_cross_entropy")
    target = as_floats("binary_cross_entropy", target, np.result_type(logits))
    warn_of_probabilities_of_yes("binary_cross_entropy", logits, target)
    return np.mean(np.logaddexp(0, logits) - target * logits)


def _binary_cross_entropy_vjp(ans, logits, y):
    target = as_floats("binary_cross_entropy", y, logits.dtype)
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
        The true classes, counted from 0. A row may also hold a share for each class.

    Raises
    ------
    TypeError
        Labels aren't integers, or an array is masked or doesn't hold numbers.
    ValueError
        Shapes don't fit, a label is out of range, a row of one-hot labels doesn't sum to 1, or
        there is a single column.

    Warns
    -----
    UserWarning
        The rows sum to 1 already: softmax was applied before.

    >>> float(cross_entropy(np.zeros((1, 2)), np.array([1])).round(4))
    0.6931
    """
    logits = as_floats("cross_entropy", logits)
    labels = require_classes("cross_entropy", logits, labels)
    warn_of_probabilities(logits)
    if np.ndim(labels) == 2:
        # Where a label is 0 no logit counts, be it -inf: 0 * inf would be NaN.
        surprise = logsumexp(logits, keepdims=True) - np.where(labels == 0, 0, logits)
        return np.mean(np.sum(labels * surprise, axis=1))
    return np.mean(logsumexp(logits) - logits[np.arange(len(labels)), labels])


def _cross_entropy_vjp(ans, logits, labels):
    if np.ndim(labels) == 2:
        labels = as_floats("cross_entropy", labels, logits.dtype)
        total = np.sum(labels, axis=1, keepdims=True)
        return lambda g: (softmax(logits) * total - labels) * (g / len(logits))
    target = unit_rows(as_array(labels), np.shape(logits)[1], logits.dtype)
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
    predicted, truth, _, decided = _predicted_and_true("accuracy", logits, labels)
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
        A row of logits holds NaN, or only -inf, so that there is no prediction to count.

    >>> confusion_matrix(np.array([[2.0, 1.0], [0.0, 3.0]]), np.array([0, 0]))
    array([[1, 1],
           [0, 0]])
    """
    predicted, truth, classes, decided = _predicted_and_true("confusion_matrix", logits, labels)
    require_decided("confusion_matrix", decided)
    cells = np.bincount(truth * classes + predicted, minlength=classes * classes)
    return cells.reshape(classes, classes)


def _predicted_and_true(name, logits, labels):
    """Predicted and true labels as integers, the number of classes, and whose logits say one."""
    scores = as_floats(name, logits)
    if scores.ndim == 1:
        require_same_shape(name, scores, labels)
        y = as_floats(name, require_probability(labels, name))
        warn_of_probabilities_of_yes(name, logits, y)
        return (scores > 0).astype(int), (y > 0.5).astype(int), 2, ~np.isnan(scores)
    labels = require_classes(name, scores, labels)
    truth = np.argmax(labels, axis=1) if labels.ndim == 2 else labels
    decided = np.max(scores, axis=1) > -np.inf  # not so where one is NaN
    return np.argmax(scores, axis=1), truth.astype(int), scores.shape[1], decided


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
    return unit_rows(as_array(require_labels(labels, "one_hot", classes)), classes, int)


@recorded
def unit_rows(labels, classes, dtype):
    """A row of zeros for each label, with a one in its place."""
    if classes <= len(labels):  # a table of the rows is no larger than what comes out
        return _table(classes, dtype).take(labels.astype(np.intp, copy=False), 0)
    return np.equal(labels[:, None], np.arange(classes)).astype(dtype)


@functools.lru_cache(8)
def _table(classes, dtype):
    return np.eye(classes, dtype=dtype)
