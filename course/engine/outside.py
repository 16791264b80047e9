"""What a loss reads from outside: names, and arrays whose contents may change.

A recorded loss isn't called, so it can't see that a variable was bound anew. The names that it
reads are known, though: they stand in its code, in that of the functions that it calls and that
the learner wrote, and in the model. Here they are listed once and compared in each step.
"""

import collections
import dataclasses
import dis
import functools
import sys
from functools import partial
from types import CellType, CodeType, FunctionType, ModuleType

import numpy as np

from course.engine.tape import layout
from course.structs import children
from course.trees import parameters, places

__all__ = ["Outside"]

MISSING = object()
LARGEST = 1 << 18  # bytes of arrays that are compared in each step
FOREIGN = {"course", "numpy", "autograd", *sys.stdlib_module_names}  # not the learner's own
PLAIN = (bool, int, float, complex, str, bytes, np.generic, np.dtype, np.ufunc, range, type(None))
WRAPPERS = (property, staticmethod, classmethod, partial)
INNER = ("__func__", "__self__", "fget", "func", "args")  # what methods and wrappers hold


class Outside:
    """What a loss reads besides its arguments, as it is now.

    Attributes
    ----------
    problem : str or None
        What can't be compared in each step.
    """

    def __init__(self, loss, model):
        self.variables, self.arrays, self.problem = [], [], None
        ways = [way for _, way, _ in places(model) if way]
        self.structs = {id(struct) for way in ways for struct, _ in way}
        self.parameters = {(id(struct), name) for *_, (struct, name) in ways}
        seen = {id(value): value for value in parameters(model)}  # they are arguments
        waiting = self.waiting = collections.deque([("the loss", loss), ("the model", model)])
        while waiting:
            name, value = waiting.popleft()
            if not isinstance(value, PLAIN) and id(value) not in seen:
                seen[id(value)] = value
                self._look_at(name, value)

    def changed(self):
        """Name of what is another thing than it was, or None."""
        for name, get, value in self.variables:
            now = get()
            if now is not value and not _is_same(now, value):
                return name
        for name, array, kind, contents in self.arrays:
            if array.tobytes() != contents or layout(array) != kind:
                return name
        return None

    def _variable(self, name, get):
        value = get()
        self.variables.append((name, get, value))
        if value is not MISSING:
            self.waiting.append((name, value))

    def _names(self, space, names):
        for name in names:
            self._variable(name, partial(space.get, name, MISSING))

    def _look_at(self, name, value):
        """List what may change in a value without its name being bound anew."""
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            for space in map(vars, filter(_is_own, value.__mro__)):
                self._names(space, [key for key in space if _is_written(key, space[key])])
        elif id(value) in self.structs or dataclasses.is_dataclass(value):
            self._struct(name, value)
        elif isinstance(value, (tuple, frozenset)):
            self.waiting.extend((name, part) for part in value)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self._array(name, value)
        elif isinstance(value, WRAPPERS) or hasattr(value, "__self__"):
            held = [getattr(value, inner, None) for inner in INNER]
            held.extend(getattr(value, "keywords", {}).values())
            self.waiting.extend((name, part) for part in held)
        elif not isinstance(value, ModuleType) and not _is_foreign_function(value):
            self._refuse(name, f"a {type(value).__name__}, whose contents may change")

    def _function(self, function):
        if (function.__module__ or "").startswith("course."):
            return  # what it holds nobody binds anew
        code, space = function.__code__, function.__globals__
        for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._variable(name, partial(_contents, cell))
        self._names(vars(function), list(vars(function)))
        defaults = function.__defaults__, *(function.__kwdefaults__ or {}).values()
        self.waiting.append(("a default of a function", defaults))
        if not _is_own(function):
            return
        names, attributes, modules = _read(code)
        self._names(space, names)
        waiting, seen = [*map(space.get, names), *map(sys.modules.get, modules)], set()
        for module in waiting:  # those in a module that is read, too: package.settings.scale
            if isinstance(module, ModuleType) and _is_own(module) and id(module) not in seen:
                seen.add(id(module))
                read = attributes & vars(module).keys()
                self._names(vars(module), read)
                waiting.extend(vars(module)[name] for name in read)

    def _struct(self, name, node):
        """All of a struct but its parameters, and its class."""
        if hasattr(node, "__dict__"):  # attributes that are no fields, too
            own = [key for key in vars(node) if (id(node), key) not in self.parameters]
            self._names(vars(node), own)
            self._variable(name, partial(len, vars(node)))
        if not hasattr(node, "__dict__") or isinstance(node, (list, tuple, dict)):
            for key, _ in children(node):
                self._variable(name, partial(_part, node, key))
        self.waiting.append((name, type(node)))

    def _array(self, name, array):
        if array.nbytes + sum(len(contents) for *_, contents in self.arrays) <= LARGEST:
            self.arrays.append((name, array, layout(array), array.tobytes()))
        else:
            size = f"an array of shape {array.shape}, too large to be compared in each step"
            self._refuse(name, f"{size}; give it as a part of the batch")

    def _refuse(self, name, what):
        self.problem = self.problem or f"the loss reads `{name}` from outside, {what}"


def _contents(cell):
    return MISSING if cell == CellType() else cell.cell_contents  # nothing may be bound to it yet


def _part(node, key):
    try:
        return getattr(node, key) if dataclasses.is_dataclass(node) else node[key]
    except (AttributeError, IndexError, KeyError):
        return MISSING


def _is_same(one, other):
    """Whether two numbers or texts can't be told apart."""
    return type(one) is type(other) and isinstance(one, PLAIN) and repr(one) == repr(other)


def _is_written(name, value):
    """Whether someone wrote it into a class, or it is a method that a dataclass was given."""
    special = name.startswith("__") and not isinstance(value, FunctionType)
    return not special and name != "__repr__" and not hasattr(value, "__objclass__")


def _is_own(thing):
    """Whether a function, class, module or value comes of the learner's own code."""
    home = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
    file = getattr(sys.modules.get(home), "__file__", None) or ""
    return home.partition(".")[0] not in FOREIGN and "site-packages" not in file


def _is_foreign_function(value):
    """Whether it is a function of numpy's or Python's own, which isn't written in Python."""
    return callable(value) and not _is_own(value) and not getattr(value, "__dict__", None)


@functools.cache
def _read(code):
    """Global names, all names and imported modules that a function reads, functions in it too."""
    found = {"LOAD_GLOBAL": set(), "LOAD_NAME": set(), "IMPORT_NAME": set()}
    for one in dis.get_instructions(code):
        found.get(one.opname, set()).add(one.argval)
    own = found["LOAD_GLOBAL"] | found["LOAD_NAME"], {*code.co_names}, found["IMPORT_NAME"]
    inner = (_read(one) for one in code.co_consts if isinstance(one, CodeType))
    return tuple(set().union(*parts) for parts in zip(own, *inner, strict=True))
