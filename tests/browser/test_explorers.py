"""What a learner does: open a lesson in JupyterLab, run all cells, move a slider with a key."""

import nbformat
import pytest

from .conftest import NOTEBOOKS
from .lab import (
    explorers,
    failures,
    open_notebook,
    picture_box,
    press,
    readout,
    run_all,
    uses_explorer,
)

LESSONS = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if uses_explorer(path)]

ALONE = """
from course.widgets import explore_learning_rate
explorer = explore_learning_rate()
explorer
"""


@pytest.fixture(scope="module")
def alone(browser, lab, folder):
    """A page whose notebook holds the learning-rate explorer and nothing else."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(ALONE.strip())]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, folder / "alone.ipynb")
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    open_notebook(page, lab, "alone.ipynb")
    run_all(page)
    page.locator("svg[role=img]").first.wait_for()
    yield page
    page.close()


@pytest.fixture
def explorer(alone):
    explorer = explorers(alone).first
    explorer.get_by_role("button", name="reset").click()
    said(explorer, "Learning rate 0.0001 × largest curvature 6768.5 = 0.677: converging.")
    yield explorer
    assert failures(alone) == []


def said(explorer, words):
    """Wait until the explorer's sentence has these words in it."""
    explorer.get_by_role("status").get_by_text(words).wait_for()


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_its_explorers_answer_a_key(page, lab, lesson):
    open_notebook(page, lab, lesson)
    run_all(page)
    assert failures(page) == []
    page.locator("svg[role=img]").first.wait_for()
    for explorer in explorers(page).all():
        before, box = readout(explorer), picture_box(page, explorer)
        press(page, explorer.get_by_role("slider").first, "ArrowRight", box)
        assert readout(explorer) != before


def test_the_picture_says_what_it_shows(explorer):
    sentence = explorer.get_by_role("status").inner_text()
    assert explorer.get_by_role("img").get_attribute("aria-label") == sentence


def test_number_box_and_presets(explorer):
    number = explorer.locator("input[type=text]").first
    number.fill("0,0002")
    number.press("Enter")
    said(explorer, "oscillating")

    number.fill("-5")
    number.press("Enter")
    said(explorer, "and -5 came")
    said(explorer, "It stays at 0.0002.")
    assert float(readout(explorer)) == 2e-4

    explorer.get_by_role("button", name="explode").click()
    said(explorer, "diverging")


def test_fast_keys_are_counted_and_do_not_queue_up(alone, explorer):
    box, handle = picture_box(alone, explorer), explorer.get_by_role("slider").first
    press(alone, handle, "Home", box)
    for _ in range(50):
        alone.keyboard.press("ArrowRight")
    said(explorer, "Learning rate 1e-05")  # fifty fiftieths of a power of ten above 1e-06
    assert float(readout(explorer)) == 1e-5


def test_the_picture_fits_a_small_window(alone, explorer):
    box = picture_box(alone, explorer)
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 1024
    assert box["width"] > 700
