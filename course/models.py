"""Models are structs that you can call: parameters are their fields, prediction is their call.

A line is one, a layer is one, a chain of layers is one. None of them needs a base class: any
dataclass of your own that holds floats or float arrays is a model too.
"""

from dataclasses import dataclass

import autograd.numpy as np

from course.errors.data import require_generator
from course.functions import floats, relu, sigmoid, softmax, tanh
from course.trees import parameters

__all__ = ["Chain", "Dense", "Line", "Parabola", "activations"]


@dataclass(eq=False)
class Line:
    """A line, `y = m x + b`.

    Parameters
    ----------
    m : float
        Slope, in units of y per unit of x.
    b : float
        Intercept, in units of y.

    >>> Line(2.0, 1.0)(np.array([0.0, 10.0]))
    array([ 1., 21.])
    """

    m: float
    b: float

    def __call__(self, x):
        """Predict y at x."""
        return self.m * x + self.b


@dataclass(eq=False)
class Parabola:
    """A parabola, `y = a x**2 + b x + c`.

    Parameters
    ----------
    a, b, c : float

    >>> Parabola(1.0, 0.0, 3.0)(np.array([0.0, 2.0]))
    array([3., 7.])
    """

    a: float
    b: float
    c: float

    def __call__(self, x):
        """Predict y at x."""
        return self.a * x**2 + self.b * x + self.c


@dataclass(eq=False, init=False, repr=False)
class Dense:
    r"""A fully connected layer.

    $$ \mathrm{Dense}(x) = \mathrm{activation}(x W + b) $$

    Parameters
    ----------
    n_in, n_out : int
        Features that come in, features that go out.
    activation : callable, optional
        Applied to the result, for instance `relu`.
    rng : numpy.random.Generator, optional
        Draws the start weights; without one they differ from run to run.

    Attributes
    ----------
    weight : ndarray of shape (n_in, n_out)
        He's start for relu (normal, variance 2 / n_in; He et al. 2015), else Glorot's (uniform
        within sqrt(6 / (n_in + n_out)); Glorot and Bengio 2010).
    bias : ndarray of shape (n_out,)
        Starts at zero.
    activation : callable or None

    Raises
    ------
    TypeError, ValueError
        The sizes aren't positive integers, the activation can't be called, or (when called) x
        isn't of shape (n, n_in).

    >>> Dense(3, 2, rng=np.random.default_rng(0))(np.ones((5, 3))).shape
    (5, 2)
    """

    weight: np.ndarray
    bias: np.ndarray
    activation: object = None

    def __init__(self, n_in, n_out, activation=None, *, rng=None):
        for size in (n_in, n_out):
            if not isinstance(size, (int, np.integer)) or isinstance(size, bool) or size < 1:
                raise ValueError(
                    f"Dense({n_in!r}, {n_out!r}): sizes are positive integers, as in "
                    "Dense(784, 64, relu). From arrays: Dense.from_arrays(weight, bias)."
                )
        rng = np.random.default_rng() if rng is None else rng
        require_generator(rng, f"Dense({n_in}, {n_out}, rng=rng)")
        if activation is relu:
            self.weight = rng.normal(0, np.sqrt(2 / n_in), (n_in, n_out))
        else:
            bound = np.sqrt(6 / (n_in + n_out))
            self.weight = rng.uniform(-bound, bound, (n_in, n_out))
        self.bias = np.zeros(n_out)
        self.activation = _require_activation(activation)

    @classmethod
    def from_arrays(cls, weight, bias, activation=None):
        """Make a layer of a given weight (n_in, n_out) and bias (n_out,)."""
        weight, bias = floats(weight), floats(bias)
        if np.ndim(weight) != 2 or np.shape(bias) != np.shape(weight)[1:]:
            raise ValueError(
                f"Dense.from_arrays: weight {np.shape(weight)} and bias {np.shape(bias)} don't fit;"
                " expected (n_in, n_out) and (n_out,), as in Dense.from_arrays(weight, weight[0])."
            )
        layer = cls.__new__(cls)
        layer.weight, layer.bias = weight, bias
        layer.activation = _require_activation(activation)
        return layer

    def __call__(self, x):
        """Map x of shape (n, n_in), or one sample (n_in,), to (n, n_out) or (n_out,)."""
        shape, n_in = np.shape(x), self.weight.shape[0]
        if shape[-1:] != (n_in,):
            cure = "Write x[:, None]." if len(shape) == 1 and n_in == 1 else "Rows are samples."
            raise ValueError(f"{self.name}: x has shape {shape}, expected (n, {n_in}). {cure}")
        z = x @ self.weight + self.bias
        return z if self.activation is None else self.activation(z)

    @property
    def name(self):
        """The call that makes such a layer."""
        sizes = ", ".join(map(str, np.shape(self.weight))) or "..."  # None in a gradient
        return f"Dense({sizes}{'' if self.activation is None else ', ' + _name(self.activation)})"

    def __repr__(self):
        return f"{self.name}  {_count(self)}"


