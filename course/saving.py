"""Keep a model, an optimizer's state, a generator or all of them in a file, and go on from there.

The file is in the safetensors format: named arrays and a text, nothing that could be executed, so
it is safe to load from a stranger, and other programs can read the arrays.
"""

import contextlib
import copy
import glob
import hashlib
import json
import os
import secrets
import time
from pathlib import Path

import numpy as np

from course.errors.unseen import unseen
from course.structs import children, with_children

__all__ = ["load", "save"]

FORMAT = "downhill 1"
DTYPES = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
NUMBERS = ("array", "scalar", "float")  # what the file keeps as an array


def save(path, tree):
    """Write a tree of arrays to a file, bit for bit.

    What was at `path` before is replaced only once the new file is complete; who may read and
    write it stays as it was.

    Parameters
    ----------
    path : str or path
        By custom it ends in `.safetensors`; `~` is your home folder.
    tree : dataclass, list, tuple or dict, nested as you like
        A model, an optimizer's state, or `{"model": model, "state": history.state, "rng": rng}`.
        Arrays (parameters and constants), numbers, strings and numpy generators are written, each
        under its name in the tree, such as `layers.0.weight`; an array that stands in two places
        is written once, and comes back as one. Functions and None are not written: they come from
        the tree that `load` is given. Of a generator the numbers that it draws are kept, not what
        its `spawn` gives.

    Raises
    ------
    TypeError
        For what the file can't hold, and for numbers that stand where no tree can see them (see
        `parameters`): nothing is left out without a word. The message names the place.
    ValueError
        If two parts of the tree would bear the same name.
    FileNotFoundError, IsADirectoryError
        If the folder isn't there, or the path is one.

    References
    ----------
    The safetensors format, https://huggingface.co/docs/safetensors (2022).

    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     save(folder + "/line.safetensors", {"m": 3.0, "b": np.array([1.0, 2.0])})
    ...     load(folder + "/line.safetensors", {"m": 0.0, "b": np.zeros(2)})
    {'m': 3.0, 'b': array([1., 2.])}
    """
    from safetensors.numpy import save as serialize

    entries, tensors = _describe(tree)
    text = json.dumps(entries, default=lambda array: array.tolist())
    metadata = {"format": FORMAT, "tree": text, "sha256": _checksum(text, tensors)}
    _replace(Path(os.path.realpath(_path("save", path))), serialize(tensors, metadata))


def load(path, like):
    """Read a file that `save` wrote into a tree like the one saved; `like` itself isn't changed.

    Parameters
    ----------
    path : str or path
        `~` is your home folder.
    like : dataclass, list, tuple or dict
        A tree of the same structure, shapes and strings. It says what functions and None are;
        arrays, numbers, dtypes and ties come from the file.

    Returns
    -------
    tree
        The same kind of struct as `like`, as it was saved, bit for bit.

    Raises
    ------
    ValueError
        If the file is damaged or not one of `save`'s; if it doesn't fit `like`: the message names
        the first part that differs.
    FileNotFoundError, IsADirectoryError
        If there is no such file, or it is a folder.

    Examples
    --------
    Training that stopped goes on as if it never had. Any first step shows what the optimizer's
    state looks like::

        save("run.safetensors", {"model": model, "state": history.state, "rng": rng})

        _, state = update(model, gradient(loss, model, x, y), Adam())
        run = load("run.safetensors", {"model": model, "state": state, "rng": rng})
        data = Batches(x, y, 32, rng=run["rng"])
        train(loss, run["model"], data, Adam(), state=run["state"])
    """
    return _File(path).restore(like)


def _path(caller, path):
    """The path with its `~` as people mean it, and no folder."""
    try:
        path = Path(path).expanduser()
    except RuntimeError:
        raise FileNotFoundError(
            f"{caller}: the home folder in {str(path)!r} isn't known here. Write the whole path."
        ) from None
    if path.is_dir():
        raise IsADirectoryError(
            f"{caller}: {str(path)!r} is a folder. Name a file in it: "
            f"{str(path / 'model.safetensors')!r}."
        )
    return path


def _nodes(node, name=""):
    """All structs and leaves of a tree with their names, as in `layers.0.weight`."""
    yield name or "value", node
    for part, child in children(node) or ():
        yield from _nodes(child, _join(name, part))


def _leaves(tree):
    return ((name, node) for name, node in _nodes(tree) if children(node) is None)


def _join(name, part):
    return f"{name}.{part}" if name else str(part)


