"""A model is a tree: structs and containers are its branches, arrays and floats its leaves.

Everything that must visit a model's parameters (the gradient, the optimizers, saving) does so
through this file, so there is one answer to the question which values are parameters.
"""

import copy
import operator
import re
from dataclasses import field, fields, is_dataclass

import numpy as np
from autograd.tracer import Box, getval

__all__ = [
    "astype",
    "children",
    "constant",
    "is_leaf",
    "named",
    "parameters",
    "places",
    "rebuild",
    "rebuilder",
    "with_children",
]


def constant(**options):
    """Mark a dataclass field as data, not a parameter: no gradient, never updated.

    Takes what `dataclasses.field` takes. The value may be of any type.

    >>> from dataclasses import dataclass
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

    All else is copied as it is; neither `__init__` nor `__post_init__` runs.
    """
    if isinstance(node, tuple):
        values = list(node)
        for index, part in parts:
            values[index] = part
        return node._make(values) if hasattr(node, "_make") else type(node)(values)
    new = copy.copy(node)
    for name, part in parts:
        if isinstance(node, (list, dict)):
            new[name] = part
        else:
            object.__setattr__(new, name, part)
    return new


def is_leaf(value):
    """Whether `value` is a parameter: a float array, a Python float or a numpy float."""
    value = getval(value)
    if isinstance(value, np.ndarray):
        return np.issubdtype(value.dtype, np.floating)
    return isinstance(value, (float, np.floating))


def parameters(model):
    """List a model's parameters in order, each array once.

    Parameters are the float arrays and Python floats in a dataclass, list, tuple or dict, nested
    as deep as you like. An array that stands in two places is *one* parameter, told by identity.
    Floats are never tied: equal numbers are one object in Python. Functions, strings, None and
    fields marked `constant()` are not parameters.

    Raises
    ------
    TypeError
        For an integer array, or an integer in a field that isn't annotated `int`.

    >>> shared = np.zeros(3)
    >>> len(parameters([shared, {"weight": shared}, 0.5]))
    2
    """
    found = {}
    for index, _, leaf in places(model):
        found.setdefault(index, leaf)
    return list(found.values())


def places(model):
    """Every place where a parameter stands: its index in `parameters(model)`, the way, the value.

    The way is a list of `(struct, name)` from the model down to the place.
    """
    indices, count = {}, 0
    for way, leaf in _leaves(model, "model", []):
        index = count if _is_float(leaf) else indices.setdefault(id(leaf), count)
        count += index == count
        yield index, way, leaf


def named(model):
    """Each parameter with its name, the way to the place where it stands first.

    >>> named({"layers": [1.0, {"weight": 2.0}]})
    [('layers.0', 1.0), ('layers.1.weight', 2.0)]
    """
    found = {}
    for index, way, leaf in places(model):
        found.setdefault(index, (".".join(str(name) for _, name in way) or "value", leaf))
    return list(found.values())


def rebuild(model, values):
    """The same model around other parameters, given in the order of `parameters(model)`.

    Ties are kept: one value stands in every place of its array. The model itself isn't changed.

    >>> rebuild({"m": 1.0, "b": 2.0}, [3.0, 4.0])
    {'m': 3.0, 'b': 4.0}
    """
    return rebuilder(model)(values)


def rebuilder(model):
    """`rebuild` for one model, as a function of the values alone: the quick way to do it often."""
    indices = iter([index for index, _, _ in places(model)])

    def builder(node, path):
        if _is_parameter(node, path):
            return operator.itemgetter(next(indices))
        makers = [
            (name, make, part)
            for name, part, where in _parts(node, path)
            if where and (make := builder(part, where))
        ]
        if not makers:
            return None  # no parameter in it

        def build(values):
            parts = [(name, make(values), part) for name, make, part in makers]
            if all(new is old for _, new, old in parts):
                return node
            return with_children(node, [(name, new) for name, new, _ in parts])

        return build

    return builder(model, "model") or (lambda values: model)


def astype(model, dtype):
    """The model with every parameter converted to `dtype`, for instance `np.float32`.

    Python floats stay floats: they take the precision of what they meet.

    >>> astype({"weight": np.zeros(2)}, np.float32)["weight"].dtype
    dtype('float32')
    """
    if not np.issubdtype(dtype, np.floating):
        raise TypeError(
            f"astype: parameters are floats, and {np.dtype(dtype)} is not a float type. "
            "Write astype(model, np.float32) or astype(model, np.float64)."
        )
    convert = [v if type(v) is float else v.astype(dtype) for v in parameters(model)]
    return rebuild(model, convert)


def _leaves(node, path, way):
    if _is_parameter(node, path):
        yield way, node
        return
    for name, part, where in _parts(node, path):
        if where:
            yield from _leaves(part, where, [*way, (node, name)])


def _parts(node, path):
    """`(name, part, path of the part)`; the path is None where no parameter can be."""
    parts = children(node) or []
    if not is_dataclass(node):
        return [(name, part, f"{path}[{name!r}]") for name, part in parts]
    kinds = {f.name: f for f in fields(node)}
    return [
        (name, part, None if _is_setting(kinds[name], part) else f"{path}.{name}")
        for name, part in parts
    ]


def _is_setting(kind, value):
    """Fields that hold no parameter: marked constant, or an int where an int is declared."""
    declared = str(kind.type)
    is_int = isinstance(value, (int, np.integer)) and re.search(r"\bint\b", declared)
    return kind.metadata.get("constant") or (is_int and not re.search(r"float|array", declared))


def _is_parameter(node, path):
    if is_leaf(node):
        return True
    value = getval(node)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iucO":
        raise TypeError(
            f"{path} is an array of {value.dtype}, and only floats have a gradient. If it is a "
            f"parameter, write np.asarray(..., dtype=float); if it is data, mark its field: "
            f"`name: np.ndarray = constant()`."
        )
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        raise TypeError(
            f"{path} is the integer {value}. If it is a parameter, write {value}.0; if it is a "
            f"setting, keep it in a dataclass field annotated `int` or marked `constant()`."
        )
    return False


def _is_float(leaf):
    """Python and numpy floats have no identity to tie by; arrays (and traced values) have."""
    return not isinstance(leaf, (np.ndarray, Box))
