"""What a grader refuses to run: cells that reach for what checks them.

`refuse` is a preprocessor for nbgrader. It reads what a student handed in, in the grader's own
process, before anything of it runs. It stops an import of the solutions and a check that was
patched; it is no lock: an answer is a program, and one written to hide this can.
"""

import ast

from IPython.core.inputtransformer2 import TransformerManager

OFFERED = ("check", "hint", "solution", "progress")
PACKAGE = "course.exercises"
SAYS = "Not run, so worth nothing: {reason}. What checks an answer is no part of it."


def refuse(notebook, resources):
    """Replace each cell that reaches for what checks it by one that raises and says why."""
    for cell in notebook.cells:
        reason = cell.cell_type == "code" and not _is_check(cell) and reaching(cell.source)
        if reason:
            was = "\n".join(f"# {line}" for line in cell.source.splitlines())
            cell.source = f"raise ImportError({SAYS.format(reason=reason)!r})\n{was}"
    return notebook, resources


def _is_check(cell):
    """Whether nbgrader has put back the teacher's own text into a cell."""
    mark = cell.metadata.get("nbgrader", {})
    return bool(mark.get("grade") and mark.get("grade_id"))


def reaching(source):
    """Return how a cell reaches for what checks it, in words; None if it doesn't.

    A cell may import `check`, `hint`, `solution` and `progress` and call them; nothing else there
    is for answers.
    """
    try:
        tree = ast.parse(TransformerManager().transform_cell(source))
    except SyntaxError:
        return None  # it won't run either
    return next((reason for node in ast.walk(tree) if (reason := _reason(node))), None)


def _reason(node):
    """Return what is wrong with one node of a cell's tree, or None."""
    match node:
        case ast.ImportFrom(module=module) if module == PACKAGE:
            names = ", ".join(sorted({alias.name for alias in node.names}.difference(OFFERED)))
            return f"it imports {names} from `{PACKAGE}`" if names else None
        case ast.ImportFrom(module="course") if any(a.name == "exercises" for a in node.names):
            return f"it imports `{PACKAGE}`"
        case ast.ImportFrom(module=str(name)) | ast.alias(name=name) if _within(name):
            return f"it imports `{name}`"
        case ast.Attribute(value=ast.Name(), attr="exercises"):
            return f"it looks into `{PACKAGE}`"
        case ast.Constant(value=str(text)) if PACKAGE in text or PACKAGE.replace(".", "/") in text:
            return f"it names `{PACKAGE}`"
        case ast.Attribute(value=ast.Name(id="check")):
            return "it looks into `check`"
        case ast.FunctionDef(name="check") | ast.Name(id="check", ctx=ast.Store() | ast.Del()):
            return "it puts something else in place of `check`"
    return None


def _within(module):
    return f"{module}.".startswith(f"{PACKAGE}.")