@dataclass(eq=False, init=False, repr=False)
class Chain:
    """Layers one after the other: `Chain(f, g)(x)` is `g(f(x))`. An empty chain is the identity.

    A layer is anything that can be called, a chain too. Index a chain to get a layer, slice it to
    get a chain, iterate over it to get its layers.

    Raises
    ------
    TypeError
        A layer can't be called.
    ValueError
        Two layers that follow each other don't fit: the message names both and their sizes.

    >>> rng = np.random.default_rng(0)
    >>> Chain(Dense(2, 3, relu, rng=rng), Dense(3, 1, rng=rng))
    Chain(
      Dense(2, 3, relu)  weight (2, 3), bias (3,)  9
      Dense(3, 1)        weight (3, 1), bias (1,)  4
    )  13 parameters
    """

    layers: tuple

    def __init__(self, *layers):
        for layer in layers:
            if not callable(layer):
                many = isinstance(layer, (list, tuple))
                raise TypeError(
                    f"Chain: a layer must be callable, and {type(layer).__name__} isn't."
                    + (" Write Chain(*layers)." if many else " Write Chain(Dense(2, 3, relu), ...)")
                )
        _fit(layers)
        self.layers = layers

    def __call__(self, x):
        """Send x through all layers."""
        for layer in self.layers:
            x = layer(x)
        return x

    def __getitem__(self, index):
        return Chain(*self.layers[index]) if isinstance(index, slice) else self.layers[index]

    def __iter__(self):
        return iter(self.layers)

    def __len__(self):
        return len(self.layers)

    def __repr__(self):
        if not self.layers:
            return "Chain()  0 parameters"
        names = [_name(layer) for layer in self.layers]
        width = max(map(len, names))
        pairs = zip(names, self.layers, strict=True)
        lines = [f"  {n.ljust(width)}  {_shapes(layer)}".rstrip() for n, layer in pairs]
        return "\n".join(["Chain(", *lines, f")  {_count(self)}"])


def activations(model, x):
    """Collect what each layer of a chain gives, first to last; the last is `model(x)`.

    Returns
    -------
    list of ndarray, one for each layer

    >>> activations(Chain(np.square, np.negative), np.array([3.0]))
    [array([9.]), array([-9.])]
    """
    outputs = []
    for layer in model if isinstance(model, Chain) else [model]:
        x = layer(x)
        outputs.append(x)
    return outputs


def _require_activation(activation):
    if activation is not None and not callable(activation):
        raise TypeError(
            f"Dense: activation {activation!r} can't be called; write Dense(2, 3, relu)"
        )
    return activation


def _fit(layers):
    """Features into and out of a row of layers, None where unknown; raises where two don't fit."""
    first, giver, size = None, None, None
    for layer in layers:
        if _keeps_size(layer):
            continue
        n_in, n_out = _sizes(layer)
        if None not in (size, n_in) and size != n_in:
            raise ValueError(
                f"Chain: {_name(giver)} gives {size} features and {_name(layer)} takes {n_in}. "
                f"Make them the same, for instance Dense({size}, ...) for the second."
            )
        first = n_in if giver is None else first
        giver, size = layer, n_out
    return first, size


def _keeps_size(layer):
    if isinstance(layer, Chain):
        return all(map(_keeps_size, layer))
    return any(layer is function for function in (relu, sigmoid, softmax, tanh))


def _sizes(layer):
    """Features in and out of a layer; an unknown callable ends what can be known."""
    if isinstance(layer, Dense):
        return layer.weight.shape
    return _fit(layer.layers) if isinstance(layer, Chain) else (None, None)


def _name(layer):
    """What a reader would call a layer."""
    if isinstance(layer, Dense):
        return layer.name
    name = getattr(layer, "__name__", type(layer).__name__)
    return "lambda" if name == "<lambda>" else name


def _shapes(layer):
    """Shapes and count of one layer, for the line that prints it."""
    if isinstance(layer, Dense):
        shapes = f"weight {np.shape(layer.weight)}, bias {np.shape(layer.bias)}  "
    else:
        shapes = ""
    count = sum(np.size(p) for p in parameters(layer))
    return f"{shapes}{count:,}" if count else ""


def _count(model):
    count = sum(np.size(p) for p in parameters(model))
    return f"{count:,} parameter{'' if count == 1 else 's'}"
