"""A digit drawn in a real browser, with mouse or keys, reaches the model that reads it."""

import nbformat
import pytest

from .lab import failures, open_notebook, run_all

PAD = """
import numpy as np

from course import data
from course.widgets import draw_digit


def tall_is_one(x):
    \"\"\"Read 1 where the ink is higher than wide, else 0.\"\"\"
    high, wide = (np.ptp(np.nonzero(x.reshape(28, 28))[axis]) for axis in (0, 1))
    return 9.0 * np.eye(10)[[int(high > 1.5 * wide)]]


draw_digit(tall_is_one, data.mnist_5k().x[::500])
"""


@pytest.fixture(scope="module")
def pad(browser, lab, folder):
    """A page with a drawing pad and nothing else."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(PAD.strip())]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, folder / "pad.ipynb")
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    open_notebook(page, lab, "pad.ipynb")
    run_all(page)
    page.get_by_role("application").wait_for()
    yield page
    assert failures(page) == []
    page.close()


@pytest.fixture
def empty(pad):
    pad.get_by_role("button", name="clear").click()
    said(pad, "The pad is empty")
    return pad


def said(page, words):
    page.get_by_role("status").get_by_text(words).wait_for()


def drag(page, *places):
    """Draw through places on the pad, given as shares of its width and height."""
    box = page.get_by_role("application").bounding_box()
    for index, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
        if index == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_stroke_of_the_mouse_is_read(empty):
    drag(empty, (0.5, 0.1), (0.5, 0.9))
    said(empty, "The network reads 1")


def test_each_further_stroke_is_read_too(empty):
    drag(empty, (0.5, 0.2), (0.5, 0.8))
    said(empty, "The network reads 1")
    drag(empty, (0.1, 0.5), (0.9, 0.5))
    said(empty, "The network reads 0")


def test_arrow_keys_draw_with_shift_only_and_delete_clears(empty):
    empty.get_by_role("application").focus()
    for _ in range(4):
        empty.keyboard.press("ArrowLeft")
    said(empty, "The pad is empty")
    for _ in range(16):
        empty.keyboard.press("Shift+ArrowDown")
    said(empty, "The network reads 1")
    empty.keyboard.press("Delete")
    said(empty, "The pad is empty")


def test_an_example_comes_to_the_pad(empty):
    empty.get_by_role("button", name="example 2").click()
    said(empty, "The network reads")
