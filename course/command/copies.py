"""The learner's copies of the lessons, without saved outputs: running them is the learner's part.

A lesson counts as changed when the text of a cell is another than this command put there; one that
was only run does not. `.downhill.json` remembers the versions given. Nothing changed is replaced.
"""

import hashlib
import itertools
import json
import os
import secrets
import sys
from pathlib import Path

__all__ = ["MANIFEST", "copy_lessons", "hiding", "shipped_lessons", "without_outputs"]

MANIFEST = ".downhill.json"
NEEDED = ("anywidget", "autograd", "ipywidgets", "matplotlib", "numpy", "safetensors", "tqdm")


def shipped_lessons():
    """Return the folder of the lessons: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parent.parent
    inside, beside = package / "notebooks", package.parent / "notebooks"
    return inside if inside.is_dir() else beside


def copy_lessons(source, folder):
    """Bring every file of `source` into `folder` and return a line for each thing done."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.samefile(source):
        return []
    given = read_manifest(folder)
    before = json.dumps(given)
    files = sorted(f for f in source.iterdir() if f.is_file() and not f.name.startswith("."))
    lines = [copy_file(file, folder, given.setdefault(file.name, [])) for file in files]
    if json.dumps(given) != before:
        write(folder / MANIFEST, json.dumps(given, indent=1).encode())
    return [line for line in lines if line]


def hiding(folder):
    """Return the Python files in a folder that hide a module of the same name from the lessons."""
    needed = {"course", *NEEDED, *sys.stdlib_module_names}
    return sorted(path.name for path in Path(folder).glob("*.py") if path.stem in needed)


def copy_file(file, folder, given):
    """Bring one file into `folder`; `given` lists the versions put there so far."""
    content, target = without_outputs(file.read_bytes()), folder / file.name
    exists = os.path.lexists(target)  # asked first: another `downhill` may be copying too
    new, there = version(content), version_of(target)
    already, untouched = new in given, there in given
    if not already:
        given.append(new)
    if there == new:
        return None
    if not exists or untouched:
        write(target, content)
        return f"  {file.name}" + (", brought up to date" if untouched else "")
    if already:
        return None
    beside = unused_name(target, given)
    write(beside, content)
    return f"  {file.name} has changes of yours and stays; the course's version: {beside.name}"


def unused_name(target, given):
    """Return the first of name-fresh, name-fresh-2, ... that holds nothing of the learner's."""
    for number in itertools.count(1):
        suffix = "-fresh" if number == 1 else f"-fresh-{number}"
        path = target.with_name(f"{target.stem}{suffix}{target.suffix}")
        if not os.path.lexists(path) or version_of(path) in given:
            return path


def without_outputs(content):
    """Return a notebook's bytes without what running it left; other bytes as they are."""
    notebook = as_notebook(content)
    if notebook is None:
        return content
    for cell in notebook["cells"]:
        if cell.get("cell_type") == "code":
            cell.update(execution_count=None, outputs=[])
    return (json.dumps(notebook, indent=1, ensure_ascii=False) + "\n").encode()


def version(content):
    """Return the hash by which a version is known: of a notebook, that of its cells' text."""
    notebook = as_notebook(content)
    if notebook is not None:
        cells = [[cell.get("cell_type"), text_of(cell)] for cell in notebook["cells"]]
        content = json.dumps(cells).encode()
    return hashlib.sha256(content).hexdigest()


def version_of(path):
    """Return the version of the file at `path`, None if there is none."""
    return version(path.read_bytes()) if path.is_file() else None


def as_notebook(content):
    """Return the notebook in these bytes as a dict, None if it is something else."""
    try:
        notebook = json.loads(content)
        cells = notebook["cells"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    is_notebook = isinstance(cells, list) and all(isinstance(cell, dict) for cell in cells)
    return notebook if is_notebook else None


def text_of(cell):
    """Return a cell's text; files keep it as one string or as a list of lines."""
    source = cell.get("source", "")
    lines = source if isinstance(source, list) else [source]
    return "".join(map(str, lines))


def read_manifest(folder):
    """Return {file name: versions given so far}; a missing or damaged manifest knows nothing."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        return {name: [str(version) for version in found[name]] for name in found}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def write(path, content):
    """Write a whole file or nothing: first under a new name beside it, then moved to its place."""
    beginning = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        with open(beginning, "xb") as file:  # x: never follows a link that lies there already
            file.write(content)
        os.replace(beginning, path)
    finally:
        beginning.unlink(missing_ok=True)
