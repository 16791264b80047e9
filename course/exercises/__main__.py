"""`python -m course.exercises`: exercises into notebooks, and notebooks for teachers.

    python -m course.exercises cells 01                      print lesson 01's cells (py:percent)
    python -m course.exercises fill notebooks/01_*.ipynb     put or renew them in a notebook
    python -m course.exercises without-solutions OUT notebooks
    python -m course.exercises nbgrader OUT notebooks        an nbgrader course in OUT

Notebooks are files or folders of them.
"""

import argparse
import sys
from pathlib import Path

import nbformat

from course.exercises.cells import CONFIG, fill, for_nbgrader, percent, without_solutions


def found(places):
    """Return the notebooks among files and folders."""
    files = []
    for place in map(Path, places):
        files += sorted(place.glob("*.ipynb")) if place.is_dir() else [place]
    if not files:
        raise SystemExit(f"no notebooks in {', '.join(map(str, places))}")
    return files


def write(notebook, path):
    """Write a notebook that doesn't exist yet; a file that does is never overwritten."""
    if path.exists():
        raise SystemExit(f"{path} is there already: choose a new folder, or remove it first")
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, path)
    print(path)


def main(arguments=None):
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(
        "python -m course.exercises",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("cells").add_argument("which", help="a lesson (01) or an exercise (01-mse)")
    commands.add_parser("fill").add_argument("notebooks", nargs="+")
    for name in ("without-solutions", "nbgrader"):
        command = commands.add_parser(name)
        command.add_argument("out", type=Path)
        command.add_argument("notebooks", nargs="+")
    given = parser.parse_args(arguments)

    if given.command == "cells":
        print(percent(given.which))
        return 0
    for path in found(given.notebooks):
        notebook = nbformat.read(path, as_version=4)
        if given.command == "fill":
            nbformat.write(fill(notebook), path)
        elif given.command == "without-solutions":
            write(without_solutions(notebook), given.out / path.name)
        else:
            write(for_nbgrader(notebook), given.out / "source" / path.stem / path.name)
    if given.command == "nbgrader":
        (given.out / "nbgrader_config.py").write_text(CONFIG, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
