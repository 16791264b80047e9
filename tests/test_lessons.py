"""What all lessons keep to: one question, public names, pictures in words, exercises."""

import ast
import importlib
import json
import re
from pathlib import Path

import pytest
from IPython.core.inputtransformer2 import TransformerManager

import course

FOLDER = Path(__file__).parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
MODULES = ("course.data", "course.plots", "course.theory", "course.widgets", "course.exercises")


def cells(path, kind):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def code(path):
    """The lesson's program, as one syntax tree."""
    sources = ["".join(cell["source"]) for cell in cells(path, "code")]
    return ast.parse(TransformerManager().transform_cell("\n".join(sources)))


def prose(path):
    return ["".join(cell["source"]) for cell in cells(path, "markdown")]


def imported(path):
    """`(module, name)` for each name that the lesson imports of the course."""
    for node in ast.walk(code(path)):
        if isinstance(node, ast.ImportFrom) and node.module.split(".")[0] == "course":
            yield from ((node.module, alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if alias.name.split(".")[0] == "course":
                    yield alias.name, ""


def used(path):
    return {node.id for node in ast.walk(code(path)) if isinstance(node, ast.Name)}


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def lesson(request):
    return request.param


@pytest.fixture(params=NOTEBOOKS[1:], ids=lambda path: path.stem)
def taught(request):
    return request.param


def test_lessons_use_only_public_names(lesson):
    public = {name: importlib.import_module(name).__all__ for name in MODULES}
    public["course"] = [*course.__all__, "data", "plots", "theory"]
    private = [
        (module, name)
        for module, name in imported(lesson)
        if name and name not in public.get(module, [])
    ]
    assert private == []


def test_each_public_name_is_used_in_some_lesson():
    everywhere = set().union(*map(used, NOTEBOOKS))
    assert sorted(set(course.__all__) - everywhere) == []


def test_a_lesson_asks_its_question_first(lesson):
    title, *rest = prose(lesson)[0].strip().splitlines()
    assert title.startswith("# ")
    assert "?" in title + "".join(rest[:3])


def sittings(path):
    """The minutes of each sitting; a cell tagged `sitting` starts the next."""
    minutes = [0]
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if "sitting" in cell["metadata"].get("tags", []):
            minutes.append(0)
        headings = re.findall(r"^## .*?(\d+) min", "".join(cell["source"]), flags=re.MULTILINE)
        minutes[-1] += sum(map(int, headings)) if cell["cell_type"] == "markdown" else 0
    return minutes


def test_a_lesson_is_one_or_two_sittings_of_at_most_75_minutes(taught):
    minutes = sittings(taught)
    assert len(minutes) <= 2
    assert all(30 <= m <= 75 for m in minutes), minutes


def test_at_least_six_pictures_and_six_exercises(taught):
    outputs = [output for cell in cells(taught, "code") for output in cell["outputs"]]
    assert sum("image/png" in output.get("data", {}) for output in outputs) >= 6
    questions = {
        cell["metadata"].get("downhill", {}).get("exercise") for cell in cells(taught, "code")
    }
    assert len(questions - {None}) >= 6


def test_every_picture_has_words(lesson):
    silent = []
    for cell in cells(lesson, "code"):
        shown = [output for output in cell["outputs"] if "image/png" in output.get("data", {})]
        words = "".join(
            "".join(output.get("text", [])) + "".join(output.get("data", {}).get("text/plain", []))
            for output in cell["outputs"]
        )
        if shown and len(re.sub(r"<Figure.*?>", "", words).strip()) < 15:
            silent.append("".join(cell["source"])[:80])
    assert silent == []


def test_a_lesson_ends_with_what_was_learned_and_where_to_read_more(taught):
    text = "\n".join(prose(taught)).lower()
    assert "read more" in text
    assert "summary" in text or "five lines" in text


def test_every_lesson_leads_to_the_notation():
    assert (FOLDER / "NOTATION.md").exists()
    assert [path.stem for path in NOTEBOOKS if "NOTATION.md" not in "".join(prose(path))] == []
