"""The command `downhill`: open the course, give a lecture, build the site, look at the machine."""

import argparse
import sys
from pathlib import Path

from course.command.copies import copy_lessons, hiding, shipped_lessons
from course.command.doctor import doctor
from course.command.lab import open_lab
from course.command.lecture import lecture

FOLDER = Path("~/downhill-lessons")
NEEDS_MORE = """downhill: {} needs packages that reading lessons in JupyterLab doesn't ({}).
Install them, in a clone of the course: pip install ".[publish]"
"""
COMMANDS = """
downhill doctor          looks whether this machine can run the course
downhill lecture 03      opens a lesson in large type, for a projector
downhill slides 03 OUT   writes a deck of slides, one file that needs no network
downhill site OUT        writes the lessons as a web site that needs neither kernel nor network

What follows -- goes to JupyterLab: downhill -- --no-browser --port=8899
"""


class NoFolder(Exception):
    """Why the lessons can't be put where they were to go, and what to do."""


def main(arguments=None):
    """Run `downhill`; what it returns is the exit code, or the sentence that explains a failure."""
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # an ascii terminal shows \xe9 where it has no é
            stream.reconfigure(errors="backslashreplace")
    name, *rest = arguments or [""]
    commands = {"doctor": doctor, "lecture": give_lecture, "slides": slides, "site": site}
    try:
        return commands[name](rest) if name in commands else open_course(arguments)
    except NoFolder as reason:
        return str(reason)


def open_course(arguments):
    """Copy the lessons into the learner's folder and open JupyterLab at the first."""
    arguments, for_jupyter = split(arguments)
    parser = argparse.ArgumentParser(
        prog="downhill",
        description="Open the course in JupyterLab; a lesson that you changed is never overwritten",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=COMMANDS,
    )
    add_folder(parser)
    parser.add_argument("--copy-only", action="store_true", help="copy the lessons, open nothing")
    options = parser.parse_args(arguments)

    folder = filled(options.folder)
    print(f"Your lessons are in {folder}", flush=True)
    if options.copy_only:
        return 0
    return open_lab(folder, min(shipped_lessons().glob("*.ipynb")).name, for_jupyter)


def give_lecture(arguments):
    """Open one lesson in large type."""
    arguments, for_jupyter = split(arguments)
    parser = argparse.ArgumentParser(prog="downhill lecture", description=give_lecture.__doc__)
    parser.add_argument("lesson", help="its number: 03")
    add_folder(parser)
    options = parser.parse_args(arguments)
    return lecture(options.lesson, filled(options.folder), for_jupyter)


def slides(arguments):
    """Write the slides of a lesson."""
    parser = argparse.ArgumentParser(prog="downhill slides", description=slides.__doc__)
    parser.add_argument("lesson", help="its number: 03")
    parser.add_argument("out", type=Path, help="the folder to write them into")
    add_saved(parser)
    options = parser.parse_args(arguments)
    try:
        from course.publish import slides as publish

        written = publish.slides(
            shipped_lessons(), options.lesson, options.out, execute=not options.saved
        )
    except ModuleNotFoundError as error:
        return NEEDS_MORE.format("slides", error)
    except ValueError as error:
        return f"downhill: {error}"
    print(f"{written}, {written.stat().st_size / 1e6:.1f} MB")
    return 0


def site(arguments):
    """Write the web site of all lessons."""
    parser = argparse.ArgumentParser(prog="downhill site", description=site.__doc__)
    parser.add_argument("out", type=Path, help="the folder to write it into")
    parser.add_argument("--repository", help="OWNER/NAME on GitHub, for links to Binder")
    add_saved(parser)
    options = parser.parse_args(arguments)
    try:
        from course.publish import site as publish

        return publish.site(
            shipped_lessons(), options.out, options.repository, execute=not options.saved
        )
    except ModuleNotFoundError as error:
        return NEEDS_MORE.format("site", error)


def split(arguments):
    """Return what is ours, and what follows `--`, which is JupyterLab's."""
    end = arguments.index("--") if "--" in arguments else len(arguments)
    return arguments[:end], arguments[end + 1 :]


def add_folder(parser):
    """Let the learner name a folder."""
    parser.add_argument(
        "folder", nargs="?", type=Path, default=FOLDER, help=f"your folder (default: {FOLDER})"
    )


def add_saved(parser):
    """Let saved outputs be taken."""
    parser.add_argument(
        "--saved",
        action="store_true",
        help="take the saved outputs, which is quicker",
    )


def filled(folder):
    """Copy the lessons into the learner's folder, say what was done, and return its full path."""
    try:
        full = folder.expanduser().absolute()
        for line in copy_lessons(shipped_lessons(), full):
            print(line, flush=True)
        for name in hiding(full):
            print(f"  {name} hides what lessons import under that name: rename it", flush=True)
    except (OSError, RuntimeError) as error:  # RuntimeError: there is no home folder
        raise NoFolder(
            f"downhill: can't put the lessons into {folder}: {error}\n"
            "Name a folder of yours: downhill my-lessons"
        ) from None
    return full


if __name__ == "__main__":
    sys.exit(main())
