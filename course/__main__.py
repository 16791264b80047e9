"""Open the course: the lessons go into a folder of the learner's, where they may be changed.

A file in that folder is replaced only while it is, byte for byte, a version that this command put
there; `.downhill.json` remembers the hashes of those. Everything else is the learner's.
"""

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path

FOLDER = Path("~/downhill-lessons")
MANIFEST = ".downhill.json"


def main(arguments=None):
    """Copy the lessons into the learner's folder and open JupyterLab at the first."""
    options, for_jupyter = parse(sys.argv[1:] if arguments is None else arguments)
    folder = options.folder.expanduser().absolute()
    try:
        messages = copy_lessons(shipped_lessons(), folder)
    except OSError as error:
        return f"downhill: can't put the lessons into {folder}: {error.strerror or error}.\n" + (
            "Name another folder: downhill my-lessons"
        )
    print(*messages, f"Your lessons are in {folder}", sep="\n", flush=True)
    return 0 if options.copy_only else open_lab(folder, for_jupyter)


def parse(arguments):
    """Split a command line into this command's options and JupyterLab's, which follow `--`."""
    arguments, _, for_jupyter = _partition(arguments, "--")
    parser = argparse.ArgumentParser(
        prog="downhill",
        description="Open the course in JupyterLab. Lessons that you changed are never overwritten.",
        epilog="What follows -- goes to JupyterLab: downhill -- --no-browser --port=8899",
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help=f"your folder (default: {FOLDER})"
    )
    parser.add_argument("--copy-only", action="store_true", help="copy the lessons, open nothing")
    return parser.parse_args(arguments), for_jupyter


def shipped_lessons():
    """Return the folder of the lessons: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parent
    inside, beside = package / "notebooks", package.parent / "notebooks"
    return inside if inside.is_dir() else beside


def copy_lessons(source, folder):
    """Bring each file of `source` into `folder` and return a message for each thing done."""
    folder.mkdir(parents=True, exist_ok=True)
    if folder.samefile(source):
        return []
    given = read_manifest(folder)
    files = sorted(f for f in source.iterdir() if f.is_file() and not f.name.startswith("."))
    messages = [give(file, folder, given.setdefault(file.name, [])) for file in files]
    write(folder / MANIFEST, json.dumps(given, indent=1).encode())
    return [message for message in messages if message]


def give(file, folder, given):
    """Bring one file into `folder`; `given` lists the hashes of its versions put there so far."""
    content, target = file.read_bytes(), folder / file.name
    version, known = digest(content), list(given)
    if version not in given:
        given.append(version)
    if not os.path.lexists(target):
        write(target, content)
        return f"  {file.name}"
    if digest_of(target) == version:
        return None
    if digest_of(target) in known:
        write(target, content)
        return f"  {file.name}, brought up to date"
    if version in known:
        return None
    beside = free_name(target, {*known, version})
    write(beside, content)
    return f"  {file.name} has changes of yours and stays; the course's version: {beside.name}"


def free_name(target, known):
    """Return the first of name-fresh, name-fresh-2, ... that holds nothing of the learner's."""
    number = 1
    while True:
        suffix = "-fresh" if number == 1 else f"-fresh-{number}"
        path = target.with_name(f"{target.stem}{suffix}{target.suffix}")
        if not os.path.lexists(path) or digest_of(path) in known:
            return path
        number += 1


def digest(content):
    """Return the hash by which a version is known."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path):
    """Return the hash of what lies at `path`, None if that isn't a file."""
    return digest(path.read_bytes()) if path.is_file() else None


def read_manifest(folder):
    """Return {file name: hashes given so far}; a missing or damaged manifest knows nothing."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        return {str(name): [str(version) for version in found[name]] for name in found}
    except (OSError, ValueError, TypeError, IndexError):
        return {}


def write(path, content):
    """Write a whole file or nothing: first beside it, then moved into its place."""
    beginning = path.with_name(f".{path.name}.part")
    try:
        beginning.write_bytes(content)
        os.replace(beginning, path)
    finally:
        beginning.unlink(missing_ok=True)


def open_lab(folder, arguments):
    """Start this Python's JupyterLab at the first lesson; ends when it ends."""
    from jupyterlab.labapp import main as jupyter_lab

    first = min(folder.glob("*.ipynb"))
    os.chdir(folder)
    as_root = ["--allow-root"] if getattr(os, "geteuid", lambda: 1)() == 0 else []
    return jupyter_lab([first.name, *as_root, *arguments])


def _partition(arguments, mark):
    where = arguments.index(mark) if mark in arguments else len(arguments)
    return arguments[:where], mark, arguments[where + 1 :]


if __name__ == "__main__":
    sys.exit(main())
