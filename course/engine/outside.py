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
from types import (
    CodeType,
    FunctionType,
    GetSetDescriptorType,
    MappingProxyType,
    MemberDescriptorType,
    ModuleType,
)

import numpy as np

from course.trees import children, places

__all__ = ["Outside"]

MISSING = object()
READS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
MUTABLE = (list, dict, set, bytearray)
LARGEST = 1 << 18  # bytes of arrays that are compared in each step
FOREIGN = {"course", "numpy", "autograd", *sys.stdlib_module_names}  # not the learner's own
PLAIN = (bool, int, float, complex, str, bytes, np.generic, np.dtype, np.ufunc, range)


class Outside:
    """What a loss reads besides its arguments, as it is now.

    Attributes
    ----------
    problem : str or None
        What can't be compared in each step.
    """

    def __init__(self, loss, model):
        self.variables, self.arrays, self.problem = [], [], None
        self.bytes, self.seen, self.inside, self.parameters = 0, {}, set(), set()
        self.waiting = collections.deque()
        self._look_behind("the loss", loss)
        ways = [way for _, way, _ in places(model)]
        self.inside = {id(struct) for way in ways for struct, _ in way}
        self.parameters = {(id(way[-1][0]), way[-1][1]) for way in ways if way}
        if self.inside:
            self._look_behind("the model", model)

    def changed(self):
        """Name of what is another thing than it was, or None."""
        for get, owner, key, value in self.variables:
            now = get(owner, key, MISSING)
            if now is not value and not _is_same(now, value):
                return key
        for array, kind, contents, name in self.arrays:
            if array.tobytes() != contents or _kind(array) != kind:
                return name
        return None

    def _variable(self, get, owner, key):
        value = get(owner, key, MISSING)
        self.variables.append((get, owner, key, value))
        self._look(key, value)

    def _look_behind(self, name, value):
        """List what may change in a value, and in all that it leads to, however deep."""
        self._look(name, value)
        while self.waiting:
            self._look_at(*self.waiting.popleft())

    def _look(self, name, value):
        self.waiting.append((name, value))

    def _look_at(self, name, value):
        """List what may change in a value without its name being bound anew."""
        if value is MISSING or value is None or isinstance(value, PLAIN) or id(value) in self.seen:
            return
        self.seen[id(value)] = value
        if isinstance(value, FunctionType):
            self._function(value)
        elif isinstance(value, type):
            for base in filter(_is_own, value.__mro__):
                self._class(base)
        elif id(value) in self.inside or dataclasses.is_dataclass(value):
            self._struct(name, value)
        elif isinstance(value, (tuple, frozenset)):
            for part in value:
                self._look(name, part)
        elif isinstance(value, np.ndarray) and value.dtype != object:
            self._array(name, value)
        elif hasattr(value, "__self__"):  # a method, bound
            self._look(name, getattr(value, "__func__", None))
            self._look(name, value.__self__)
        elif isinstance(value, functools.partial):
            self._look(name, (value.func, value.args, *value.keywords.values()))
        elif isinstance(value, property):
            self._look(name, value.fget)
        elif hasattr(value, "__wrapped__"):  # by functools.cache, staticmethod and the like
            self._look(name, value.__wrapped__)
        elif hasattr(value, "__dict__") and _is_own(value) and not isinstance(value, MUTABLE):
            self._struct(name, value)
        elif not isinstance(value, ModuleType) and not _is_foreign_function(value):
            self.problem = self.problem or (
                f"the loss reads `{name}` from outside, a {type(value).__name__}, whose contents "
                "may change"
            )

    def _class(self, cls):
        for key, value in vars(cls).items():
            special = key == "__repr__" or (
                key.startswith("__") and not isinstance(value, FunctionType)
            )
            if not special and not isinstance(value, (MemberDescriptorType, GetSetDescriptorType)):
                self._variable(MappingProxyType.get, vars(cls), key)

    def _function(self, function):
        code, module = function.__code__, function.__globals__
        for key, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
            self._variable(_contents, cell, key)
        for key in list(vars(function)):
            self._variable(dict.get, vars(function), key)
        self._look("a default of a function", function.__defaults__)
        self._look("a default of a function", tuple((function.__kwdefaults__ or {}).values()))
        for key in _names_read(code) if _is_own(function) else ():
            self._variable(dict.get, module, key)
            if isinstance(module.get(key), ModuleType) and _is_own(module[key]):
                for name in {*code.co_names} & {*vars(module[key])}:
                    self._variable(dict.get, vars(module[key]), name)

    def _struct(self, name, node):
        """All of a struct but the parameters, which are arguments; and its class."""
        get = _item if isinstance(node, (list, tuple, dict)) else getattr
        for key, _ in [*(children(node) or ()), *_more_attributes(node)]:
            if (id(node), key) not in self.parameters:
                self._variable(get, node, key)
        self._variable(_attribute_count, node, name)
        self._look(name, type(node))

    def _array(self, name, array):
        self.bytes += array.nbytes
        if self.bytes > LARGEST:
            self.problem = self.problem or (
                f"the loss reads `{name}` from outside, an array of shape {array.shape}, too large "
                "to be compared in each step; give it as a part of the batch"
            )
        else:
            self.arrays.append((array, _kind(array), array.tobytes(), name))


def _more_attributes(node):
    """Attributes that are no fields, as pairs."""
    fields = {f.name for f in dataclasses.fields(node)} if dataclasses.is_dataclass(node) else ()
    return [pair for pair in getattr(node, "__dict__", {}).items() if pair[0] not in fields]


def _contents(cell, name, default):
    try:
        return cell.cell_contents
    except ValueError:  # nothing was bound to it yet
        return default


def _attribute_count(node, name, default):
    return len(getattr(node, "__dict__", ()))


def _item(node, key, default):
    try:
        return node[key]
    except (IndexError, KeyError):
        return default


def _kind(array):
    return array.shape, array.dtype, array.strides


def _is_same(one, other):
    """Whether two numbers or texts can't be told apart."""
    return type(one) is type(other) and isinstance(one, PLAIN) and repr(one) == repr(other)


def _is_own(thing):
    """Whether a function, class, module or value comes of the learner's own code."""
    if not isinstance(thing, (FunctionType, type, ModuleType)):
        thing = type(thing)
    home = getattr(thing, "__module__", None) or getattr(thing, "__name__", "")
    if isinstance(thing, FunctionType):
        file = thing.__code__.co_filename
    else:
        file = getattr(sys.modules.get(home), "__file__", None) or ""
    return home.partition(".")[0] not in FOREIGN and "site-packages" not in file


def _is_foreign_function(value):
    """Whether it is a function of numpy's or Python's own, which isn't written in Python."""
    home = getattr(value, "__module__", None) or "builtins"
    return callable(value) and home.partition(".")[0] in FOREIGN and not _more_attributes(value)


@functools.cache
def _names_read(code):
    """The global names that a function reads, functions inside it too."""
    names = {one.argval for one in dis.get_instructions(code) if one.opname in READS}
    return names.union(*(_names_read(c) for c in code.co_consts if isinstance(c, CodeType)))
