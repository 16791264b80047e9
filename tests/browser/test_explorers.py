"""What a learner does: open a lesson in JupyterLab, run all cells, move a slider with a key."""

import random
import re

import nbformat
import pytest
from playwright.sync_api import expect

from .conftest import NOTEBOOKS
from .lab import (
    explorers,
    failures,
    open_notebook,
    picture_box,
    press,
    readout,
    run_all,
    served,
    uses_explorer,
    wait_idle,
)

LESSONS = [path.name for path in sorted(NOTEBOOKS.glob("*.ipynb")) if uses_explorer(path)]
RATE, BOUNDARY = "learning rate", "boundary"


def write(folder, name, *cells):
    """A notebook of these code cells."""
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(cell) for cell in cells]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    nbformat.write(book, folder / name)


def opened(browser, lab, name, width=1024):
    """A page on which a notebook was run."""
    page = browser.new_page(viewport={"width": width, "height": 768})
    open_notebook(page, lab, name)
    run_all(page)
    page.locator("svg[role=img]").first.wait_for()
    return page


@pytest.fixture(scope="module")
def alone(browser, lab, folder):
    """A page with the learning-rate explorer, the boundary explorer and nothing else."""
    write(
        folder,
        "alone.ipynb",
        "from course.widgets import explore_boundary, explore_learning_rate\nimport time",
        "explore_learning_rate()",
        "explore_boundary()",
    )
    page = opened(browser, lab, "alone.ipynb")
    yield page
    page.close()


def named(page, title):
    """The explorer of this title."""
    return page.get_by_role("group", name=f"{title} explorer", exact=True)


@pytest.fixture
def explorer(alone):
    explorer = named(alone, "learning-rate")
    explorer.get_by_role("button", name="reset").click()
    said(explorer, "Learning rate 0.0001 × largest curvature 6768.5 = 0.677: converging.")
    yield explorer
    assert failures(alone) == []


def said(explorer, words):
    """Wait until the explorer's sentence has these words in it."""
    explorer.get_by_role("status").get_by_text(words).wait_for()


def noticed(explorer, words):
    """Wait until the explorer's notice has these words in it."""
    explorer.get_by_role("alert").get_by_text(words).wait_for()


def settled(explorer):
    """Wait until the explorer shows what was asked for last."""
    explorer.page.wait_for_function(
        "explorer => explorer.ariaBusy === 'false'", arg=explorer.element_handle()
    )


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_runs_and_its_explorers_answer_a_key(page, lab, lesson):
    open_notebook(page, lab, lesson)
    run_all(page)
    assert failures(page) == []
    page.locator("svg[role=img]").first.wait_for()
    for explorer in explorers(page).all():
        box, example = picture_box(page, explorer), explorer.get_by_role("button", name="example 2")
        if example.count():  # a pad to draw on
            press(page, example, "Enter", box)
            continue
        before = readout(explorer)
        press(page, explorer.get_by_role("slider").first, "ArrowRight", box)
        assert readout(explorer) != before


def test_the_picture_says_what_it_shows(explorer):
    sentence = explorer.get_by_role("status").inner_text()
    assert explorer.get_by_role("img").get_attribute("aria-label") == sentence


def test_everything_that_can_be_used_has_a_name_and_says_its_value(explorer):
    for role in ("slider", "textbox", "button", "combobox", "application"):
        for part in explorer.get_by_role(role).all():
            name = part.get_attribute("aria-label") or part.inner_text() or label(explorer, part)
            assert name, part.evaluate("node => node.outerHTML")
    rate = explorer.get_by_role("slider", name="learning rate")
    assert rate.get_attribute("aria-valuetext") == "0.0001"


def label(explorer, part):
    return explorer.locator(f"label[for='{part.get_attribute('id')}']").inner_text()


@pytest.mark.parametrize(
    ("typed", "value", "words"),
    [
        ("0,0002", "0.0002", "oscillating"),
        ("2.5E-4", "0.00025", "oscillating"),
        (" 0.001 ", "0.001", "diverging"),
    ],
)
def test_numbers_are_understood_as_people_type_them(explorer, typed, value, words):
    box = explorer.get_by_role("textbox", name="learning rate")
    box.fill(typed)
    box.press("Enter")
    said(explorer, words)
    assert box.input_value() == value


