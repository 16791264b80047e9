"""Lesson 07: its second sitting starts with the machine that the first one built."""

import ast
import json
from pathlib import Path

LESSON = Path(__file__).parent.parent / "notebooks" / "07_the_gradient_machine.ipynb"


def definitions(cells):
    """The source of each class, function and added operator, by name; the first one counts."""
    found = {}
    for cell in cells:
        for node in ast.parse("".join(cell["source"])).body:
            name = getattr(node, "name", None) or ast.unparse(node).split(" = ")[0]
            found.setdefault(name, ast.unparse(node))
    return found


def test_the_second_sitting_starts_with_the_machine_of_the_first():
    cells = json.loads(LESSON.read_text(encoding="utf-8"))["cells"]
    at = next(i for i, cell in enumerate(cells) if "sitting" in cell["metadata"].get("tags", []))
    code = [cell for cell in cells[at:] if cell["cell_type"] == "code"]
    first = definitions(cell for cell in cells[:at] if cell["cell_type"] == "code")
    again = definitions(code[:1])
    machine = {"Value", "value", "add", "multiply", "subtract", "order", "backward", "power"}
    machine |= {"exp", "log", "relu", "Value.__sub__", "Value.__rsub__"}
    assert machine <= again.keys()
    assert {name: first.get(name) for name in again} == again
