"""What a struct is made of: its parts by name, and which of them may be parameters."""

import copy
import functools
import re
from dataclasses import field, fields, is_dataclass

import numpy as np
from autograd.tracer import getval

__all__ = ["cached", "children", "constant", "is_leaf", "is_setting", "with_children"]


def constant(**options):
    """Mark a dataclass field as data, not a parameter: no gradient, never updated.

    Takes what `dataclasses.field` takes. The value may be of any type.

    >>> from dataclasses import dataclass
    >>> from course import parameters
    >>> @dataclass
    ... class Scaled:
    ...     weight: float
    ...     scale: np.ndarray = constant()
    >>> parameters(Scaled(2.0, np.array([10.0, 20.0])))
    [2.0]
    """
    metadata = {**options.pop("metadata", {}), "constant": True}
    return field(metadata=metadata, **options)


def children(node):
    """The named parts of a struct, list, tuple or dict as `(name, part)` pairs; None for a leaf."""
    if is_dataclass(node) and not isinstance(node, type):
        return [(f.name, getattr(node, f.name)) for f in fields(node) if hasattr(node, f.name)]
    if isinstance(node, dict):
        return list(node.items())
    if isinstance(node, (list, tuple)):
        return list(enumerate(node))
    return None


def with_children(node, parts):
    """A copy of `node` with other parts, given as `children` names them: `(name, part)` pairs.

    All else is copied as it is, except for what a `cached_property` computed of the old parts;
    neither `__init__` nor `__post_init__` runs.
    """
    if isinstance(node, tuple):
        values = list(node)
        for index, part in parts:
            values[index] = part
        return node._make(values) if hasattr(node, "_make") else type(node)(values)
    new = copy.copy(node)
    if isinstance(node, (list, dict)):
        for name, part in parts:
            new[name] = part
        return new
    for name in cached(node):
        del vars(new)[name]
    for name, part in parts:
        object.__setattr__(new, name, part)
    return new


def is_leaf(value):
    """Whether `value` is a parameter: a float array, a Python float or a numpy float."""
    value = getval(value)
    if isinstance(value, np.ndarray):
        return np.issubdtype(value.dtype, np.floating)
    return isinstance(value, (float, np.floating))


def is_setting(kind, value):
    """Fields that hold no parameter: marked constant, or an int where an int is declared."""
    declared = str(kind.type)
    is_int = isinstance(value, (int, np.integer)) and re.search(r"\bint\b", declared)
    return kind.metadata.get("constant") or (is_int and not re.search(r"float|array", declared))


def cached(node):
    """Names of what a `cached_property` keeps in a struct."""
    kept = getattr(node, "__dict__", {})
    properties = functools.cached_property
    return [n for n in kept if isinstance(getattr(type(node), n, None), properties)]
