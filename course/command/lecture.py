"""`downhill lecture 03`: a lesson live in JupyterLab, in type that the last row can read."""

import os

from course.command.copies import shipped_lessons
from course.command.lab import LARGE_TYPE, open_lab

__all__ = ["lecture"]


def lecture(number, folder, arguments=()):
    """Open a lesson by its number in large type; the kernel is told by `DOWNHILL_LECTURE`."""
    names = {path.name[:2]: path.name for path in sorted(shipped_lessons().glob("*.ipynb"))}
    if number not in names:
        return f"downhill: there is no lesson {number!r}; there are {', '.join(names)}"
    os.environ["DOWNHILL_LECTURE"] = "1"
    return open_lab(folder, names[number], arguments, settings=[LARGE_TYPE])
