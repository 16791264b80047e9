"""The network explorer in a real JupyterLab: it plays on while everything about it is changed.

python -m tests.browser.test_playground [seconds] counts its frames.
"""

import sys
import tempfile
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from .lab import FLAGS, chromium, failures, served
from .test_explorers import named, noticed, opened, said, settled, write

CELLS = ["from course.widgets import explore_network", "explore_network()", "busy = 6 * 7\nbusy"]


@pytest.fixture(scope="module")
def playing(browser, lab, folder):
    write(folder, "playground.ipynb", *CELLS)
    page = opened(browser, lab, "playground.ipynb")
    yield page
    page.close()


@pytest.fixture
def explorer(playing):
    explorer = named(playing, "network")
    explorer.get_by_role("button", name="reset").click()
    said(explorer, "1 hidden layer of 4 tanh, Adam at rate 0.03: after 0 epochs")
    yield explorer
    assert failures(playing) == []


def epochs(explorer):
    """What the sentence says of how many were learnt."""
    words = explorer.get_by_role("status").inner_text()
    return int(words.split(": after ")[1].split(" epoch")[0].replace(",", ""))


def goes_on(explorer, words):
    """Wait for these words, then for the network to learn more; how many epochs it had."""
    said(explorer, words)
    before = epochs(explorer)
    explorer.page.wait_for_function(
        "([node, words]) => !node.textContent.includes(words)",
        arg=[explorer.get_by_role("status").element_handle(), f"after {before:,} epoch"],
    )
    assert epochs(explorer) > before
    return before


def test_it_learns_on_while_layers_rate_and_data_are_changed(explorer):
    explorer.get_by_role("button", name="play").click()
    counts = []
    counts.append(goes_on(explorer, "hidden layer of 4 tanh, Adam at rate 0.03"))
    width = explorer.get_by_role("slider", name="units in each")
    width.focus()
    for _ in range(3):
        explorer.page.keyboard.press("ArrowRight")
    counts.append(goes_on(explorer, "hidden layer of 7 tanh"))
    rate = explorer.get_by_role("textbox", name="learning rate")
    rate.fill("0.01")
    rate.press("Enter")
    counts.append(goes_on(explorer, "at rate 0.01"))
    for button, words in (("XOR", "7 tanh"), ("relu", "7 relu"), ("Descent", "Descent at")):
        explorer.get_by_role("button", name=button, exact=True).click()
        counts.append(goes_on(explorer, words))
    explorer.get_by_role("button", name="pause").click()
    settled(explorer)
    assert counts == sorted(set(counts))  # never from the start again


def test_all_of_it_is_seen_at_once_on_a_small_laptop(explorer):
    page = explorer.page
    usual = page.viewport_size
    page.set_viewport_size({"width": 1366, "height": 768})
    page.wait_for_function("innerHeight === 768")
    room = page.locator(".jp-WindowedPanel-outer").first.bounding_box()["height"]
    assert 300 < explorer.bounding_box()["height"] <= room
    page.set_viewport_size(usual)


def test_one_step_is_an_epoch_and_start_again_is_none(explorer):
    step = explorer.get_by_role("button", name="step", exact=True)
    for count in ("1 epoch the", "2 epochs", "3 epochs"):
        step.click()
        said(explorer, f"after {count}")
    explorer.get_by_role("button", name="start again").click()
    said(explorer, "after 0 epochs")


def test_a_cell_runs_while_it_plays(explorer):
    page = explorer.page
    explorer.get_by_role("button", name="play").click()
    goes_on(explorer, "4 tanh")
    cell = page.locator(".jp-CodeCell").nth(2)
    before = cell.locator(".jp-InputPrompt").inner_text()
    cell.locator(".cm-content").click()
    page.keyboard.press("Control+Enter")
    prompt = cell.locator(".jp-InputPrompt").element_handle()
    page.wait_for_function(
        "([prompt, old]) => /\\[\\d+\\]/.test(prompt.textContent) && prompt.textContent !== old",
        arg=[prompt, before],
    )
    goes_on(explorer, "4 tanh")
    explorer.get_by_role("button", name="pause").click()
    settled(explorer)


def test_what_is_out_of_range_gets_a_sentence_while_it_plays(explorer):
    explorer.get_by_role("button", name="play").click()
    width = explorer.get_by_role("textbox", name="units in each")
    width.fill("99")
    width.press("Enter")
    noticed(explorer, "goes from 1 to 8, and 99 came")
    goes_on(explorer, "4 tanh")
    explorer.get_by_role("button", name="pause").click()
    settled(explorer)


def frames(explorer, seconds):
    """Pictures a second that a page shows of a network that plays at its fastest."""
    explorer.get_by_role("combobox", name="speed").select_option("fast")
    explorer.get_by_role("button", name="play").click()
    goes_on(explorer, "after")
    before = epochs(explorer)
    explorer.page.wait_for_timeout(1000 * seconds)
    shown = epochs(explorer) - before
    explorer.get_by_role("button", name="pause").click()
    settled(explorer)
    return shown / seconds


def main(seconds=10):
    """Count frames of the small network at the start, and of the largest."""
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder), "playground.ipynb", *CELLS)
        with served(folder, Path(folder) / "home") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            explorer = named(opened(browser, address, "playground.ipynb"), "network")
            print(f"as it starts: {frames(explorer, seconds):.1f} frames a second")
            for name, value in (("hidden layers", "3"), ("units in each", "8")):
                box = explorer.get_by_role("textbox", name=name)
                box.fill(value)
                box.press("Enter")
                settled(explorer)
            print(f"three layers of eight: {frames(explorer, seconds):.1f} frames a second")
            browser.close()


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
