"""One step of an optimizer for a whole model, what it remembers, and how long a step may be."""

import copy
from dataclasses import dataclass, is_dataclass, replace
from itertools import zip_longest

import numpy as np

from course.errors.optimizers import require_optimizer
from course.optimizers import at_step
from course.trees import as_numpy, named, parameters, places, rebuild

__all__ = ["OptimizerState", "clip_by_global_norm", "start", "update"]


@dataclass(frozen=True)
class OptimizerState:
    """What an optimizer remembers between steps.

    Attributes
    ----------
    rule : str
        Whose memory it is, such as "Adam". Another rule's is refused, though its learning rate
        and other hyperparameters may change from step to step.
    names : tuple of str
        The parameters' names, such as "layers.0.weight", in the order of `parameters(model)`. A
        model whose parameters have other names, or another order, is refused.
    step : int
        Steps taken; a schedule is asked with it.
    parameters : list
        What the rule keeps for each parameter, in the same order.
    """

    rule: str
    names: tuple
    step: int
    parameters: list


def update(model, gradient, optimizer, state=None):
    """Take one step: a new model and a new state; nothing given is changed.

    Parameters
    ----------
    model : dataclass, list, tuple or dict
    gradient : the same kind of struct
        None in place of a gradient, or of a whole branch, skips what is there and its state: the
        new model holds a copy of it. A zero gradient doesn't: momentum moves on.
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
        A gradient has another shape than its parameter, or the state belongs to another model or
        another rule.

    >>> from course.optimizers import Descent
    >>> update({"m": 3.0}, {"m": 4.0}, Descent(0.5))[0]
    {'m': 1.0}
    """
    require_optimizer(optimizer)
    values = parameters(model)
    gradients = match_gradients(model, gradient)
    state = start_state(optimizer, model, copy.deepcopy(state))
    values, state = take_step([copy.copy(v) for v in values], gradients, optimizer, state)
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
    OptimizerState(rule='Momentum', names=('m',), step=0, parameters=[array(0.)])
    """
    require_optimizer(optimizer)
    return start_state(optimizer, model)


def clip_by_global_norm(gradient, max_norm):
    r"""Shorten a gradient that is longer than `max_norm`, all its parts by the same factor.

    $$ g \leftarrow g \cdot \min\Big(1, \frac{c}{\lVert g \rVert}\Big), \qquad
       \lVert g \rVert^2 = \sum_i g_i^2 \text{ over all parameters} $$

    Raises
    ------
    ValueError
        `max_norm` isn't a positive number, or the gradient holds NaN or infinity.

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
    given = [g for g in gradients if g is not None]
    largest = float(max((np.max(np.abs(g)) for g in given if np.size(g)), default=0.0))
    if not np.isfinite(largest):
        raise ValueError(
            "clip: the gradient holds NaN or infinity, which no factor makes shorter. Look for its "
            "cause: a rate that is too large, or a loss without a derivative at these parameters."
        )
    if largest == 0:
        return gradients
    # Divided before they are squared: the square of 1e200 is infinite, that of 1e-200 zero.
    relative = np.sqrt(sum(np.sum(np.square(np.divide(g, largest, dtype=float))) for g in given))
    if largest * relative <= max_norm:
        return gradients
    return [None if g is None else _like(g, g / largest * (max_norm / relative)) for g in gradients]


def start_state(optimizer, model, state=None):
    """The state before the first step, or a given one that is of this rule and this model."""
    found = named(model)
    names = tuple(name for name, _ in found)
    memories = [optimizer.start(copy.copy(as_numpy(value))) for _, value in found]
    fresh = OptimizerState(type(optimizer).__name__, names, 0, memories)
    if state is None:
        return fresh
    if not isinstance(state, OptimizerState):
        raise TypeError(
            f"state is a {type(state).__name__}; an OptimizerState was expected, as update returns "
            "it and history.state keeps it. None starts afresh."
        )
    for came, expected in _differences(optimizer, state, fresh):
        raise ValueError(
            f"the state is of another run: it keeps {came}, and {expected} was expected. Give the "
            "state of the same rule and the same model, or None to start afresh."
        )
    return state


def _differences(optimizer, state, fresh):
    """In what a state isn't like one of the run that is to go on, as it is and as it should be."""
    if state.rule != fresh.rule:
        yield f"what {state.rule} remembers", f"what {fresh.rule} does"
    for came, expected in zip_longest(state.names, fresh.names):
        if came != expected:
            yield f"the parameter {came}" if came else "no more", expected or "no other parameter"
    if getattr(type(optimizer).start, "__module__", None) == at_step.__module__:
        # The course's rules say by `start` how their memory will always look; others may not.
        for name, *memories in zip(fresh.names, state.parameters, fresh.parameters, strict=True):
            came, expected = map(_outline, memories)
            if came != expected:
                yield f"{came} for {name}", expected


def _outline(memory):
    """The shapes in a memory, as nested as it is."""
    return tuple(map(_outline, memory)) if isinstance(memory, tuple) else np.shape(memory)


def take_step(values, gradients, optimizer, state):
    """One step of a list of parameters; a gradient of None leaves value and state alone."""
    rule, new, memories = at_step(optimizer, state.step), [], []
    for value, gradient, memory in zip(values, gradients, state.parameters, strict=True):
        if gradient is not None:
            moved, memory = rule.step(as_numpy(value), gradient, memory)
            value = _like(value, moved)
        new.append(value)
        memories.append(memory)
    return new, replace(state, step=state.step + 1, parameters=memories)


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
