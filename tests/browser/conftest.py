import shutil
from pathlib import Path

import pytest

from .lab import FLAGS, chromium, served

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


# The fixtures end with their module: a browser left open holds an event loop that nbval needs.
@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A copy of the lessons: JupyterLab saves what it runs."""
    folder = tmp_path_factory.mktemp("lessons") / "notebooks"
    shutil.copytree(NOTEBOOKS, folder)
    return folder


@pytest.fixture(scope="module")
def lab(browser, folder, tmp_path_factory):
    """The address of a JupyterLab that serves the copy."""
    with served(folder, tmp_path_factory.mktemp("home")) as address:
        yield address


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    if chromium() is None:
        pytest.skip("no browser found: apt-get install chromium, or set CHROMIUM to its path")

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture
def page(browser):
    page = browser.new_page(viewport={"width": 1200, "height": 900})
    yield page
    page.close()
