"""The gradient of a loss, as a struct of the same kind as the model.

autograd records what the loss does to each parameter and runs it backwards; here its result is
put back into the model's own shape, so that `gradient(loss, line, x, y).m` is the slope's.
"""

import threading

import numpy as np
from autograd.core import VJPNode, sparse_add, sparse_object_types, vspace
from autograd.tracer import Box, getval, new_box, notrace_primitives, trace_stack
from autograd.util import toposort

from course.errors.data import require_generator
from course.errors.gradients import explained, refuse_nan, scalar_node
from course.trees import as_numpy, astype, named, parameters, rebuild

__all__ = ["check_gradient", "gradient", "value_and_gradient"]

_one_at_a_time = threading.RLock()  # autograd counts its traces for all threads together


def gradient(loss, model, *batch):
    r"""Differentiate a loss with respect to every parameter of a model.

    $$ g_i = \frac{\partial}{\partial p_i}\, \mathrm{loss}(\mathrm{model}, *\mathrm{batch}) $$

    Parameters
    ----------
    loss : callable
        `loss(model, *batch)`, a scalar.
    model : dataclass, list, tuple or dict
        Holds the parameters: see `parameters`.
    *batch : ndarray
        What else the loss is given, usually `x, y`.

    Returns
    -------
    The same kind of struct as the model, a gradient in place of each parameter, with its shape
    and dtype. What isn't a parameter is carried over. The gradient of a tied array is the sum
    over its places and stands in all of them.

    Raises
    ------
    TypeError
        The model has no parameters, or an integer stands where a parameter belongs.
    ValueError
        The loss isn't a scalar, doesn't depend on the model, or meets NaN in the batch.

    >>> gradient(lambda model: (model["m"] - 1.0) ** 2, {"m": 3.0})
    {'m': 4.0}
    """
    return value_and_gradient(loss, model, *batch)[1]


def value_and_gradient(loss, model, *batch):
    """Compute a loss and its gradient in one go: the pair `(value, gradient)`.

    Takes and raises what `gradient` does.

    >>> value_and_gradient(lambda model: model["m"] ** 2, {"m": 3.0})
    (9.0, {'m': 6.0})
    """
    values = require_parameters(model)
    value, gradients = differentiate(lambda boxes: loss(rebuild(model, boxes), *batch), values)
    if not np.isfinite(getval(value)):
        refuse_nan(batch)
    return value, rebuild(model, gradients)


def differentiate(function, values):
    """Value of `function(values)` and its gradient for each of a list of arrays or floats."""
    value, gradients = backpropagate(function, [as_numpy(value) for value in values])
    return plain(value), [like(v, g) for v, g in zip(values, gradients, strict=True)]


def backpropagate(function, values):
    """The same with what autograd makes of it: no gradient is None, dtypes may be wider."""
    roots = [_Node.new_root(value) for value in values]
    with _one_at_a_time:
        outer = trace_stack.top
        try:
            with trace_stack.new_trace() as trace:
                pairs = zip(values, roots, strict=True)
                out = explained(function, [new_box(value, trace, root) for value, root in pairs])
        finally:
            trace_stack.top = outer  # where autograd leaves it too high if an exception passes by
        gradients = _backward(scalar_node(out, trace), out._value)
    return out._value, [gradients.get(root) for root in roots]


