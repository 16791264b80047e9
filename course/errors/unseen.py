"""Numbers that no tree can see: in attributes that are no fields, in objects, behind functions.

They would have no gradient, and never be trained or saved; whoever walks a tree refuses them.
"""

import contextlib
import enum
import functools
import sys
import types
from collections.abc import Collection, Mapping
from dataclasses import fields, is_dataclass
from numbers import Number

import numpy as np
from autograd.tracer import getval

from course.structs import cached, children, is_leaf, is_setting

__all__ = ["unseen"]


def unseen(node):
    """Numbers in a node, or behind it, where no tree can see them: `(place, cure)` for each."""
    if type(node) in (list, tuple, dict) or isinstance(node, QUIET):
        return
    kind = type(node).__name__
    if children(node) is not None:
        yield from _of_the_class(type(node))
        yield from _of_no_field(node)
        yield from _computed(node)
    elif isinstance(node, FUNCTIONS) and _holds_numbers(node, set()):
        name = getattr(node, "__name__", kind)
        yield f" ({name})", "Numbers behind a function belong in a dataclass that you call."
    elif _of_the_class(type(node)) or _holds_numbers(node, set()):
        if type(node).__module__.partition(".")[0] in sys.stdlib_module_names - {"__main__"}:
            yield f" (a {kind})", "Write a dataclass, list, tuple or dict instead."
        else:
            yield f" (a {kind})", f"Write @dataclass above `class {kind}`, with a field for each."


@functools.lru_cache
def _of_the_class(kind):
    """Floats written in the body of a class without being fields."""
    known, found = _fields(kind), []
    for base in kind.__mro__:
        for name, value in vars(base).items():
            if is_leaf(value) and name not in known and not name.isupper() and name[:2] != "__":
                if name in vars(base).get("__annotations__", {}):
                    cure = f"Write @dataclass above `class {base.__name__}` too."
                else:
                    cure = f"Write `{name}: float = {value}`, or a name in CAPITALS."
                found.append((f".{name}", cure))
    return found


def _of_no_field(node):
    """Numbers that the class's own `__init__`, `__post_init__` or the learner put on a struct."""
    for name in _attributes(node) - _fields(type(node)).keys():
        if name not in cached(node) and _holds_numbers(getattr(node, name, None), set()):
            kind = type(node).__name__
            yield f".{name}", f"Make it a field of {kind}, or a property if others give it."


def _computed(node):
    """Numbers in `field(init=False)` beside others: computed of them, they'd soon be out of date.

    Alone, as arrays that `__post_init__` draws of given sizes, they are parameters.
    """
    if all(f.init for f in _fields(type(node)).values()):
        return
    numbers = [
        f
        for f in fields(node)
        if not is_setting(f, None) and _holds_numbers(getattr(node, f.name, None), set())
    ]
    for f in numbers:
        if not f.init and any(other.init for other in numbers):
            yield f".{f.name}", "Make it a property, or without init=False a parameter."


def _fields(kind):
    """The fields of a class, those annotated `ClassVar` or `InitVar` among them."""
    return getattr(kind, "__dataclass_fields__", {})


def _attributes(thing):
    """Names of an object's own attributes, in its `__dict__` and its slots."""
    return getattr(thing, "__dict__", {}).keys() | _slots(type(thing))


@functools.lru_cache
def _slots(kind):
    slots = [vars(base).get("__slots__", ()) for base in kind.__mro__]
    return {name for own in slots for name in ([own] if isinstance(own, str) else own)}


FUNCTIONS = (
    types.FunctionType, types.MethodType, types.BuiltinMethodType, functools.partial
)  # fmt: skip
# What may hold numbers, though none that anyone would train.
RANDOM = (np.random.Generator, np.random.BitGenerator, np.random.RandomState)
QUIET = (type, types.ModuleType, np.ufunc, *RANDOM, enum.Enum, str, bytes)


def _holds_numbers(thing, seen):
    """Whether a float or an array of them stands in a thing, or behind it, however deep."""
    thing = getval(thing)
    if is_leaf(thing) or (hasattr(thing, "__array__") and not isinstance(thing, np.generic)):
        return not isinstance(thing, np.ndarray) or thing.dtype.kind in "fcO"
    if id(thing) in seen or thing is None or isinstance(thing, (Number, *QUIET)):
        return False
    seen.add(id(thing))
    return any(_holds_numbers(part, seen) for part in _behind(thing))


def _behind(thing):
    """The parts of anything, as far as they can be looked at."""
    if isinstance(thing, types.FunctionType) and _room(thing) in ("course", "numpy", "autograd"):
        return
    if isinstance(thing, (types.FunctionType, functools.partial)):
        for part in _taken_along(thing):
            if type(part) not in (int, float):  # a single number is a setting, such as a slope
                yield part
    elif is_dataclass(thing):
        for f in fields(thing):
            if hasattr(thing, f.name) and not f.metadata.get("constant"):
                yield getattr(thing, f.name)
    elif isinstance(thing, Mapping):
        yield from thing.values()
    elif isinstance(thing, Collection):
        yield from thing
    elif isinstance(thing, (types.MethodType, types.BuiltinMethodType)):
        yield thing.__self__
    if not is_dataclass(thing):
        yield from (getattr(thing, name, None) for name in _attributes(thing))


def _room(function):
    return (function.__module__ or "").partition(".")[0]


def _taken_along(function):
    """What a function carries with it: its closure, its defaults, a partial's arguments."""
    if isinstance(function, functools.partial):
        yield from (function.func, *function.args, *function.keywords.values())
        return
    for cell in function.__closure__ or ():
        with contextlib.suppress(ValueError):  # not filled yet
            yield cell.cell_contents
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()
