"""The command `downhill`: open the course, or look whether this machine can run it."""

import argparse
import sys
from pathlib import Path

from course.command.copies import copy_lessons, shipped_lessons
from course.command.doctor import doctor
from course.command.lab import open_lab

FOLDER = Path("~/downhill-lessons")
COMMANDS = {"doctor": doctor}


def main(arguments=None):
    """Run `downhill`; what it returns is the exit code, or the sentence that explains a failure."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an ascii terminal shows \xe9 where it has no é
            stream.reconfigure(errors="backslashreplace")
    if arguments[:1] and arguments[0] in COMMANDS:
        return COMMANDS[arguments[0]](arguments[1:])
    return open_course(arguments)


def open_course(arguments):
    """Copy the lessons into the learner's folder and open JupyterLab at the first."""
    options, source = parse(arguments), shipped_lessons()
    try:
        folder = options.folder.expanduser().absolute()
        messages = copy_lessons(source, folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        return (
            f"downhill: can't put the lessons into {options.folder}: {error}\n"
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
        epilog=(
            "`downhill doctor` looks whether this machine can run the course. "
            "What follows -- goes to JupyterLab: downhill -- --no-browser --port=8899"
        ),
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help=f"your folder (default: {FOLDER})"
    )
    parser.add_argument("--copy-only", action="store_true", help="copy the lessons, open nothing")
    parser.set_defaults(for_jupyter=arguments[end + 1 :])
    return parser.parse_args(arguments[:end])


if __name__ == "__main__":
    sys.exit(main())
