"""A class graded with nbgrader: handed out, handed in, collected, graded, answered.

`nox -s nbgrader` runs this alone, and writes the whole graded course into a folder to look at.
"""

import html
import os
import re
import subprocess
import sys
from pathlib import Path

import autograd.numpy as anp
import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.exercises import check
from course.exercises.__main__ import main
from course.exercises.cells import fill, part_of
from course.exercises.grading import reaching
from course.exercises.lessons import exercises

LESSONS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
EXERCISES = ("01-mse", "01-update")
RIGHT = {id: exercises()[id].solution for id in EXERCISES}
ENDLESS = "def my_mse(prediction, y):\n    while True:\n        pass"
# The second loop isn't in an answer: no check runs it, the cell itself has no end.
ENDLESS_CELL = RIGHT["01-update"] + "\n\n\nwhile True:\n    pass"
IMPORTS = (
    "from course.exercises.lessons import exercises\n\nmy_mse = exercises()['01-mse'].reference"
)
PUTS_A_CHECK = (
    "my_update = 0\n\n\ndef check(*arguments):\n    class Feedback:\n        right = True\n\n"
    "    return Feedback()"
)
CLASS = {
    "ada": RIGHT,
    "bob": {"01-mse": ENDLESS, "01-update": ENDLESS_CELL},
    "cy": {"01-mse": IMPORTS, "01-update": PUTS_A_CHECK},
}
# Students of a hub have accounts; here one account plays each of them in turn.
AS = """
import pwd, sys

name = sys.argv.pop(1)
account = pwd.getpwuid(0)
pwd.getpwuid = lambda id: pwd.struct_passwd((name, *account[1:]))
from nbgrader.apps.nbgraderapp import main

main()
"""


