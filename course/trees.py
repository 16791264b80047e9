"""A model is a tree: structs and containers are its branches, arrays and floats its leaves.

Whoever must visit a model's parameters (the gradient, the optimizers, a layer's count) does so
through this file, so there is one answer to the question which values are parameters. (Saving
keeps more than those: constants, counts and generators, by `structs.children`.)
"""

import operator
from dataclasses import fields, is_dataclass
from numbers import Number

import numpy as np
from autograd.tracer import Box, getval

from course.errors.unseen import unseen
from course.structs import children, constant, is_leaf, is_setting, with_children

__all__ = [
    "as_numpy", "astype", "constant", "named", "parameters", "places", "rebuild", "rebuilder",
]  # fmt: skip


def parameters(model):
    """List a model's parameters in order, each array once.

    Parameters are the float arrays and Python floats in a dataclass, list, tuple or dict, nested
    as deep as you like. An array that stands in two places is *one* parameter, told by identity.
    Floats are never tied: equal numbers are one object in Python. Functions, strings, None and
    fields marked `constant()` are not parameters.

    A number that stands elsewhere (in an attribute that is no field, an object that is no
    dataclass, an array that a function took along) would never be trained, and raises. These stay
    as they are: fields marked `constant()`, class attributes in CAPITALS or annotated `ClassVar`,
    single numbers that a function took along, and variables outside of the model.

    Raises
    ------
    TypeError
        For an integer array, an integer in a field that isn't annotated `int`, or a number that
        stands where it can't be a parameter: the message names the place and the cure.
    ValueError
        For a model that contains itself, or is nested too deep for Python (some 400 chains).

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
    try:
        for way, leaf in _leaves(model, "model", []):
            index = count if _is_float(leaf) else indices.setdefault(id(leaf), count)
            count += index == count
            yield index, way, leaf
    except RecursionError:
        raise ValueError(
            "the model contains itself, or is nested too deep for Python. Put layers beside each "
            "other, as in Chain(first, second, third)."
        ) from None


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
        makers = []
        for name, part, where in _parts(node, path):
            if where and (make := builder(part, where)):
                makers.append((name, make, part))
        if not makers:
            return None  # no parameter in it

        def build(values):
            parts, same = [], True  # one frame a level: models may be nested deep
            for name, make, old in makers:
                new = make(values)
                same = same and new is old
                parts.append((name, new))
            return node if same else with_children(node, parts)

        return build

    return builder(model, "model") or (lambda values: model)


def astype(model, dtype):
    """The model with every parameter converted to `dtype`, for instance `np.float32`.

    Python floats stay floats: they take the precision of what they meet. float16 is for keeping a
    model, not for training it: squares above 65,504 are infinite in it, and an optimizer's epsilon
    of 1e-8 is 0.

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


def as_numpy(value):
    """Python floats overflow with an exception where numpy's give inf: compute with numpy's."""
    return np.float64(value) if type(value) is float else value


def _leaves(node, path, way):
    if _is_parameter(node, path):
        yield way, node
        return
    for name, cure in unseen(node):
        raise TypeError(
            f"{path}{name} holds numbers where they would never be trained. {cure} For what is to "
            "stay as it is, declare a field `= constant()`."
        )
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
        (name, part, None if is_setting(kinds[name], part) else f"{path}.{name}")
        for name, part in parts
    ]


def _is_parameter(node, path):
    if is_leaf(node):
        if np.ma.isMaskedArray(node):
            raise TypeError(
                f"{path} is a masked array, whose hidden values would be trained too. Write "
                "np.asarray(...) of what is to be a parameter."
            )
        return True
    value = getval(node)
    if isinstance(value, np.ndarray) and value.dtype.kind in "iucO":
        raise TypeError(
            f"{path} is an array of {value.dtype}, and only floats have a gradient. If it is a "
            f"parameter, write np.asarray(..., dtype=float); if it is data, mark its field: "
            f"`name: np.ndarray = constant()`."
        )
    if isinstance(value, Number) and not isinstance(value, (bool, Box)):
        kind = "integer" if isinstance(value, (int, np.integer)) else type(value).__name__
        as_float = f"{value}.0" if kind == "integer" else f"float({value})"
        raise TypeError(
            f"{path} is the {kind} {value}. If it is a parameter, write {as_float}; if it is a "
            f"setting, keep it in a dataclass field annotated `int` or marked `constant()`."
        )
    return False


def _is_float(leaf):
    """Python and numpy floats have no identity to tie by; arrays (and traced values) have."""
    return not isinstance(leaf, (np.ndarray, Box))
