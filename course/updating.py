"""One step of an optimizer for a whole model: the only place that walks a model to change it."""

import copy
from dataclasses import dataclass, is_dataclass

import numpy as np

from course.optimizers import at_step
from course.trees import parameters, places, rebuild

__all__ = ["OptimizerState", "clip_by_global_norm", "start", "update"]


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers between steps.

    Attributes
    ----------
    step : int
        Steps taken; a schedule is asked with it.
    parameters : list
        What the rule keeps for each parameter, in the order of `parameters(model)`.
    """

    step: int
    parameters: list


def update(model, gradient, optimizer, state=None):
    """Take one step: a new model and a new state; nothing given is changed.

    Parameters
    ----------
    model : dataclass, list, tuple or dict
    gradient : the same kind of struct
        None in place of a gradient, or of a whole branch, skips what is there and its state. A
        zero gradient doesn't: momentum moves on.
    optimizer : a rule, for instance `Adam()`
    state : OptimizerState, optional
        From the step before; without one it is a fresh start.

    Returns
    -------
    model, state

    Raises
    ------
    TypeError
        The pair of `value_and_gradient` or another kind of struct is given as gradient; the
        optimizer isn't one.
    ValueError
        A gradient has another shape than its parameter, or the state belongs to another model.

    >>> from course.optimizers import Descent
    >>> update({"m": 3.0}, {"m": 4.0}, Descent(0.5))[0]
    {'m': 1.0}
    """
    require_optimizer(optimizer)
    values = parameters(model)
    gradients = match_gradients(model, gradient)
    state = start_state(optimizer, values, copy.deepcopy(state))
    own = [v if g is None else copy.copy(v) for v, g in zip(values, gradients, strict=True)]
    values, state = take_step(own, gradients, optimizer, state)
    return rebuild(model, values), state


def start(model, optimizer):
    """What an optimizer remembers before the first step, for instance to load a saved state into.

    Parameters
    ----------
    model : dataclass, list, tuple or dict
    optimizer : a rule

    Returns
    -------
    OptimizerState

    >>> from course.optimizers import Momentum
    >>> start({"m": 3.0}, Momentum())
    OptimizerState(step=0, parameters=[array(0.)])
    """
    require_optimizer(optimizer)
    return start_state(optimizer, parameters(model))


def clip_by_global_norm(gradient, max_norm):
    r"""Shorten a gradient that is longer than `max_norm`, all its parts by the same factor.

    $$ g \leftarrow g \cdot \min\Big(1, \frac{c}{\lVert g \rVert}\Big), \qquad
       \lVert g \rVert^2 = \sum_i g_i^2 \text{ over all parameters} $$

    References
    ----------
    Pascanu, Mikolov and Bengio (2013).

    >>> clip_by_global_norm({"m": 3.0, "b": 4.0}, 2.5)
    {'m': 1.5, 'b': 2.0}
    """
    return rebuild(gradient, clip_gradients(parameters(gradient), max_norm))


def clip_gradients(gradients, max_norm):
    """`clip_by_global_norm` for a list of gradients, None among them."""
    if not max_norm > 0:
        raise ValueError(f"clip: the largest norm is {max_norm!r}; a positive number was expected.")
    norm = float(np.sqrt(sum(np.sum(np.square(g)) for g in gradients if g is not None)))
    if norm <= max_norm:
        return gradients
    return [None if g is None else g * (max_norm / norm) for g in gradients]


def start_state(optimizer, values, state=None):
    """The state before the first step, or a given one that fits the parameters."""
    if state is None:
        return OptimizerState(0, [optimizer.start(_array(value)) for value in values])
    if not isinstance(state, OptimizerState):
        raise TypeError(
            f"state is a {type(state).__name__}; an OptimizerState was expected, as update returns "
            "it and history.state keeps it. None starts afresh."
        )
    if len(state.parameters) != len(values):
        raise ValueError(
            f"the state is of a model with {len(state.parameters)} parameters, and this one has "
            f"{len(values)}. Give the state of the same model, or None to start afresh."
        )
    return state


def require_own_state(optimizer, values, state):
    """Raise where a state can't be what the optimizer remembers of these parameters.

    Only the course's own rules say by `start` what their memory will always be like.
    """
    start = getattr(type(optimizer), "start", None)
    if getattr(start, "__module__", None) != at_step.__module__:
        return
    for value, memory in zip(values, state.parameters, strict=True):
        fresh = optimizer.start(_array(value))
        if fresh is not None and _outline(memory) != _outline(fresh):
            name = type(optimizer).__name__
            raise ValueError(
                f"the state isn't one that {name} keeps for this model: for a parameter of shape "
                f"{np.shape(value)} it holds {_outline(memory)} where {name} keeps "
                f"{_outline(fresh)}. Give the state of a run with {name} and the same model, or "
                "None to start afresh."
            )


def _outline(memory):
    """The shapes in a memory, as nested as it is."""
    return tuple(map(_outline, memory)) if isinstance(memory, tuple) else np.shape(memory)


def take_step(values, gradients, optimizer, state):
    """One step of a list of parameters; a gradient of None leaves value and state alone."""
    rule, new, memories = at_step(optimizer, state.step), [], []
    for value, gradient, memory in zip(values, gradients, state.parameters, strict=True):
        if gradient is not None:
            moved, memory = rule.step(_array(value), gradient, memory)
            value = _like(value, moved)
        new.append(value)
        memories.append(memory)
    return new, OptimizerState(state.step + 1, memories)


def match_gradients(model, gradient):
    """List the gradients in the order of `parameters(model)`, None where there is none.

    Different gradients in the places of one array are summed; the same one counts once.
    """
    if isinstance(gradient, tuple) and not isinstance(model, tuple):
        raise TypeError(
            "update: a tuple was given where the gradient belongs. value_and_gradient returns "
            "(value, gradient): write value, g = value_and_gradient(loss, model, x, y)."
        )
    found = [{} for _ in parameters(model)]
    for index, way, leaf in places(model):
        part = _follow(gradient, way)
        if part is not None and id(part) not in found[index]:
            found[index][id(part)] = _as_gradient(part, leaf, way)
    return [sum(parts.values()) if parts else None for parts in found]


def require_optimizer(optimizer):
    """Raise unless it has `start` and `step`; the message has the call that would have worked."""
    if isinstance(optimizer, type):
        raise TypeError(
            f"{optimizer.__name__} is a class; give one of its kind: {optimizer.__name__}(...)."
        )
    if not (hasattr(optimizer, "start") and hasattr(optimizer, "step")):
        raise TypeError(
            f"{optimizer!r} isn't an optimizer, which has start(parameter) and step(parameter, "
            "gradient, state). Write for instance Descent(0.01)."
        )


def _follow(gradient, way):
    """What stands in a gradient where `way` leads to in the model; None ends every way."""
    for struct, name in way:
        if gradient is None:
            return None
        try:
            gradient = getattr(gradient, name) if is_dataclass(struct) else gradient[name]
        except (AttributeError, IndexError, KeyError, TypeError):
            raise TypeError(
                f"the gradient doesn't have the model's shape: a {type(struct).__name__} has the "
                f"part {name!r}, and the {type(gradient).__name__} in its place doesn't. "
                "Take it from gradient(loss, model, x, y)."
            ) from None
    return gradient


def _as_gradient(part, leaf, way):
    """A gradient as an array of its parameter's dtype, a copy."""
    if np.shape(part) != np.shape(leaf):
        raise ValueError(
            f"the gradient of {'.'.join(str(name) for _, name in way) or 'the model'} has shape "
            f"{np.shape(part)} and the parameter {np.shape(leaf)}; they must be the same."
        )
    return np.array(part, dtype=getattr(leaf, "dtype", float))[()]


def _array(value):
    """Python floats overflow with an exception where numpy's give inf: step with numpy's."""
    return np.float64(value) if type(value) is float else value


def _like(value, moved):
    """The moved parameter with the type, dtype and shape it had."""
    if np.shape(moved) != np.shape(value):
        raise ValueError(
            f"a rule's step turned a parameter of shape {np.shape(value)} into {np.shape(moved)}. "
            "step(parameter, gradient, state) returns (parameter, state), both elementwise."
        )
    if isinstance(value, np.ndarray):
        return np.asarray(moved, dtype=value.dtype)
    return type(value)(moved)
