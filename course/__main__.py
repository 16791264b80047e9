"""Open the course: the lessons go into a folder of the learner's, where they may be changed.

A file in that folder is replaced only while it is, byte for byte, a version that this command put
there; `.downhill.json` remembers the hashes of those. Everything else is the learner's.
"""

import argparse
import hashlib
import itertools
import json
import os
import sys
from pathlib import Path

FOLDER = Path("~/downhill-lessons")
MANIFEST = ".downhill.json"


def main(arguments=None):
    """Copy the lessons into the learner's folder and open JupyterLab at the first."""
    options = parse(sys.argv[1:] if arguments is None else arguments)
    source, folder = shipped_lessons(), options.folder.expanduser().absolute()
    try:
        messages = copy_lessons(source, folder)
    except OSError as error:
        return (
            f"downhill: can't put the lessons into {folder}: {error}\n"
            "Name a folder of yours: downhill my-lessons"
        )
    print(*messages, f"Your lessons are in {folder}", sep="\n", flush=True)
    if options.copy_only:
        return 0
    first = min(source.glob("*.ipynb")).name
    return open_lab(folder, first, options.for_jupyter)


def parse(arguments):
    """Read the command line; what follows `--` is JupyterLab's."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    parser = argparse.ArgumentParser(
        prog="downhill",
        description="Open the course in JupyterLab; a lesson that you changed is never overwritten",
        epilog="What follows -- goes to JupyterLab: downhill -- --no-browser --port=8899",
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help=f"your folder (default: {FOLDER})"
    )
    parser.add_argument("--copy-only", action="store_true", help="copy the lessons, open nothing")
    parser.set_defaults(for_jupyter=arguments[end + 1 :])
    return parser.parse_args(arguments[:end])


def shipped_lessons():
    """Return the folder of the lessons: inside the installed package, or beside it in a clone."""
    package = Path(__file__).resolve().parent
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
    lines = [give(file, folder, given.setdefault(file.name, [])) for file in files]
    if json.dumps(given) != before:
        write(folder / MANIFEST, json.dumps(given, indent=1).encode())
    return [line for line in lines if line]


def give(file, folder, given):
    """Bring one file into `folder`; `given` lists the versions (hashes) put there so far."""
    content, target = file.read_bytes(), folder / file.name
    version, already = digest(content), digest(content) in given
    untouched = digest_of(target) in given
    if not already:
        given.append(version)
    if digest_of(target) == version:
        return None
    if not os.path.lexists(target) or untouched:
        write(target, content)
        return f"  {file.name}" + (", brought up to date" if untouched else "")
    if already:
        return None
    beside = free_name(target, given)
    write(beside, content)
    return f"  {file.name} has changes of yours and stays; the course's version: {beside.name}"


def free_name(target, given):
    """Return the first of name-fresh, name-fresh-2, ... that holds nothing of the learner's."""
    for number in itertools.count(1):
        suffix = "-fresh" if number == 1 else f"-fresh-{number}"
        path = target.with_name(f"{target.stem}{suffix}{target.suffix}")
        if not os.path.lexists(path) or digest_of(path) in given:
            return path


def digest(content):
    """Return the hash by which a version is known."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path):
    """Return the hash of the file at `path`, None if there is none."""
    return digest(path.read_bytes()) if path.is_file() else None


def read_manifest(folder):
    """Return {file name: versions given so far}; a missing or damaged manifest knows nothing."""
    try:
        found = json.loads((folder / MANIFEST).read_bytes())
        return {name: [str(version) for version in found[name]] for name in found}
    except (OSError, ValueError, TypeError, RecursionError):
        return {}


def write(path, content):
    """Write a whole file or nothing: first beside it, then moved into its place."""
    beginning = path.with_name(f".{path.name}.part")
    try:
        beginning.write_bytes(content)
        os.replace(beginning, path)
    finally:
        beginning.unlink(missing_ok=True)


def open_lab(folder, first, arguments):
    """Start this Python's JupyterLab with the first lesson open; return when it ends."""
    from jupyterlab.labapp import main as jupyter_lab

    os.chdir(folder)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    start = [f"--LabApp.default_url=/lab/tree/{first}", *(["--allow-root"] if is_root else [])]
    return jupyter_lab([*start, *arguments])


if __name__ == "__main__":
    sys.exit(main())
