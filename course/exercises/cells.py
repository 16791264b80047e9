"""An exercise's cells in a notebook, made from its declaration, never written by hand.

Each cell's metadata names its exercise and its part, so that the cells can be found again: to be
renewed, taken out, filled in or graded.
"""

import copy
import html
import json
import re

from nbformat.v4 import new_code_cell, new_markdown_cell

from course.exercises.lessons import exercises, lessons

KEY = "downhill"  # the metadata's name
PLACE = re.compile(r"\{\{\s*exercise\s+([\w-]+)\s*\}\}")  # a markdown cell {{exercise 01-mse}}


def cells(exercise):
    """Return an exercise's cells: question, skeleton, check, hint, warning, solution."""
    id, name = exercise.id, exercise.name
    hint = f'# hint("{id}")  # for a hint, remove the first # and run; run again for the next one'
    warning = (  # opened by the keyboard too, as a folded cell can't be
        f"<details><summary>The solution of “{html.escape(exercise.title)}”. Try first."
        f"</summary>\n\n```python\n{exercise.solution}\n```\n\n</details>"
    )
    solution = (
        # JupyterLab shows the first line of a folded cell
        f"# The solution of {id}: click to unfold\n{exercise.solution_source}\n\n\n"
        f'check("{id}", {exercise.solution_name}, mark=False)'
    )
    return [
        _cell("question", exercise, f"### Exercise: {exercise.title}\n\n{exercise.question}"),
        _cell("skeleton", exercise, exercise.skeleton),
        _cell("check", exercise, f'check("{id}", {name})'),
        _cell("hint", exercise, hint),
        _cell("warning", exercise, warning),
        _cell("solution", exercise, solution, jupyter={"source_hidden": True}),
    ]


def _cell(part, exercise, source, **metadata):
    new = new_markdown_cell if part in ("question", "warning") else new_code_cell
    metadata = {KEY: {"exercise": exercise.id, "part": part}, **metadata}
    return new(source, id=f"{exercise.id}-{part}", metadata=metadata)


def part_of(cell):
    """Return `(exercise id, part)` of a notebook's cell, `(None, None)` for any other cell."""
    mark = cell.metadata.get(KEY, {})
    return mark.get("exercise"), mark.get("part")


def fill(notebook):
    """Put exercises into a notebook, in place: renew those that stand in it, fill the places.

    A place is a markdown cell with nothing in it but `{{exercise 01-mse}}`. A cell whose source is
    what it should be stays as it is, with its outputs.
    """
    known, new, seen = exercises(), [], set()
    old = {(*part_of(cell), cell.source): cell for cell in notebook.cells}
    for cell in notebook.cells:
        id, _ = part_of(cell)
        place = PLACE.fullmatch(cell.source.strip()) if cell.cell_type == "markdown" else None
        id = place[1] if place else id
        if id is None:
            new.append(cell)
        elif id not in known:
            raise ValueError(f"no exercise {id}; there are {', '.join(known)}")
        elif id not in seen:
            seen.add(id)
            new += [old.get((*part_of(cell), cell.source), cell) for cell in cells(known[id])]
    notebook.cells = new
    return notebook


def percent(wanted):
    """Return the cells of an exercise ("01-mse") or a whole lesson ("01") as py:percent text."""
    chosen = [e for one in lessons() if one.number == wanted for e in one.exercises]
    chosen = chosen or [exercises()[wanted]]
    return "\n".join(_percent(cell) for exercise in chosen for cell in cells(exercise))


def _percent(cell):
    """Return one cell as jupytext's py:percent text."""
    options = " ".join(f"{key}={json.dumps(value)}" for key, value in cell.metadata.items())
    if cell.cell_type == "code":
        return f"# %% {options}\n{cell.source}\n"
    text = "\n".join(f"# {line}".rstrip() for line in cell.source.splitlines())
    return f"# %% [markdown] {options}\n{text}\n"


CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "downhill"
# The skeleton stands above the line that nbgrader puts in the solution's place.
c.ClearSolutions.code_stub = {"python": "# Your answer goes into the lines above."}
# A cell that runs longer is interrupted, and the next one runs.
c.ExecutePreprocessor.timeout = 120
# What reaches for the solutions isn't run.
from course.exercises.grading import refuse

c.Autograde.sanitize_preprocessors.append(refuse)
"""


def without_solutions(notebook):
    """Return the notebook without its solution cells and the lines that warn of them."""
    new = copy.deepcopy(notebook)
    new.cells = [cell for cell in new.cells if part_of(cell)[1] not in ("warning", "solution")]
    return new


def with_solutions(notebook):
    """Return the notebook with every skeleton filled in, as if a learner had got all right."""
    new = copy.deepcopy(notebook)
    for cell in new.cells:
        id, part = part_of(cell)
        if part == "skeleton":
            cell.source = exercises()[id].solution
    return new


def for_nbgrader(notebook):
    """Return the notebook as an nbgrader source: answers to write, checks that are graded.

    The skeleton stands above the solution's region, which nbgrader empties. A graded cell raises
    unless the check says that the answer is right, since nbgrader counts exceptions; it ends in no
    value, since nbgrader would take one for a partial grade. It imports `check` itself: a student's
    cell may have put something else in its place.
    """
    new = without_solutions(notebook)
    for cell in new.cells:
        id, part = part_of(cell)
        if part == "skeleton":
            solution = exercises()[id].solution
            cell.source += f"\n\n\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
            cell.metadata.nbgrader = _nbgrader(id, solution=True)
        elif part == "check":
            cell.source = (
                f"from course.exercises import check\n\nfeedback = {cell.source}\n"
                "display(feedback)\nassert feedback.right"
            )
            cell.metadata.nbgrader = _nbgrader(f"{id}-check", grade=True, locked=True, points=1)
    return new


def _nbgrader(id, *, solution=False, grade=False, locked=False, **points):
    """Return the metadata by which nbgrader knows a cell."""
    kinds = {"grade": grade, "locked": locked, "solution": solution, "task": False}
    return {"grade_id": id, "schema_version": 3, **kinds, **points}