def _kind(leaf):
    """What a leaf is called in the file; None for what isn't written."""
    if isinstance(leaf, np.ndarray):
        return "array"
    if isinstance(leaf, np.generic) and not isinstance(leaf, (str, bytes)):
        return "scalar"
    if isinstance(leaf, np.random.Generator):
        return "generator"
    return (
        "float"
        if isinstance(leaf, float)
        else {int: "int", bool: "bool", str: "str"}.get(type(leaf))
    )


def _describe(tree):
    """`{name: [kind, value]}` for the text in the file, and its arrays by name."""
    entries, tensors, first = {}, {}, {}
    try:
        for name, node in _nodes(tree):
            _require_whole(name, node)
    except RecursionError:
        raise ValueError(
            "save: the tree contains itself, or is nested too deep. Save a part of it by its name: "
            "save(path, {'model': model})."
        ) from None
    for name, leaf in _leaves(tree):
        kind = _kind(leaf)
        if kind is None:
            continue
        if name in entries or name == "__metadata__":
            raise ValueError(f"save: two parts would be called {name!r}. Rename a key of the dict.")
        if kind in ("array", "generator") and first.setdefault(id(leaf), name) != name:
            entries[name] = ["tie", first[id(leaf)]]
        elif kind in NUMBERS:
            entries[name], tensors[name] = [kind, None], _plain(name, leaf)
        else:
            value = leaf.bit_generator.state if kind == "generator" else leaf
            entries[name] = [kind, value]
    return entries, tensors


def _plain(name, leaf):
    """An array as the file can hold it: of numbers, in one piece."""
    array = np.asarray(leaf)
    if array.dtype.name not in DTYPES or np.ma.isMaskedArray(leaf):
        what = "masked" if np.ma.isMaskedArray(leaf) else f"of type {array.dtype}"
        raise TypeError(
            f"save: {name} is {what}, and the file holds floats, integers and bools of up to 64 "
            f"bits. Write np.asarray({name.split('.')[-1]}, dtype=float), or leave it out."
        )
    return np.asarray(array, dtype=array.dtype.newbyteorder("="), order="C")


def _require_whole(name, node):
    """Raise where a part of a tree, or numbers behind it, would be lost."""
    if _kind(node):
        return
    for place, cure in unseen(node):
        raise TypeError(
            f"save: {name}{place} holds numbers that would be lost. {cure[:-1]}, or save what "
            "it holds, as in save(path, {'rng': batches.rng})."
        )
    if not (children(node) is not None or node is None or callable(node)):
        raise TypeError(
            f"save: {name} is a {type(node).__name__}, which would be lost. Save arrays, numbers, "
            "strings and numpy Generators, in dataclasses, lists, tuples and dicts."
        )


def _checksum(text, tensors):
    digest = hashlib.sha256(text.encode())
    for name in sorted(tensors):
        array = tensors[name]
        digest.update(f"{name} {array.dtype.name} {array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _replace(path, content):
    """Put content at path all at once: a reader sees the old file or the new one, never half."""
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"save: there is no folder {str(path.parent)!r}. Write Path(path).parent.mkdir() first."
        )
    _remove_unfinished(path)
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    mode = path.stat().st_mode & 0o777 if path.exists() else None
    try:
        with open(unfinished, "xb", opener=lambda *how: os.open(*how, mode or 0o666)) as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            unfinished.chmod(mode)
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _remove_unfinished(path):
    """Remove what a `save` to the same path left that was killed; another may still be writing."""
    for file in path.parent.glob(f".{glob.escape(path.name)}.{16 * '[0-9a-f]'}"):
        with contextlib.suppress(OSError):
            if time.time() - file.lstat().st_mtime > 60:
                file.unlink()