@pytest.mark.parametrize(
    ("name", "typed", "words"),
    [
        ("learning rate", "-5", "and -5 came. It stays at 0.0001."),
        ("learning rate", "1e6", "and 1e6 came. It stays at 0.0001."),
        ("learning rate", "fast", "“fast” is not a number"),
        ("learning rate", "", "“” is not a number"),
        ("learning rate", "nan", "“nan” is not a number"),
        ("steps", "1,000", "may be 1000 or 1.000: write it without the comma"),
        ("steps", "7.5", "takes whole numbers, and 7.5 came. It stays at 1000."),
    ],
)
def test_what_is_not_understood_is_said_and_nothing_else_happens(explorer, name, typed, words):
    box = explorer.get_by_role("textbox", name=name)
    before, sentence = box.input_value(), explorer.get_by_role("status").inner_text()
    box.fill(typed)
    box.press("Enter")
    noticed(explorer, words)
    assert box.input_value() == before
    assert explorer.get_by_role("status").inner_text() == sentence


def test_wall_can_be_met_by_hand(alone, explorer):
    """A few keys from converging to diverging, each a step of less than five per cent."""
    rate = explorer.get_by_role("slider", name="learning rate")
    explorer.get_by_role("button", name="oscillate").click()
    said(explorer, "oscillating")
    for _ in range(3):
        rate.press("ArrowRight")
    said(explorer, "diverging")
    assert 2.95e-4 < float(readout(explorer)) < 3.3e-4


def test_fast_keys_are_counted_and_do_not_queue_up(alone, explorer):
    box, handle = picture_box(alone, explorer), explorer.get_by_role("slider").first
    press(alone, handle, "Home", box)
    first = float(readout(explorer))
    for _ in range(50):
        alone.keyboard.press("ArrowRight")
    steps = handle.evaluate("slider => Number(slider.value)")
    assert steps == 50
    said(explorer, f"Learning rate {float(readout(explorer)):.4g} ")
    assert float(readout(explorer)) > first


def test_play_moves_the_steps_until_it_is_paused(explorer):
    steps = explorer.get_by_role("textbox", name="steps")
    steps.fill("1")
    steps.press("Enter")
    explorer.get_by_role("combobox", name="speed").select_option("slow")
    explorer.get_by_role("button", name="play").click()
    said(explorer, "After 5 steps")
    explorer.get_by_role("button", name="pause").click()
    shown = steps.input_value()
    explorer.get_by_role("button", name="step", exact=True).click()
    expect(steps).not_to_have_value(shown)
    assert int(shown) < int(steps.input_value()) <= 2 * int(shown)


def test_play_ends_by_itself_where_nothing_moves_any_more(explorer):
    for name, value in (("steps", "1"), ("learning rate", "0.01")):
        box = explorer.get_by_role("textbox", name=name)
        box.fill(value)
        box.press("Enter")
    said(explorer, "diverging")
    explorer.get_by_role("combobox", name="speed").select_option("fast")
    explorer.get_by_role("button", name="play").click()
    steps = explorer.get_by_role("textbox", name="steps")
    expect(steps).not_to_have_value("1")  # it has begun; on a slow machine it may have ended, too
    explorer.get_by_role("button", name="play").wait_for(timeout=5000)
    assert int(steps.input_value()) < 100


def test_rate_is_dragged_in_the_picture(explorer):
    """On the scale of rates the pointer's place is the rate."""
    layer = explorer.get_by_role("application", name="learning rate: drag")
    layer.scroll_into_view_if_needed()
    box = layer.bounding_box()
    mouse = explorer.page.mouse
    mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    mouse.down()
    said(explorer, "crawling")
    mouse.move(box["x"] + box["width"] - 5, box["y"] + box["height"] / 2, steps=5)
    said(explorer, "diverging")
    mouse.up()
    for _ in range(15):
        layer.press("Shift+ArrowLeft")
    said(explorer, "crawling")


def test_points_are_put_by_a_click_and_by_keys(alone):
    explorer = named(alone, "boundary")
    explorer.get_by_role("button", name="reset").click()
    said(explorer, "of 300 points")
    layer = explorer.get_by_role("application", name="click to put")
    layer.scroll_into_view_if_needed()
    layer.click(position={"x": 60, "y": 40})
    said(explorer, "of 301 points")
    layer.press("2")
    triangle = explorer.get_by_role("button", name="an orange triangle")
    expect(triangle).to_have_attribute("aria-pressed", "true")
    for _ in range(3):
        layer.press("Shift+ArrowDown")
    layer.press("Enter")
    said(explorer, "of 302 points")
    layer.press("Backspace")
    said(explorer, "of 301 points")
    explorer.get_by_text("this state as a line of code").click()
    line = explorer.get_by_role("textbox", name="this state as code").input_value()
    *_, kind = re.search(r"points=\[\[(.*?)\]\]", line)[1].split(",")
    assert kind == "0"  # a blue circle
    explorer.get_by_text("this state as a line of code").click()
    explorer.get_by_role("button", name="take all away").click()
    said(explorer, "of 300 points")
    assert failures(alone) == []


