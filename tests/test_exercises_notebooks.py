"""Exercises in notebooks: one source for all cells, and what is made from it for teachers."""

import ast
import dis
import os
from pathlib import Path
from types import CodeType

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.exercises.__main__ import main
from course.exercises.cells import (
    cells,
    fill,
    for_nbgrader,
    part_of,
    percent,
    with_solutions,
    without_solutions,
)
from course.exercises.lessons import exercises, lessons

FOLDER = Path(__file__).parent.parent / "notebooks"
PARTS = ["question", "skeleton", "check", "hint", "warning", "solution"]
LESSONS = pytest.mark.parametrize("lesson", lessons(), ids=lambda lesson: lesson.number)


def read(lesson):
    """Return the committed notebook of a lesson."""
    (path,) = FOLDER.glob(f"{lesson.number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def sheet(*ids):
    """Return a notebook with nothing in it but exercises."""
    first = new_code_cell(
        exercises()[ids[0]].setup + "\nfrom course.exercises import check, hint, progress, solution"
    )
    places = [new_markdown_cell(f"{{{{exercise {id}}}}}") for id in ids]
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return fill(new_notebook(cells=[first, *places], metadata={"kernelspec": kernel}))


def run(notebook, folder):
    """Run all cells in a folder; whatever raises fails the test."""
    environment = os.environ | {"DOWNHILL_PROGRESS": str(folder / "progress.json")}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(folder)}})
    client.execute(env=environment)
    return notebook


def answers(notebook, part="check"):
    """Return the first line that each check printed, by exercise."""
    return {
        part_of(cell)[0]: cell.outputs[-1]["data"]["text/plain"].splitlines()[0]
        for cell in notebook.cells
        if part_of(cell)[1] == part
    }


# --- the committed lessons


@LESSONS
def test_a_lesson_holds_its_exercises_just_as_they_are_declared(lesson):
    """`python -m course.exercises fill notebooks` renews them."""
    marked = [cell for cell in read(lesson).cells if part_of(cell)[0]]
    there = {part_of(cell)[0]: [] for cell in marked}
    for cell in marked:
        there[part_of(cell)[0]].append((cell.cell_type, cell.source, part_of(cell)[1]))
    declared = {
        exercise.id: [(c.cell_type, c.source, part_of(c)[1]) for c in cells(exercise)]
        for exercise in lesson.exercises
    }
    assert there == declared


@LESSONS
def test_a_solution_is_folded_away_and_announced(lesson):
    for before, cell in zip(read(lesson).cells, read(lesson).cells[1:], strict=False):
        if part_of(cell)[1] == "solution":
            assert cell.metadata["jupyter"]["source_hidden"]
            assert before.source.startswith("<details><summary>The solution of")
            assert exercises()[part_of(cell)[0]].solution in before.source


@LESSONS
def test_the_committed_state_is_the_learners(lesson):
    notebook = read(lesson)
    wanted = {exercise.id: f"○ Not started yet · {exercise.id}" for exercise in lesson.exercises}
    assert answers(notebook) == wanted
    solved = {exercise.id: f"✓ Right · {exercise.id}" for exercise in lesson.exercises}
    assert answers(notebook, "solution") == solved


@LESSONS
def test_no_other_cell_needs_an_exercise(lesson):
    """An exercise that is skipped or wrong breaks nothing after it."""
    asked = {exercise.name for exercise in lesson.exercises}
    asked |= {exercise.solution_name for exercise in lesson.exercises}
    for cell in read(lesson).cells:
        if cell.cell_type == "code" and part_of(cell)[0] is None:
            names = {n.id for n in ast.walk(ast.parse(cell.source)) if isinstance(n, ast.Name)}
            assert not names & asked, cell.source


@LESSONS
def test_with_every_solution_put_in_all_is_right(lesson, tmp_path):
    solved = run(what_exercises_need(with_solutions(read(lesson))), tmp_path)
    wanted = {exercise.id: f"✓ Right · {exercise.id}" for exercise in lesson.exercises}
    assert answers(solved) == wanted
    assert nbformat.validate(solved) is None


def what_exercises_need(notebook):
    """Leave the exercises' cells and those before them that bind a name they read.

    The others don't see an answer, as the test above says, and take most of the time.
    """
    wanted, kept = set(), []
    for cell in reversed([cell for cell in notebook.cells if cell.cell_type == "code"]):
        bound, read_there = names(compile(cell.source, "<cell>", "exec"))
        if part_of(cell)[0] or wanted & bound:
            kept.insert(0, cell)
            wanted = wanted - bound | read_there
    notebook.cells = kept
    return notebook


def names(code):
    """The notebook's names that code binds, and those that it reads, its functions' too."""
    instructions = list(dis.get_instructions(code))
    bound = {one.argval for one in instructions if one.opname == "STORE_NAME"}
    there = {one.argval for one in instructions if one.opname in ("LOAD_NAME", "LOAD_GLOBAL")}
    inner = [names(part)[1] for part in code.co_consts if isinstance(part, CodeType)]
    return bound, there.union(*inner)