class _File:
    """A file that was read and checked, ready to fill a tree."""

    def __init__(self, path):
        self.path = str(_path("load", path))
        try:
            content = Path(self.path).read_bytes()
        except FileNotFoundError:
            raise FileNotFoundError(
                f"load: there is no file {self.path!r}. Write one with save(path, tree), or see "
                "where a relative path starts: Path.cwd()."
            ) from None
        try:
            self.entries, self.tensors = _parse(content)
        except _ForeignError as error:
            raise ValueError(f"load: {self.path!r} {error}") from None
        except Exception as error:  # whatever a stranger's bytes may provoke
            raise ValueError(
                f"load: {self.path!r} is damaged, or not a file that save wrote ({error}). "
                "Load a copy, or write it again with save(path, tree)."
            ) from error
        self.values = {}

    def restore(self, like):
        """A tree like `like`, or an error that names the first part that differs."""
        tree = self._fill(like, "")
        known = {name for name, leaf in _leaves(like) if _kind(leaf)}
        for name in self.entries:
            if name not in known:
                raise ValueError(self._misfit(name, "is in the file and has no place in the tree"))
        return tree

    def _fill(self, node, name):
        parts = children(node)
        if parts is not None:
            new = []
            for part, child in parts:  # one frame a level: trees may be nested deep
                new.append((part, self._fill(child, _join(name, part))))
            return with_children(node, new)
        return self._leaf(node, name or "value") if _kind(node) else node

    def _leaf(self, leaf, name):
        if name not in self.entries:
            raise ValueError(self._misfit(name, "is in the tree and not in the file"))
        kind, value = self.entries[name]
        source = value if kind == "tie" else name
        kind, value = self.entries[source]
        if kind != _kind(leaf) and not (kind in NUMBERS and _kind(leaf) in NUMBERS):
            raise ValueError(
                self._misfit(name, f"is of kind {kind} in the file and {_kind(leaf)} in the tree")
            )
        if kind in NUMBERS and self.tensors[source].shape != np.shape(leaf):
            shapes = f"{self.tensors[source].shape} in the file and {np.shape(leaf)} in the tree"
            raise ValueError(self._misfit(name, f"has shape {shapes}"))
        if kind == "str" and value != leaf:
            raise ValueError(
                self._misfit(name, f"is {value!r} in the file and {leaf!r} in the tree")
            )
        if source not in self.values:
            self.values[source] = self._value(kind, value, source, leaf)
        return self.values[source]

    def _value(self, kind, value, name, leaf):
        if kind == "generator":
            return self._generator(value, name, leaf)
        if kind not in NUMBERS:
            return value
        array = self.tensors[name]
        return array if kind == "array" else float(array) if kind == "float" else array[()]

    def _generator(self, state, name, leaf):
        rng = copy.deepcopy(leaf)
        try:
            _require_sound_state(state)
            rng.bit_generator.state = state
        except Exception as error:  # whatever numpy makes of a stranger's numbers
            came = state.get("bit_generator") if isinstance(state, dict) else state
            expected = type(leaf.bit_generator).__name__
            raise ValueError(
                self._misfit(
                    name, f"is a generator by {came} in the file and {expected} in the tree"
                )
            ) from error
        return rng

    def _misfit(self, name, what):
        held = ", ".join([*list(self.entries)[:8], *["..."] * (len(self.entries) > 8)])
        return (
            f"load: {name} {what}. {self.path!r} holds {held or 'nothing'}; load it into a tree "
            "like the one that was saved: load(path, like)."
        )


class _ForeignError(Exception):
    """A safetensors file by another program."""


def _parse(content):
    """Entries and arrays of a file, or an exception of any kind."""
    from safetensors.numpy import load as deserialize

    tensors = deserialize(content)
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    metadata = header.get("__metadata__", {})
    if metadata.get("format") != FORMAT:
        raise _ForeignError(
            f"is a safetensors file that course.save (format {FORMAT!r}) didn't write. Its arrays "
            "are read by safetensors.numpy.load_file(path)."
        )
    if metadata["sha256"] != _checksum(metadata["tree"], tensors):
        raise ValueError("its checksum doesn't fit its content")
    entries = json.loads(metadata["tree"])
    for name, (kind, value) in entries.items():
        if not _is_sound(name, kind, value, entries, tensors):
            raise ValueError(f"{name} is described as {kind!r}")
    return entries, tensors


def _is_sound(name, kind, value, entries, tensors):
    """What the checksum can't promise, since a stranger can compute one too."""
    if kind == "tie":
        return entries[value][0] in ("array", "generator")
    if kind in NUMBERS:
        return tensors[name].ndim == 0 or kind == "array"
    return type(value) is {"int": int, "bool": bool, "str": str, "generator": dict}[kind]


def _require_sound_state(state):
    """Places within a generator's own buffer, which numpy believes and reads beyond."""
    for part in (state, state.get("state")):
        for name, last in {"pos": 624, "buffer_pos": 4}.items():
            place = part.get(name, 0) if isinstance(part, dict) else 0
            if type(place) is not int or not 0 <= place <= last:
                raise ValueError(f"{name} is {place!r}, not from 0 to {last}")
