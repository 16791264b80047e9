"""A lesson as a reader without a kernel wants it: no cells that ask to be run.

The lesson may be executed once more; `DOWNHILL_EXPORT` in the kernel's environment says what for.
Explorers answer to it by computing ahead what their controls can show (`Explorer.export`).
"""

import os
import re

import nbformat
from nbformat.v4 import new_markdown_cell

from course.exercises.cells import part_of
from course.exercises.lessons import exercises

__all__ = [
    "describe_pictures",
    "executed",
    "fold",
    "for_readers",
    "needs_kernel",
    "sentence_of",
    "title_of",
]

ONLY_FOR_A_KERNEL = ("check", "hint", "warning")  # parts of an exercise


def executed(path, export="1", timeout=600):
    """Return the notebook at `path`, run from top to bottom."""
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    env = os.environ | {"DOWNHILL_EXPORT": export, "TQDM_DISABLE": "1"}
    options = {"timeout": timeout, "resources": {"metadata": {"path": str(path.parent)}}}
    client = NotebookClient(notebook, store_widget_state=False, **options)
    with client.setup_kernel(env=env):
        for index, cell in enumerate(notebook.cells):
            client.execute_cell(cell, index)
    return notebook


def for_readers(notebook):
    """Change a notebook in place: exercises as questions with folded hints and solutions."""
    known, cells = exercises(), []
    for cell in notebook.cells:
        id, part = part_of(cell)
        if needs_kernel(cell):
            continue
        if part == "solution":
            cells.append(new_markdown_cell(hints_of(known[id])))
            fold(cell)
        if cell.cell_type == "code":
            describe_pictures(cell)
        cells.append(cell)
    notebook.cells = cells
    return notebook


def needs_kernel(cell):
    """Whether a cell says nothing to somebody who can't run it."""
    return part_of(cell)[1] in ONLY_FOR_A_KERNEL or cell.source.startswith("progress(")


def hints_of(exercise):
    """Return an exercise's hints as folded Markdown."""
    items = "\n".join(f"{n}. {hint}" for n, hint in enumerate(exercise.hints, start=1))
    return f"<details><summary>Hints</summary>\n\n{items}\n\n</details>"


def fold(cell):
    """Fold a solution; what only a kernel can answer goes."""
    lines = cell.source.splitlines()
    kept = [line for line in lines if not line.startswith(("# The solution of", "check("))]
    cell.source, cell.outputs = "\n".join(kept).strip(), []
    cell.metadata["tags"] = [*cell.metadata.get("tags", []), "hide-input"]
    prompts = {"code_prompt_show": "Show a solution", "code_prompt_hide": "Hide the solution"}
    cell.metadata["mystnb"] = prompts


def describe_pictures(cell):
    """Give a cell's pictures the sentence that the cell prints as their alternative text."""
    words = {"alt": sentence_of(cell) or "a picture that the text around it describes"}
    for output in cell.outputs:
        if "image/png" in output.get("data", {}):
            output.metadata["image/png"] = words  # nbconvert looks here
            cell.metadata["mystnb"] = {**cell.metadata.get("mystnb", {}), "image": words}


def sentence_of(cell):
    """Return what a cell prints beside its picture, in one line."""
    texts = [output.text for output in cell.outputs if output.output_type == "stream"]
    return re.sub(r"\s+", " ", " ".join(texts)).strip()


def title_of(notebook):
    """Return a lesson's question: its first heading."""
    return notebook.cells[0].source.strip().splitlines()[0].removeprefix("# ")
