"""What a learner has done so far, kept in a small file beside the notebooks."""

import base64
import contextlib
import functools
import hashlib
import html
import json
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from course.exercises.feedback import PRE, coloured
from course.exercises.lessons import lessons

FILE = "downhill_progress.json"  # or what DOWNHILL_PROGRESS says, for tests and shared machines
LARGEST = 1_000_000  # letters in a file
NOT_WRITTEN = "{} can't be written here: what is done is known until the kernel stops."
remembered = {}  # path -> ids done in this kernel, where the file can't be written


@dataclass(repr=False)
class Progress:
    """The exercises done, as the file `path` has them.

    Attributes
    ----------
    path : Path
    done : list of str
        Ids, in the order in which they were done.
    notes : list of str
        What went wrong with the file, if anything: nothing here ever raises.
    """

    path: Path
    done: list = field(default_factory=list)
    notes: list = field(default_factory=list)

    @classmethod
    def here(cls):
        """Read the file in the learner's folder; without one, nothing is done yet."""
        new = cls(Path(os.environ.get("DOWNHILL_PROGRESS") or FILE).absolute())
        with alone(new.path.parent):
            new.read()
        if new.path in remembered:
            new.merge(remembered[new.path])
            new.notes.append(NOT_WRITTEN.format(new.path.name))
        return new

    def read(self):
        """Add what the file has; a file that can't be read is set aside."""
        try:
            self.merge(read(text_of(self.path)))
        except FileNotFoundError:
            pass
        except (OSError, ValueError) as error:
            self.set_aside(error)

    def add(self, *ids):
        """Count exercises as done and write the file, whole or not at all.

        What another kernel has added meanwhile is kept: the file is read again, and nobody else
        writes it until it is written.
        """
        with alone(self.path.parent):
            self.read()
            self.merge(ids)
            self.write()

    def write(self):
        """Write the file, or remember what is done where it can't be written."""
        part = self.path.with_name(f"{self.path.name}.{os.getpid()}.{threading.get_ident()}.part")
        try:
            part.write_text(self.text, encoding="utf-8")
            os.replace(part, self.path)
            remembered.pop(self.path, None)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            remembered[self.path] = list(self.done)
            self.notes.append(NOT_WRITTEN.format(self.path.name))

    def merge(self, ids):
        """Add ids that aren't there yet."""
        self.done += [id for id in dict.fromkeys(ids) if id not in self.done]

    def restore(self, source):
        """Add what is done according to a file, or to the text of one."""
        try:
            text = str(source)
            if not text.lstrip().startswith("{"):
                text = text_of(Path(source))
            self.add(*read(text))
        except (OSError, ValueError, TypeError) as error:
            self.notes.append(f"Nothing restored: {error}")

    def set_aside(self, error):
        """Rename a file that can't be read, so that a new one can be begun and nothing is lost."""
        number = 1
        while (aside := self.path.with_suffix(f".broken{number}.json")).exists():
            number += 1
        try:
            os.replace(self.path, aside)
            what = f"it is now called {aside.name}"
        except OSError:
            what = "it could not be renamed either"
        self.notes.append(f"{self.path.name} could not be read ({error}); {what}.")

    @property
    def text(self):
        """What stands in the file."""
        return json.dumps({"downhill": 1, "done": self.done}, indent=1) + "\n"

    @property
    def rows(self):
        """`(lesson, [(exercise, whether it is done), ...])` of each lesson."""
        return [(one, [(e, e.id in self.done) for e in one.exercises]) for one in lessons()]

    def __repr__(self):
        lines = []
        for lesson, exercises in self.rows:
            count = sum(done for _, done in exercises)
            lines.append(f"{lesson.number} {lesson.title}: {count} of {len(exercises)} done")
            lines += [f"   {'✓' if done else '○'} {e.id}  {e.title}" for e, done in exercises]
        return "\n".join(lines + self.notes)

    def _repr_html_(self):
        body = "".join(lesson_html(lesson, exercises) for lesson, exercises in self.rows)
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.notes)
        data = base64.b64encode(self.text.encode()).decode()
        return (
            f'<div style="max-width: 52em">{body}{notes}'
            f'<p style="margin-top: 0.8em"><a download="{FILE}" '
            f'href="data:application/json;base64,{data}" '
            'style="text-decoration: underline">Download your progress</a>, to take it to another '
            "machine: upload the file into the notebook's folder there, or give it to "
            "<code>progress(restore=...)</code>. This is what stands in it:</p>"
            f'<details><summary>{FILE}</summary><pre style="{PRE}">'
            f"{html.escape(self.text)}</pre></details></div>"
        )


def lesson_html(lesson, exercises):
    """Return a lesson's heading and list of exercises as HTML."""
    count = sum(done for _, done in exercises)
    items = "".join(
        f'<li style="list-style: none"><span aria-hidden="true" style="'
        f'{coloured("color:", "right" if done else "not started")}; font-weight: bold">'
        f"{'✓' if done else '○'}</span> {html.escape(e.title)} "
        f"({'done' if done else 'not done yet'}, <code>{html.escape(e.id)}</code>)</li>"
        for e, done in exercises
    )
    heading = f"{lesson.number} {html.escape(lesson.title)}: {count} of {len(exercises)} done"
    return f'<p style="margin: 0.4em 0 0.2em 0"><strong>{heading}</strong></p>' + (
        f'<ul aria-label="{heading}" style="margin: 0; padding-left: 1em">{items}</ul>'
    )


def text_of(path):
    """Return a file's text; `ValueError` for what can't be a progress file."""
    if path.exists() and not path.is_file():
        raise ValueError("it is no file")
    with open(path, encoding="utf-8") as file:
        text = file.read(LARGEST + 1)
    if len(text) > LARGEST:
        raise ValueError(f"it is longer than {LARGEST:,} letters")
    return text


def read(text):
    """Return the ids in a progress file's text; `ValueError` if it isn't one."""
    try:
        content = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    done = content.get("done") if isinstance(content, dict) and content.get("downhill") else None
    if not isinstance(done, list) or not all(isinstance(id, str) for id in done):
        raise ValueError("this is not a progress file of this course")
    return done


@contextlib.contextmanager
def alone(folder):
    """Be the only one to read and write the progress in a folder; go on after five seconds anyway.

    On Windows, where a folder can't be locked, a file in the folder for temporary ones is.
    """
    try:
        held = locked(folder)
    except OSError:
        held = None
    try:
        yield
    finally:
        if held is not None:
            os.close(held)  # which unlocks it


def locked(folder):
    """Return a file descriptor that holds the lock of a folder."""
    if sys.platform == "win32":
        import msvcrt

        name = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        held = os.open(Path(tempfile.gettempdir()) / f"downhill-{name}", os.O_RDWR | os.O_CREAT)
        lock = functools.partial(msvcrt.locking, held, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        held = os.open(folder, os.O_RDONLY)
        lock = functools.partial(fcntl.flock, held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for _ in range(500):
        with contextlib.suppress(OSError):
            lock()
            break
        time.sleep(0.01)
    return held
