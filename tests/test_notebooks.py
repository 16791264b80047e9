"""Each lesson is committed as it ran: once, from top to bottom, with outputs and nothing else."""

import json
import re
from pathlib import Path

import pytest

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("*.ipynb"))
MACHINE_PATH = re.compile(r"/(?:home|root|tmp|work|Users)/\w|[A-Z]:\\+Users\\")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return json.loads(path.read_text(encoding="utf-8"))


def code_cells(notebook):
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def outputs(notebook):
    return [output for cell in code_cells(notebook) for output in cell["outputs"]]


def source(cell):
    return "".join(cell["source"])


def test_lessons_are_numbered_from_zero_each_once():
    numbers = [int(path.name[:2]) for path in NOTEBOOKS]
    assert numbers[0] == 0
    assert numbers == sorted(set(numbers))


def test_cells_ran_once_in_order(notebook):
    counts = [cell["execution_count"] for cell in code_cells(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_code_cell_is_empty(notebook):
    assert [cell for cell in code_cells(notebook) if not source(cell).strip()] == []


def test_outputs_are_kept(notebook):
    printing = [cell for cell in code_cells(notebook) if "print(" in source(cell)]
    silent = [
        source(cell) for cell in printing if not cell["outputs"] and "def " not in source(cell)
    ]
    assert silent == []
    assert outputs(notebook)


def test_nothing_raised_and_nothing_went_to_stderr(notebook):
    kinds = {(output["output_type"], output.get("name")) for output in outputs(notebook)}
    assert kinds <= {
        ("stream", "stdout"),
        ("display_data", None),
        ("execute_result", None),
    }


def test_every_picture_shows_alone(notebook):
    """A plot line ends in `;`, or its Axes prints beside the picture and differs each time."""
    texts = [
        "".join(output["data"]["text/plain"])
        for output in outputs(notebook)
        if output["output_type"] == "execute_result" and "text/plain" in output["data"]
    ]
    assert [text for text in texts if re.search(r" at 0x[0-9a-f]{6,}", text)] == []


def test_metadata_holds_no_widget_state_and_no_timestamps(notebook):
    assert "widgets" not in notebook["metadata"]
    assert [cell for cell in notebook["cells"] if "execution" in cell["metadata"]] == []


def test_kernel_is_the_one_that_every_jupyter_has(notebook):
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"


def test_no_path_of_one_machine(path):
    assert MACHINE_PATH.findall(path.read_text(encoding="utf-8")) == []


def test_size_suits_a_repository(path):
    assert path.stat().st_size < 600_000
