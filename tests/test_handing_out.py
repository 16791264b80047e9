"""Lessons handed out by git with nbgitpuller: a student's answers stay, whatever comes."""

import json
import subprocess
import sys

import pytest

from course.command.copies import copy_lessons, shipped_lessons

LESSON = "01_gradient_descent.ipynb"


def git(folder, *command):
    who = ["-c", "user.name=Teacher", "-c", "user.email=teacher@example.org"]
    subprocess.run(["git", *who, *command], cwd=folder, check=True, capture_output=True)


def commit(folder):
    git(folder, "add", "--all")
    git(folder, "commit", "-m", "lessons")


@pytest.fixture
def handed_out(tmp_path):
    """A teacher's repository with the lessons, and how a student pulls it."""
    teacher, student = tmp_path / "teacher", tmp_path / "student"
    copy_lessons(shipped_lessons(), teacher)
    git(teacher, "init", "--initial-branch=main")
    commit(teacher)

    def pull():
        pull = [sys.executable, "-c", "from nbgitpuller.pull import main; main()"]
        what = [f"file://{teacher}", "main", str(student)]
        subprocess.run([*pull, *what], check=True, capture_output=True)

    pull()
    return teacher, student, pull


def read(folder):
    return json.loads((folder / LESSON).read_text(encoding="utf-8"))


def write(folder, notebook):
    text = json.dumps(notebook, indent=1, ensure_ascii=False) + "\n"
    (folder / LESSON).write_text(text, encoding="utf-8")


def skeleton(notebook):
    return next(cell for cell in notebook["cells"] if cell["id"] == "01-mse-skeleton")


def answer(folder, lines):
    """Type an answer and run its cell, as JupyterLab saves it."""
    notebook = read(folder)
    output = {"name": "stdout", "output_type": "stream", "text": ["ran\n"]}
    skeleton(notebook).update(source=lines, execution_count=3, outputs=[output])
    write(folder, notebook)


MINE = ["def my_mse(prediction, y):\n", "    return ((prediction - y) ** 2).mean()"]


def test_student_starts_with_lessons_without_outputs(handed_out):
    _, student, _ = handed_out
    assert [c for c in read(student)["cells"] if c.get("outputs")] == []


def test_answer_stays_and_a_new_cell_of_the_teachers_comes(handed_out):
    teacher, student, pull = handed_out
    answer(student, MINE)
    changed = read(teacher)
    note = {"cell_type": "markdown", "id": "note", "metadata": {}, "source": ["See you on Monday."]}
    changed["cells"].insert(0, note)
    write(teacher, changed)
    commit(teacher)
    pull()
    assert skeleton(read(student))["source"] == MINE
    assert read(student)["cells"][0]["source"] == ["See you on Monday."]


def test_answer_stays_where_the_teacher_changed_the_very_cell(handed_out):
    teacher, student, pull = handed_out
    answer(student, MINE)
    answer(teacher, ["def my_mse(prediction, target):\n", "    ...  # renamed"])
    commit(teacher)
    pull()
    assert skeleton(read(student))["source"] == MINE


def test_deleted_lesson_comes_back_and_a_file_of_the_students_own_stays(handed_out):
    teacher, student, pull = handed_out
    (student / LESSON).unlink()
    (student / "mine.ipynb").write_text("mine")
    (teacher / "mine.ipynb").write_text("the teacher's")
    commit(teacher)
    pull()
    assert read(student) == read(teacher)
    kept = [path.read_text() for path in student.glob("mine*")]
    assert "mine" in kept
