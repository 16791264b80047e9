"""Comparing values of any kind: numbers, arrays, models, and lists or dicts of them."""

import dataclasses
import numbers
import types

import numpy as np

CODE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.ModuleType)


def number(value):
    """Return a value made of numbers as an array, or None if it isn't one."""
    if isinstance(value, numbers.Real) and not hasattr(value, "__array__"):
        value = float(value) if not isinstance(value, (bool, int)) else value  # also a Fraction
    if isinstance(value, (str, bytes, dict, set)) or parts_of_object(value) is not None:
        return None
    try:
        array = np.asarray(value)
    except Exception:
        return None
    return array if array.dtype.kind in "biufc" else None


def parts(value):
    """Return `[(name, part), ...]` of a model, dict, list or tuple; [] for anything else."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, (list, tuple)):
        return list(enumerate(value))
    return parts_of_object(value) or []


def parts_of_object(value):
    """Return the fields of a model, dataclass or not; None if the value isn't one."""
    if isinstance(value, CODE) or hasattr(value, "__array__"):
        return None
    if dataclasses.is_dataclass(value):
        fields = [field.name for field in dataclasses.fields(value)]
        return [(name, getattr(value, name, None)) for name in fields]
    return list(vars(value).items()) if hasattr(value, "__dict__") else None


def same(a, b, tolerance=1e-6):
    """Whether two values are equal: the same kind, shape and, up to rounding, numbers."""
    x, y = number(a), number(b)
    if x is not None and y is not None:
        return x.shape == y.shape and close(x, y, tolerance)
    if x is not None or y is not None:
        return False
    a_parts, b_parts = parts(a), parts(b)
    if a_parts or b_parts:
        return [name for name, _ in a_parts] == [name for name, _ in b_parts] and all(
            same(p, q, tolerance) for (_, p), (_, q) in zip(a_parts, b_parts, strict=True)
        )
    try:
        return a is b or bool(a == b)
    except Exception:
        return False


def close(x, y, tolerance=1e-6):
    """Whether arrays of one shape agree within `tolerance` of their size; NaN agrees with NaN.

    An answer in float32 is right to within a thousandth: scores near 1000 have no more digits.
    """
    tolerance = 1e-3 if tolerance and x.dtype == np.float32 else tolerance
    with np.errstate(all="ignore"):
        if not np.array_equal(np.isfinite(x), np.isfinite(y)):
            return False
        size = np.max(np.abs(y), where=np.isfinite(y), initial=0.0)
        return np.allclose(x, y, rtol=tolerance, atol=tolerance * size, equal_nan=True)


def flat(value):
    """Return all numbers in a value as one array, or None if something in it isn't a number."""
    array = number(value)
    if array is not None:
        return array.ravel().astype(complex if array.dtype.kind == "c" else float)
    pieces = [flat(part) for _, part in parts(value)]
    if not pieces or any(piece is None for piece in pieces):
        return None
    return np.concatenate(pieces)


def kind(value):
    """Say what a value is, in words a learner uses.

    >>> kind((1, 2)), kind(np.zeros((3, 1))), kind("2")
    ('a tuple of 2 values', 'an array of shape (3, 1)', 'text')
    """
    if value is None:
        return "`None`"
    if value is Ellipsis:
        return "`...`"
    if isinstance(value, str):
        return "text"
    if isinstance(value, (bool, np.bool_)):
        return "`True` or `False`"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)} value{'s' * (len(value) != 1)}"
    if isinstance(value, type):
        return f"the class `{value.__name__}` itself"
    if isinstance(value, CODE):
        return "a function"
    array = number(value)
    if array is not None:
        return "a number" if array.shape == () else f"an array of shape {array.shape}"
    name = type(value).__name__
    return f"{'an' if name[0] in 'AEIOUaeiou' else 'a'} `{name}`"


def capital(text):
    """Return text with a capital in front; code between backticks stays as it is."""
    return text[:1].upper() + text[1:]


def show(value, digits=4):
    """Write a value on one line, short enough to be looked at.

    >>> show((1/3, np.array([1.0, 2.0])))
    '(0.3333, [1, 2])'
    """
    array = number(value) if not isinstance(value, (list, tuple)) else None
    if array is not None and array.dtype.kind in "fc" and array.shape == ():
        return f"{array[()]:.{digits}g}"
    if array is not None:
        return " ".join(np.array2string(array, separator=", ", threshold=8, edgeitems=3,
                        formatter={"float_kind": lambda v: f"{v:.{digits}g}"}).split())  # fmt: skip
    if isinstance(value, (list, tuple)):
        inner = [show(part, digits) for part in value[:6]] + ["..."] * (len(value) > 6)
        return ("({})" if isinstance(value, tuple) else "[{}]").format(", ".join(inner))
    if isinstance(value, dict) and len(value) <= 6:
        return f"{{{', '.join(f'{key!r}: {show(part, digits)}' for key, part in value.items())}}}"
    if isinstance(value, CODE):
        return getattr(value, "__name__", "...")
    fields = parts_of_object(value)
    if fields:
        inside = ", ".join(f"{name}={show(part, digits)}" for name, part in fields)
        return f"{type(value).__name__}({inside})"
    text = repr(value) if isinstance(value, (str, bool, int, type(None))) else kind(value)
    return text if len(text) <= 60 else text[:57] + "..."
