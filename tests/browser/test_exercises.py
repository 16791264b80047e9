"""An exercise in a real browser: a saved check keeps its colour, the keyboard opens a solution."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from playwright.sync_api import expect

from course.exercises.cells import cells
from course.exercises.feedback import Feedback
from course.exercises.lessons import exercises

from .lab import open_notebook

COLOURS = {"right": "rgb(46, 125, 50)", "wrong": "rgb(198, 40, 40)"}


@pytest.fixture(scope="module")
def sheet(browser, lab, folder):
    """A page with an exercise, and with checks saved by somebody else."""
    shown = cells(exercises()["01-mse"])
    for state in COLOURS:
        cell = new_code_cell(f"# {state}", execution_count=1)
        page = Feedback("01-mse", state, "Said.")._repr_html_()
        cell.outputs = [new_output("execute_result", {"text/html": page}, execution_count=1)]
        shown.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(new_notebook(cells=shown, metadata={"kernelspec": kernel}), folder / "ex.ipynb")
    page = browser.new_page(viewport={"width": 1024, "height": 768})
    open_notebook(page, lab, "ex.ipynb")
    yield page
    page.close()


@pytest.mark.parametrize("state", COLOURS)
def test_a_saved_check_keeps_its_colour_without_being_run(sheet, state):
    mark = {"right": "✓", "wrong": "✗"}[state]
    sign = sheet.locator(".jp-RenderedHTML span", has_text=mark)
    expect(sign).to_have_css("color", COLOURS[state])
    frame = sheet.locator(".jp-RenderedHTML > div", has_text=mark)
    expect(frame).to_have_css("border-left-color", COLOURS[state])


def test_the_keyboard_reaches_and_opens_a_solution(sheet):
    solution = sheet.locator("details", has_text="Try first")
    sheet.locator(".jp-MarkdownCell").first.click()
    sheet.keyboard.press("Escape")
    for _ in range(4):  # answer, check, hint, solution
        sheet.keyboard.press("ArrowDown")
    assert not solution.locator("pre").is_visible()
    for _ in range(12):  # past the buttons of the cell
        sheet.keyboard.press("Tab")
        if sheet.evaluate("document.activeElement.tagName") == "SUMMARY":
            break
    sheet.keyboard.press("Enter")
    expect(solution.locator("pre")).to_be_visible()
    expect(solution.locator("pre")).to_contain_text("return np.mean((prediction - y) ** 2)")