# --- cells from a declaration


@pytest.mark.parametrize("exercise", exercises().values(), ids=exercises())
def test_an_exercise_has_six_cells(exercise):
    made = cells(exercise)
    assert [part_of(cell) for cell in made] == [(exercise.id, part) for part in PARTS]
    question, skeleton, check, hint, _, solution = (cell.source for cell in made)
    assert exercise.title in question
    assert skeleton == exercise.skeleton
    assert check == f'check("{exercise.id}", {exercise.name})'
    assert hint.startswith("# hint(")
    assert solution.splitlines()[0].startswith("#"), "a folded cell shows its first line"
    assert solution.endswith(f'check("{exercise.id}", {exercise.solution_name}, mark=False)')
    nbformat.validate(new_notebook(cells=made))


def test_filling_renews_what_stands_there_and_moves_nothing():
    notebook = sheet("01-mse", "01-stop")
    notebook.cells.insert(4, new_markdown_cell("A remark inside an exercise stays."))
    notebook.cells[2].source = "an old declaration"
    notebook.cells[3].execution_count = 7
    before = [cell.id for cell in notebook.cells if part_of(cell)[0]]
    fill(notebook)
    assert [cell.id for cell in notebook.cells if part_of(cell)[0]] == before
    assert notebook.cells[2].source == exercises()["01-mse"].skeleton
    assert notebook.cells[3].execution_count == 7
    assert "A remark inside an exercise stays." in [cell.source for cell in notebook.cells]


def test_an_unknown_exercise_is_named():
    with pytest.raises(ValueError, match=r"no exercise 01-mze; there are .*01-mse"):
        sheet("01-mse", "01-mze")


def test_percent_text_holds_the_same_cells():
    text = percent("01")
    for exercise in exercises().values():
        assert (f'check("{exercise.id}", {exercise.name})\n' in text) == ("01-" in exercise.id)
    for cell in cells(exercises()["01-loop"]):
        if cell.cell_type == "code":
            assert f'{{"exercise": "01-loop", "part": "{part_of(cell)[1]}"}}' in text
            assert f"\n{cell.source}\n" in text


# --- for teachers


def test_without_solutions_nothing_of_them_is_left():
    plain = without_solutions(sheet("01-mse", "01-update"))
    assert [part_of(cell)[1] for cell in plain.cells[1:]] == PARTS[:4] * 2
    text = "\n".join(cell.source for cell in plain.cells)
    assert exercises()["01-mse"].solution not in text
    assert "_solution" not in text


def test_the_nbgrader_version_has_what_nbgrader_asks_for():
    made = for_nbgrader(sheet("01-mse", "01-update"))
    graded = [cell for cell in made.cells if "nbgrader" in cell.metadata]
    kinds = [(c.metadata.nbgrader.solution, c.metadata.nbgrader.grade) for c in graded]
    assert kinds == [(True, False), (False, True)] * 2
    ids = [cell.metadata.nbgrader.grade_id for cell in graded]
    assert ids == ["01-mse", "01-mse-check", "01-update", "01-update-check"]
    answer, check = graded[:2]
    assert answer.source.startswith(exercises()["01-mse"].skeleton)
    assert answer.source.count("### BEGIN SOLUTION") == answer.source.count("### END SOLUTION") == 1
    assert check.metadata.nbgrader.points == 1
    assert check.metadata.nbgrader.locked


def test_a_graded_cell_raises_unless_the_answer_is_right():
    check = for_nbgrader(sheet("01-mse")).cells[3]
    assert part_of(check) == ("01-mse", "check")
    names = {"display": lambda feedback: None}
    exec("from course.exercises import check", names)
    exec(check.source, names | {"my_mse": exercises()["01-mse"].reference})
    for wrong in (None, lambda p, y: 1.0, "text"):
        with pytest.raises(AssertionError):
            exec(check.source, names | {"my_mse": wrong})


def test_the_command_writes_both_versions_and_overwrites_nothing(tmp_path, capsys):
    nbformat.write(sheet("01-mse"), tmp_path / "lesson.ipynb")
    main(["nbgrader", str(tmp_path / "graded"), str(tmp_path)])
    main(["without-solutions", str(tmp_path / "plain"), str(tmp_path / "lesson.ipynb")])
    assert (tmp_path / "graded/nbgrader_config.py").exists()
    graded = nbformat.read(tmp_path / "graded/source/lesson/lesson.ipynb", as_version=4)
    plain = nbformat.read(tmp_path / "plain/lesson.ipynb", as_version=4)
    assert "### BEGIN SOLUTION" in graded.cells[2].source
    assert len(plain.cells) == 5
    with pytest.raises(SystemExit, match="is there already"):
        main(["without-solutions", str(tmp_path / "plain"), str(tmp_path / "lesson.ipynb")])
    with pytest.raises(SystemExit, match="no notebooks"):
        main(["without-solutions", str(tmp_path / "plain"), str(tmp_path / "graded")])
    assert main(["cells", "01-mse"]) == 0
    assert 'check("01-mse", my_mse)' in capsys.readouterr().out