def check_gradient(loss, model, *batch, directions=10, tolerance=1e-5, rng=None):
    r"""Compare `gradient` with central finite differences in random directions.

    $$ \frac{f(p + h d) - f(p - h d)}{2h} \approx \langle \nabla f(p), d \rangle $$

    Parameters
    ----------
    directions : int
        How many random unit vectors d to try. float32 models are checked in float64.
    tolerance : float
        The largest difference allowed, relative to the gradient's norm.
    rng : numpy.random.Generator, optional
        Draws the directions; the default draws the same ones each time.

    Returns
    -------
    float : the largest relative difference seen.

    Raises
    ------
    ValueError
        They differ by more than the tolerance, or one isn't finite: the message says by how much,
        or of which parameter.

    >>> check_gradient(lambda model: model["m"] ** 2, {"m": 3.0}) < 1e-8
    True
    """
    rng = np.random.default_rng(0) if rng is None else rng
    require_generator(rng, "check_gradient(loss, model, x, y, rng=rng)")
    model = astype(model, np.float64)
    values = [np.asarray(v, dtype=float) for v in require_parameters(model)]
    gradients = parameters(gradient(loss, model, *batch))
    for (name, _), g in zip(named(model), gradients, strict=True):
        if not np.all(np.isfinite(g)):
            raise ValueError(
                f"check_gradient: the gradient of {name} isn't finite. Usual causes: a root or "
                "norm at 0, the branch of np.where that wasn't taken, a logarithm of 0. Add a "
                "small constant there, or check at other parameters."
            )
    norm = max(np.sqrt(sum(np.sum(np.square(g)) for g in gradients)), 1e-8)
    differences = []
    for _ in range(directions):
        direction = _unit_vector(values, rng)
        exact = sum(np.sum(g * d) for g, d in zip(gradients, direction, strict=True))
        estimate = _finite_difference(loss, model, batch, values, direction)
        differences.append(abs(exact - estimate) / norm)
    worst = float(np.max(differences))  # NaN, if there is one
    if not worst <= tolerance:
        raise ValueError(
            f"check_gradient: gradient and finite differences differ by {worst:.1e} of the "
            f"gradient's norm {norm:.3g}, and at most {tolerance:.1e} was expected. Usual causes: "
            "a derivative written by hand that is wrong, a kink (abs, relu) right at these "
            "parameters, a loss that isn't the same each time, or a tolerance that is too strict: "
            "check_gradient(loss, model, *batch, tolerance=...)."
        )
    return worst


def require_parameters(model):
    """The model's parameters; an error that says what a model is where there are none."""
    values = parameters(model)
    if not values:
        raise TypeError(
            f"{type(model).__name__} has no parameters. A model is a dataclass, list, tuple or "
            "dict that holds float arrays or floats. If this is a class of yours, write "
            "@dataclass above it and give each parameter a field: `m: float`. "
            "Arguments come as gradient(loss, model, *batch)."
        )
    return values


class _Node(VJPNode):
    """A node that knows the dtype of its value, which is to be its gradient's too."""

    __slots__ = ["dtype"]

    def __init__(self, value, *how):
        super().__init__(value, *how)
        self.dtype = getattr(value, "dtype", None)

    def initialize_root(self, value):
        super().initialize_root()
        self.dtype = getattr(value, "dtype", None)


notrace_primitives[_Node] = notrace_primitives[VJPNode]  # what has no derivative, such as x > 0


def _backward(end, value):
    """Run autograd's backward pass, except that every root's gradient is kept, and every dtype."""
    one = np.ones((), dtype=np.result_type(getval(value)))[()]  # float32 stays float32
    outgrads, kept = {end: one}, {}
    for node in toposort(end):
        outgrad = outgrads.pop(node)
        if node.dtype == np.float32 and getattr(outgrad, "dtype", None) == np.float64:
            outgrad = outgrad.astype(np.float32)  # autograd's np.mean and np.max widen it
        if not node.parents:
            kept[node] = outgrad
        for parent, ingrad in zip(node.parents, node.vjp(outgrad), strict=True):
            outgrads[parent] = _sum(outgrads.get(parent), ingrad)
    return kept


def _sum(total, part):
    """The sum of two gradients, in a new array; one of an indexed array has only some places."""
    if type(part) in sparse_object_types:
        space = vspace(part)
        return sparse_add(space, None if total is None else space.mut_add(None, total), part)
    return part if total is None else vspace(part).add(total, part)


def plain(value):
    """A loss as a Python float, except for float32, which stays what it is."""
    stays = isinstance(value, Box) or np.result_type(value) != np.float64
    return value if stays else float(value)


def like(value, gradient):
    """The gradient with the parameter's own type, dtype and shape."""
    if isinstance(value, Box):
        return value * 0.0 if gradient is None else gradient
    if gradient is None:
        gradient = np.zeros(np.shape(value))
    if isinstance(gradient, Box):
        return gradient
    if isinstance(value, np.ndarray):
        return np.array(gradient, dtype=value.dtype)
    return type(value)(gradient)


def _unit_vector(values, rng):
    direction = [rng.standard_normal(np.shape(v)) for v in values]
    length = np.sqrt(sum(np.sum(np.square(d)) for d in direction))
    return [d / length for d in direction]


def _finite_difference(loss, model, batch, values, direction):
    size = np.sqrt(sum(np.sum(np.square(v)) for v in values))
    step = 6e-6 * max(1.0, size)  # the cube root of float64's precision, to the parameters' scale
    above, below = (
        loss(rebuild(model, [v + h * d for v, d in zip(values, direction, strict=True)]), *batch)
        for h in (step, -step)
    )
    return (above - below) / (2 * step)
