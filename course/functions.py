"""Activation functions: each is stable at any size of its input, and so is its derivative.

The body of each function is the plain formula. Its derivative stands beside it, written by hand
where autograd's own would overflow or be slow; a test holds the two equal.
"""

import functools

import autograd.numpy as np
from autograd.extend import defvjp, primitive
from autograd.tracer import getval

__all__ = [
    "check", "floats", "formula", "logsumexp", "plain_numbers", "recorded", "relu", "sigmoid",
    "softmax", "tanh",
]  # fmt: skip


def formula(function):
    """Make a function whose derivative is supplied by hand, with `defvjp`."""
    made = primitive(function)
    # Pickle finds it by its name, and with it every model that holds it.
    made.__module__, made.__qualname__ = function.__module__, function.__qualname__
    return made


def check(function):
    """Make a function that looks at data, its first argument, and returns them.

    While a gradient is recorded, the look is written down: each replay repeats it.
    """
    return recorded(function, is_check=True)


def recorded(function, is_check=False):
    """Make a function of data, its first argument, that a recording has as a single call.

    It has no derivative, and the shape of its result follows from the shapes that it is given.
    """
    function.is_check = is_check

    @functools.wraps(function)
    def call(data, *options):
        record = getattr(data, "record_call", None)
        if record is None:
            return function(data, *options)
        result = record(function, (data, *options))
        return data if is_check else result

    return call


def plain_numbers(value):
    """The numbers of a value that is being traced or recorded, for a look that isn't repeated."""
    value = getval(value)
    return getattr(value, "plain_numbers", value)


def floats(x):
    """Numbers as floats: small integers would wrap around, or give halves of float's digits."""
    given, x = x, x if hasattr(x, "dtype") else np.asarray(x)
    if x.dtype.kind not in "fciub":
        what = type(given).__name__
        cure = "A model isn't a number; what it predicts is: sigmoid(model(x))."
        if x.ndim:
            what, cure = f"an array of {x.dtype}", "Write np.asarray(..., dtype=float)."
        raise TypeError(f"numbers were expected, and {what} came. {cure}")
    return x * 1.0 if x.dtype.kind in "iub" else x


@formula
def relu(x):
    """Rectified linear unit, `max(x, 0)`, elementwise; its derivative at 0 is 0.

    >>> relu(np.array([-2.0, 0.0, 3.0]))
    array([0., 0., 3.])
    """
    return np.maximum(x, 0)


defvjp(relu, lambda ans, x: lambda g: g * (ans > 0))


@formula
def tanh(x):
    """Hyperbolic tangent, elementwise, between -1 and 1; its derivative is `1 - tanh(x)**2`."""
    return np.tanh(floats(x))


defvjp(tanh, lambda ans, x: lambda g: g * (1 - ans * ans))


@formula
def sigmoid(x):
    r"""Logistic function, elementwise: the probability that belongs to a logit.

    $$ \sigma(x) = \frac{1}{1 + e^{-x}}, \qquad \sigma' = \sigma\,(1 - \sigma) $$

    Written as exp(-log(1 + exp(-x))), which neither overflows nor loses small probabilities.

    >>> sigmoid(np.array([-1000.0, 0.0, 1000.0]))
    array([0. , 0.5, 1. ])
    """
    return np.exp(-np.logaddexp(0, -floats(x)))


defvjp(sigmoid, lambda ans, x: lambda g: g * ans * (1 - ans))


@formula
def logsumexp(x, axis=-1, keepdims=False):
    r"""Logarithm of a sum of exponentials over an axis, shifted by the maximum.

    $$ \log \sum_k e^{x_k} = m + \log \sum_k e^{x_k - m}, \qquad m = \max_k x_k $$

    Parameters
    ----------
    x : ndarray of shape (..., k)
    axis : int
    keepdims : bool
        Whether the summed axis stays, with length 1.

    >>> logsumexp(np.array([1000.0, 1000.0])).round(4)
    np.float64(1000.6931)
    """
    x = floats(x)
    largest = np.max(x, axis=axis, keepdims=True)
    total = largest + np.log(np.sum(np.exp(x - largest), axis=axis, keepdims=True))
    return total if keepdims else np.squeeze(total, axis=axis)


def _logsumexp_vjp(ans, x, axis=-1, keepdims=False):
    def spread(value):
        return value if keepdims else np.expand_dims(value, axis)

    return lambda g: spread(g) * np.exp(x - spread(ans))


defvjp(logsumexp, _logsumexp_vjp, argnums=(0,))


@formula
def softmax(x, axis=-1):
    r"""Turn scores (logits) into probabilities that sum to 1 along an axis.

    $$ p_k = \frac{e^{x_k}}{\sum_j e^{x_j}} $$

    Parameters
    ----------
    x : ndarray of shape (..., k)

    Returns
    -------
    ndarray of shape (..., k)

    >>> softmax(np.array([0.0, 1000.0]))
    array([0., 1.])
    """
    x = floats(x)
    shifted = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return shifted / np.sum(shifted, axis=axis, keepdims=True)


def _softmax_vjp(ans, x, axis=-1):
    return lambda g: ans * (g - np.sum(g * ans, axis=axis, keepdims=True))


defvjp(softmax, _softmax_vjp, argnums=(0,))
