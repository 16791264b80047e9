"""What rules and schedules are given, and what is given as a rule."""

import math
from dataclasses import fields
from numbers import Real

__all__ = ["require_hyperparameter", "require_hyperparameters", "require_optimizer", "short"]

_SHARES = ("momentum", "decay", "beta1", "beta2")
_COUNTS = ("steps", "every")
_SIZES = ("learning_rate", "epsilon", "weight_decay", "factor")


def require_hyperparameters(owner, *, scheduled):
    """Make plain numbers of what a rule or a schedule was given, or raise.

    Its learning rate may be a schedule only if it is `scheduled`.
    """
    for f in fields(owner):
        value = getattr(owner, f.name)
        if not (scheduled and f.name == "learning_rate" and callable(value)):
            value = require_hyperparameter(type(owner).__name__, f.name, value)
            object.__setattr__(owner, f.name, value)


def require_hyperparameter(owner, name, value, step=None):
    """The hyperparameter as a plain number, or an error that says what would make sense."""
    if name not in _SHARES + _COUNTS + _SIZES:
        return value
    given = f"{owner}: {name} = {short(value)}" + ("" if step is None else f" at step {step}")
    if not isinstance(value, Real) or isinstance(value, bool):
        raise TypeError(f"{given}; a number was expected, as in {owner}({name}=...).")
    if not (math.isfinite(value) and value >= 0):
        raise ValueError(f"{given}; a finite number that isn't negative was expected.")
    if name in _COUNTS:
        if value != int(value) or value < 1:
            raise ValueError(f"{given}; a whole number of at least 1 was expected.")
        return int(value)
    if name in _SHARES and value >= 1:
        raise ValueError(f"{given}; at least 0 and below 1 was expected, usually 0.9 or 0.999.")
    return float(value)


def require_optimizer(optimizer):
    """Raise unless it has `start` and `step`; the message has the call that would have worked."""
    if isinstance(optimizer, type):
        raise TypeError(
            f"{optimizer.__name__} is a class; give one of its kind: {optimizer.__name__}(...)."
        )
    if not (hasattr(optimizer, "start") and hasattr(optimizer, "step")):
        if callable(optimizer):
            raise TypeError(
                f"{short(optimizer)} can be called, as a schedule or a model is, and an optimizer "
                "was expected. A schedule is a rule's learning rate: write Descent(schedule). Else "
                "look at the order of what was given: train(loss, model, data, optimizer)."
            )
        raise TypeError(
            f"{short(optimizer)} isn't an optimizer, which has start(parameter) and "
            "step(parameter, gradient, state). Write for instance Descent(0.01), last of "
            "train(loss, model, data, optimizer)."
        )


def short(thing):
    """A thing as it prints, on one line that isn't long."""
    text = " ".join(repr(thing).split())
    return text if len(text) <= 60 else f"{text[:57]}..."