def test_state_is_copied_as_a_line_of_code(explorer):
    explorer.get_by_text("this state as a line of code").click()
    line = explorer.get_by_role("textbox", name="this state as code")
    explorer.get_by_role("button", name="explode").click()
    said(explorer, "diverging")
    state = 'rate=0.000301, steps=1000, data="as measured", first=0.5, second=0.5'
    expect(line).to_have_value(f"explore_learning_rate({state})")
    explorer.get_by_text("this state as a line of code").click()


def test_quick_presses_end_in_the_state_that_was_pressed_last(alone):
    """A hundred sequences without a pause: what stands still, marks, sentence, pressed buttons."""
    explorer = named(alone, "boundary")
    explorer.scroll_into_view_if_needed()
    ends = ["crawl", "converge", "climb first", "in mm, 100 steps", "standardised, 100 steps"]
    known = {}
    for name in ends:
        explorer.evaluate(PRESS, ["reset"])
        settled(explorer)
        explorer.evaluate(PRESS, [name])
        settled(explorer)
        known[name] = explorer.evaluate(SHOWN)
    assert len({shown["words"] for shown in known.values()}) == len(ends)
    buttons = [*ends, "reset", "a sine", "penguins, in mm", "penguins, standardised"]
    draws = random.Random(0)
    for _ in range(100):
        sequence = [*draws.choices(buttons, k=4), draws.choice(ends)]
        explorer.evaluate(PRESS, sequence)
        settled(explorer)
        shown = explorer.evaluate(SHOWN)
        assert shown == known[sequence[-1]], sequence


PRESS = """(explorer, names) => {
    const buttons = [...explorer.querySelectorAll('button')];
    for (const name of names) buttons.find(button => button.textContent === name).click();
}"""
SHOWN = """explorer => ({
    still: explorer.querySelector('img').src,
    marks: explorer.querySelector('.marks').innerHTML.replaceAll(/frame-[0-9a-f]+/g, 'frame'),
    words: explorer.querySelector('.words').textContent,
    pressed: [...explorer.querySelectorAll('[aria-pressed=true]')].map(b => b.textContent),
    boxes: [...explorer.querySelectorAll('.row input[type=text]')].map(b => b.value),
})"""


@pytest.mark.parametrize("width", [1366, 1024])
def test_the_picture_fits_the_window(alone, explorer, width):
    """The whole explorer is seen at once, and its picture isn't small."""
    alone.set_viewport_size({"width": width, "height": 768})
    alone.wait_for_timeout(500)
    box = picture_box(alone, explorer)
    wholes = [shown.bounding_box() for shown in (explorer, named(alone, "boundary"))]
    assert 0 <= box["x"] <= box["x"] + box["width"] <= width
    assert box["width"] > 0.6 * width
    # what JupyterLab's own bars leave
    assert max(whole["height"] for whole in wholes) < 768 - 110


def test_busy_kernel_and_a_restarted_one_are_said(browser, lab, folder):
    write(
        folder,
        "busy.ipynb",
        "from course.widgets import explore_line\nexplore_line()",
    )
    page = opened(browser, lab, "busy.ipynb")
    explorer = explorers(page).first
    page.get_by_role("menuitem", name="Kernel", exact=True).click()
    page.get_by_role("menuitem", name=re.compile("^Restart Kernel…")).click()
    page.locator(".jp-Dialog .jp-mod-accept").click()
    wait_idle(page)
    explorer.get_by_role("slider").first.press("ArrowRight")
    noticed(explorer, "run this cell again")
    run_all(page)
    explorer = explorers(page).first
    explorer.get_by_role("slider").first.press("End")
    said(explorer, "The line y = ")
    expect(explorer.locator(".notice")).to_have_text("")
    page.close()


def test_saved_explorer_shows_its_picture_when_its_kernel_is_gone(browser, tmp_path):
    """Run, save, end everything, open it again."""
    write(tmp_path, "saved.ipynb", "from course.widgets import explore_line\nexplore_line()")
    with served(tmp_path, tmp_path / "home") as lab:
        page = opened(browser, lab, "saved.ipynb")
        page.keyboard.press("Control+s")
        page.wait_for_timeout(2000)
        page.close()
    with served(tmp_path, tmp_path / "home") as lab:
        page = browser.new_page(viewport={"width": 1024, "height": 768})
        open_notebook(page, lab, "saved.ipynb")
        page.locator("svg[role=img]").first.wait_for()
        explorer = explorers(page).first
        said(explorer, "The line y = 0")
        assert page.get_by_text("Error displaying widget").count() == 0
        explorer.get_by_role("slider").first.press("ArrowRight")
        noticed(explorer, "run this cell again")
        page.close()
