"""An explorer that was computed ahead answers as a kernel does, in a browser without a network."""

import re

import pytest
from playwright.sync_api import expect

from course.widgets import explore_boundary, explore_landscape, explore_learning_rate

PAGE = '<!doctype html><html lang="en"><meta charset="utf-8"><body data-theme="auto">'


@pytest.fixture(scope="module")
def explorer():
    return explore_learning_rate()


@pytest.fixture(scope="module")
def shown(browser, explorer, tmp_path_factory):
    """The exported explorer on a page of its own, with nothing to be fetched."""
    path = tmp_path_factory.mktemp("exported") / "page.html"
    path.write_text(PAGE + explorer.export(600_000), encoding="utf-8")
    context = browser.new_context(offline=True, viewport={"width": 1024, "height": 768})
    page, faults = context.new_page(), []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.goto(path.as_uri())
    page.locator("svg[role=img]").wait_for()
    yield page
    assert faults == []
    context.close()


@pytest.fixture(scope="module")
def boundary(tmp_path_factory):
    """The boundary explorer, and where it was exported to."""
    explorer, path = explore_boundary(), tmp_path_factory.mktemp("boundary") / "page.html"
    path.write_text(PAGE + explorer.export(), encoding="utf-8")
    return explorer, path


def state(page):
    """The values in the boxes and the pressed button."""
    boxes = [float(box.input_value()) for box in page.locator(".row input[type=text]").all()]
    return {"rate": boxes[0], "steps": int(boxes[1]), "data": page.locator(PRESSED).inner_text()}


PRESSED = "[aria-pressed=true]"


@pytest.mark.parametrize("name", ["crawl", "converge", "oscillate", "explode", "standardise"])
def test_its_buttons_show_what_a_kernel_shows(shown, explorer, name):
    shown.get_by_role("button", name=name, exact=True).click()
    explorer.set(**state(shown))
    assert state(shown)["rate"] == pytest.approx(explorer.presets[name]["rate"], rel=1e-5)
    expect(shown.get_by_role("status")).to_have_text(explorer.sentence)
    assert shown.locator("img").get_attribute("src") == explorer.below["image"]
    marks = "node => new XMLSerializer().serializeToString(node)"
    here = shown.evaluate_handle(
        "text => { const box = document.createElement('div'); box.innerHTML = text;"
        "return box.firstChild; }",
        explorer.frame["marks"],
    )
    assert shown.locator(".marks svg").evaluate(marks) == here.evaluate(marks)


@pytest.mark.parametrize("name", ["climb first", "standardised, 100 steps", "reset"])
def test_what_is_no_number_is_found_in_its_table_too(browser, boundary, name):
    """The boundary explorer has points as well: a list, empty here."""
    explorer, path = boundary
    page = browser.new_page()
    page.goto(path.as_uri())
    page.get_by_role("button", name=name, exact=True).click()
    explorer.set(**explorer.presets["reset"] | explorer.presets[name])
    expect(page.get_by_role("status")).to_have_text(explorer.sentence)
    expect(page.locator(PRESSED)).to_have_text(explorer.values["data"])
    page.close()


def test_a_button_shows_its_state_though_the_start_cannot_be_dragged_and_plays_on(
    browser, tmp_path
):
    explorer, path = explore_landscape(), tmp_path / "page.html"
    path.write_text(PAGE + explorer.export(330_000), encoding="utf-8")
    page = browser.new_page()
    page.goto(path.as_uri())
    for name in ("onto the saddle", "thrown out, dead", "reset"):
        page.get_by_role("button", name=name, exact=True).click()
        explorer.set(**explorer.presets["reset"] | explorer.presets[name])
        expect(page.get_by_role("status")).to_have_text(explorer.sentence)
    page.get_by_role("button", name="onto the saddle").click()
    page.get_by_role("slider", name="steps").press("ArrowLeft")
    expect(page.get_by_role("status")).to_have_text(re.compile(r"^From \(3, 3\) at"))
    expect(page.locator("[role=alert]")).to_have_text("")
    page.close()


def test_its_keys_move_it(shown):
    shown.get_by_role("button", name="reset").click()
    before = state(shown)["rate"]
    shown.get_by_role("slider", name="learning rate").press("ArrowRight")
    assert state(shown)["rate"] > before


def test_a_value_that_was_not_computed_is_said(shown):
    box = shown.get_by_role("textbox", name="learning rate")
    box.fill("0.000123")
    box.press("Enter")
    shown.get_by_role("alert").get_by_text("the nearest is shown").wait_for()
    assert float(box.input_value()) != 0.000123


def test_it_plays(shown):
    shown.get_by_role("button", name="one step", exact=True).click()
    before = state(shown)["steps"]
    shown.get_by_role("button", name="play").click()
    shown.wait_for_function("document.querySelectorAll('.row input[type=text]')[1].value > 100")
    shown.get_by_role("button", name="pause").click()
    assert before == 1


def test_picture_is_dark_in_a_dark_theme(shown):
    shown.emulate_media(color_scheme="dark")
    assert "invert" in shown.locator(".stage").evaluate("node => getComputedStyle(node).filter")
    shown.emulate_media(color_scheme="light")