class Class:
    """One folder with the course, the exchange and each student's home."""

    def __init__(self, there):
        self.course, self.there, self.said = there / "course", there, {}

    def run(self, who, folder, *arguments):
        """Run nbgrader as somebody, in a folder."""
        folder.mkdir(exist_ok=True, parents=True)
        path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])  # alembic
        home = {"PATH": path, "JUPYTER_DATA_DIR": str(self.there / "data" / who)}
        command = [sys.executable, "-c", AS, who, *arguments, "--course=downhill"]
        exchange = f"--Exchange.root={self.there / 'exchange'}"
        done = subprocess.run(
            [*command, exchange],
            cwd=folder,
            env=os.environ | home,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        self.said[who, arguments[0]] = done.stderr

    def teacher(self, *arguments):
        """Run nbgrader as the teacher, in the course's folder."""
        self.run("teacher", self.course, *arguments)

    def hand_in(self, student):
        """Hand in by the exchange, as on a hub."""
        home = self.there / "home" / student
        self.run(student, home, "fetch_assignment", "lesson")
        self.answer(student, home / "lesson/lesson.ipynb", home / "lesson/lesson.ipynb")
        self.run(student, home, "submit", "lesson")

    def send(self, student):
        """Hand in by letter: the teacher puts the file where it is graded."""
        handed_in = self.course / "submitted" / student / "lesson"
        handed_in.mkdir(parents=True)
        self.answer(
            student, self.course / "release/lesson/lesson.ipynb", handed_in / "lesson.ipynb"
        )

    def answer(self, student, lesson, path):
        """Write a student's answers into their cells."""
        notebook, answers = nbformat.read(lesson, as_version=4), CLASS[student]
        for cell in notebook.cells:
            id, part = part_of(cell)
            if part == "skeleton" and id in answers:
                cell.source = answers[id]
        nbformat.write(notebook, path)

    def scores(self):
        """Return each student's points."""
        from nbgrader.api import Gradebook

        with Gradebook(f"sqlite:///{self.course / 'gradebook.db'}") as book:
            return {s.student.id: s.score for s in book.assignment_submissions("lesson")}

    def feedback(self, student):
        """Return the text that a student gets in the end."""
        page = self.course / "feedback" / student / "lesson/lesson.html"
        text = re.sub(r"<style.*?</style>|<[^>]+>", "", page.read_text("utf-8"), flags=re.S)
        return html.unescape(text)


@pytest.fixture(scope="module")
def room(tmp_path_factory):
    """Return a class whose lesson has been graded."""
    pytest.importorskip("nbgrader")
    made = Class(tmp_path_factory.mktemp("class"))
    setup = exercises()["01-mse"].setup
    first = new_code_cell(f"{setup}\nfrom course.exercises import check, hint, progress, solution")
    places = [new_markdown_cell(f"{{{{exercise {id}}}}}") for id in EXERCISES]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    lesson = new_notebook(cells=[first, *places], metadata={"kernelspec": kernel})
    nbformat.write(fill(lesson), made.there / "lesson.ipynb")
    main(["nbgrader", str(made.course), str(made.there / "lesson.ipynb")])
    made.teacher("generate_assignment", "lesson")
    made.teacher("release_assignment", "lesson")
    made.hand_in("ada")
    made.send("bob")
    made.send("cy")
    made.teacher("collect", "lesson")
    made.teacher("autograde", "lesson", "--ExecutePreprocessor.timeout=15")
    made.teacher("generate_feedback", "lesson")
    # By the exchange only what came by it.
    made.teacher("release_feedback", "lesson", "--student=ada")
    made.run("ada", made.there / "home/ada", "fetch_feedback", "lesson")
    return made


def test_what_students_get_has_the_skeleton_and_no_solution(room):
    notebook = nbformat.read(room.there / "home/ada/lesson/lesson.ipynb", as_version=4)
    released = nbformat.read(room.course / "release/lesson/lesson.ipynb", as_version=4)
    text = "\n".join(cell.source for cell in released.cells)
    assert "np.mean" not in text
    assert exercises()["01-mse"].skeleton in text
    assert [part_of(cell) for cell in notebook.cells] == [part_of(c) for c in released.cells]


def test_only_right_answers_have_points(room):
    assert room.scores() == {"ada": 2.0, "bob": 1.0, "cy": 0.0}


def test_feedback_says_what_the_check_said(room):
    assert exercises()["01-mse"].shown in room.feedback("ada")
    (fetched,) = (room.there / "home/ada/lesson/feedback").glob("*/lesson.html")
    assert fetched.read_bytes() == (room.course / "feedback/ada/lesson/lesson.html").read_bytes()


def test_an_endless_answer_and_an_endless_cell_are_ended_and_the_rest_is_graded(room):
    said = room.feedback("bob")
    assert "was still running" in said
    assert "KeyboardInterrupt" in said or "CellTimeoutError" in said


def test_the_solution_imported_and_a_check_put_in_place_are_refused_with_the_reason(room):
    said = room.feedback("cy")
    assert "it imports `course.exercises.lessons`" in said
    assert "it puts something else in place of `check`" in said
    assert exercises()["01-mse"].shown not in said


def test_nothing_in_the_teachers_log_is_an_error(room):
    assert "Traceback" not in room.said["teacher", "generate_feedback"]
    assert "cannot be converted" not in room.said["teacher", "autograde"]


@pytest.mark.parametrize(
    "cell",
    [
        "from course.exercises import check, lessons",
        "from course.exercises import *",
        "from course import exercises",
        "import course.exercises.lessons as innocent",
        "import course as c\nc.exercises.lessons",
        "import sys\nsys.modules['course.exercises.checking'].judge = None",
        "open('course/exercises/lessons/01/mse.md')",
        "!cat course/exercises/lessons/01/mse.md",
        "check.__globals__['judge'] = None",
        "check = print",
        "del check",
        "for check in [print]:\n    pass",
        "def check(*arguments):\n    pass",
    ],
)
def test_a_cell_that_reaches_for_what_checks_it_is_refused(cell):
    assert reaching(cell)


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_no_cell_of_a_lesson_is_refused(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert cell.cell_type != "code" or reaching(cell.source) is None


@pytest.mark.parametrize(
    "cell",
    [
        "from course.exercises import check, hint, progress, solution",
        "print(check('01-mse', my_mse))",
        "solution = np.linalg.solve(a, b)",
        "%matplotlib inline\nimport numpy as np",
        "def my_mse(prediction, y)\n    return 1",
    ],
)
def test_what_an_honest_student_writes_is_not_refused(cell):
    assert reaching(cell) is None


@pytest.mark.parametrize("module", [np, anp])
def test_numpy_patched_before_the_check_makes_no_wrong_answer_right(module, monkeypatch):
    monkeypatch.setattr(module, "mean", lambda *a, **k: 0.0)
    assert not check("01-mse", lambda prediction, y: 0.0).right
