"""Other versions of the same notebooks, for teachers and for tests; none is kept by hand."""

import copy

from course.exercises.cells import part_of
from course.exercises.lessons import exercises

CONFIG = """\
c = get_config()
c.CourseDirectory.course_id = "downhill"
# The skeleton stands above the line that nbgrader puts in the solution's place.
c.ClearSolutions.code_stub = {"python": "# Your answer goes into the lines above."}
c.ExecutePreprocessor.timeout = 300
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
    value, since nbgrader would take one for a partial grade.
    """
    new = without_solutions(notebook)
    for cell in new.cells:
        id, part = part_of(cell)
        if part == "skeleton":
            solution = exercises()[id].solution
            cell.source += f"\n\n\n### BEGIN SOLUTION\n{solution}\n### END SOLUTION"
            cell.metadata.nbgrader = _nbgrader(id, solution=True)
        elif part == "check":
            cell.source = f"feedback = {cell.source}\ndisplay(feedback)\nassert feedback.right"
            cell.metadata.nbgrader = _nbgrader(f"{id}-check", grade=True, locked=True, points=1)
    return new


def _nbgrader(id, *, solution=False, grade=False, locked=False, **points):
    """Return the metadata by which nbgrader knows a cell."""
    kinds = {"grade": grade, "locked": locked, "solution": solution, "task": False}
    return {"grade_id": id, "schema_version": 3, **kinds, **points}
