"""The site and the slides in a real browser that reaches nothing but this machine."""

import contextlib
import functools
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from playwright.sync_api import expect

from course.publish.site import site
from course.publish.slides import slides

NOTEBOOKS = Path(__file__).parent.parent.parent / "notebooks"
LESSONS = sorted(NOTEBOOKS.glob("*.ipynb"))
# Lowest edge of what stands on each slide of 720 px, and its smallest type as it is shown.
MEASURES = """scale => Reveal.getSlides().map(slide => {
    slide.style.display = "block";
    const boxes = [...slide.children].filter(child => child.tagName !== "ASIDE");
    const low = Math.max(...boxes.map(box => box.offsetTop + box.offsetHeight));
    const wide = Math.max(...boxes.map(box => box.offsetLeft + box.scrollWidth));
    const walk = document.createTreeWalker(slide, NodeFilter.SHOW_TEXT), sizes = [];
    while (walk.nextNode()) {
        const parent = walk.currentNode.parentElement;
        const shown = parent.getClientRects().length;  // a note may be left out on slides
        if (shown && walk.currentNode.data.trim() && !parent.closest("aside, math, svg, sub, sup"))
            sizes.push(parseFloat(getComputedStyle(parent).fontSize));
    }
    slide.style.display = "";
    const empty = boxes.every(box => box.matches(".fragment, .again"));
    return [low, wide, empty ? 0 : Math.min(...sizes, 99) * scale];
})"""


@contextlib.contextmanager
def served(folder):
    """A folder on this machine's own web server."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    assert site(NOTEBOOKS, out, "somebody/downhill", execute=False) == 0
    with served(out) as address:
        yield address


@pytest.fixture
def troubles(page):
    """What the page complains of, or wants from elsewhere."""
    found = []
    page.on("console", lambda m: found.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("request", lambda r: None if is_here(r.url) else found.append(r.url))
    page.route(lambda url: not is_here(url), lambda route: route.abort())
    return found


def is_here(url):
    return url.startswith(("http://127.0.0.1:", "file:", "data:", "blob:", "about:"))


@pytest.mark.parametrize("name", ["index", "NOTATION", *(path.stem for path in LESSONS)])
def test_page_shows_everything_without_a_network_and_suits_a_phone(page, address, troubles, name):
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{address}/{name}.html")
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.evaluate("[...document.images].filter(i => !i.complete || !i.naturalWidth)") == []
    assert troubles == []


@pytest.mark.parametrize("name", ["index", "NOTATION", "00_start_here"])
def test_axe_finds_nothing_serious(page, address, name):
    page.goto(f"{address}/{name}.html")
    serious = [
        (violation["id"], violation["nodes"][0]["html"][:120])
        for violation in Axe().run(page).response["violations"]
        if violation["impact"] in ("serious", "critical")
    ]
    assert serious == []


def test_solution_unfolds_and_code_is_copied(page, address, troubles):
    page.goto(f"{address}/01_gradient_descent.html")
    solution = page.locator("details:has-text('Show a solution')").first
    assert not solution.locator("pre").is_visible()
    solution.locator("summary").click()
    expect(solution.locator("pre")).to_be_visible()
    expect(solution.locator("pre")).to_contain_text("return np.mean((prediction - y) ** 2)")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator("pre:has-text('class Line')").first.hover()
    page.locator("div.highlight:has(pre:has-text('class Line')) button.copybtn").first.click()
    page.wait_for_function(
        "async () => (await navigator.clipboard.readText()).includes('class Line:')"
    )
    assert troubles == []


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_on_no_slide_is_anything_cut_or_too_small(page, tmp_path, troubles, path):
    deck = slides(NOTEBOOKS, path.name[:2], tmp_path, execute=False)
    for width, height in ((1920, 1080), (1024, 768)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(deck.as_uri())
        page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
        measures = page.evaluate(MEASURES, min(width / 1280, height / 720))
        assert len(measures) > 10
        assert [(i, m) for i, m in enumerate(measures) if m[0] > 720 or m[1] > 1280] == []
        assert [(i, m) for i, m in enumerate(measures) if m[2] < 18] == []
    assert troubles == []


def test_code_stays_with_what_it_prints_and_with_the_line_that_leads_to_it(page, tmp_path):
    text = "\n\n".join(["A line of text."] * 9)
    printed = new_output("stream", name="stdout", text="\n".join(map(str, range(8))))
    cells = [
        new_markdown_cell(f"# Why?\n\n{text}\n\nLook:"),
        new_code_cell("f()", outputs=[printed]),
    ]
    nbformat.write(new_notebook(cells=cells), tmp_path / "09_why.ipynb")
    page.goto(slides(tmp_path, "09", tmp_path, execute=False).as_uri())
    page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
    shown = page.locator("section:not(:has(section))").all_text_contents()
    assert len(shown) == 2
    assert "Look:" not in shown[0]
    assert all(part in shown[1] for part in ("Look:", "f()", "7"))


def test_answer_waits_for_the_next_key(page, tmp_path):
    page.goto(slides(NOTEBOOKS, "01", tmp_path, execute=False).as_uri())
    page.locator("html[data-ready]").wait_for(state="attached", timeout=60_000)
    indices = page.evaluate(
        """() => {
            const slide = Reveal.getSlides().find(s => s.querySelector(":scope > .fragment"));
            const {h, v} = Reveal.getIndices(slide);
            Reveal.slide(h, v, -1);  // no answer shown yet
            return [h, v];
        }"""
    )
    answer = page.locator("section.present .fragment[data-fragment-index='0']").first
    expect(answer).to_have_css("visibility", "hidden")
    page.keyboard.press("Space")
    expect(answer).to_have_css("visibility", "visible")
    assert page.evaluate("[Reveal.getIndices().h, Reveal.getIndices().v]") == indices
