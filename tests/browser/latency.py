"""How long from a key press to changed pixels, in a real JupyterLab and without a kernel.

    python -m tests.browser.latency [presses]

Explorers live and exported, and the same picture drawn anew by `interact` and `plt.show()`, in one
run; and what 500 moves leave behind in the kernel. The browser's own screencast stamps each frame
that it shows; a press is answered by the first frame whose pixels inside the picture differ.
"""

import base64
import io
import sys
import tempfile
from pathlib import Path
from statistics import median, quantiles

import nbformat
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright

from course.widgets import explore_learning_rate

from .lab import FLAGS, chromium, explorers, open_notebook, run_all, served

VIEW = {"width": 1200, "height": 900}

LIVE = """
from course.widgets import explore_boundary, explore_hidden, explore_learning_rate
explorer = explore_learning_rate()
explorer
"""
MEMORY = """
import gc, resource
from pathlib import Path

def megabytes():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 1e6

rates = explorer.controls["rate"].positions
for moves in range(600):
    if moves == 100:
        before = megabytes()
    explorer.set(rate=rates[moves % len(rates)], data=["as measured", "standardised"][moves % 2])
explorer.set(**explorer.presets["reset"])
print(f"{megabytes() - before:+.1f} MB after 500 moves more")
"""
REDRAWN = """
import ipywidgets
import matplotlib.pyplot as plt
from course.widgets import learning_rate
from course.widgets.base import Curve

known = learning_rate.data.line(learning_rate.np.random.default_rng(0))
line, loss = learning_rate.Line(0.5, 0.5), learning_rate.squared_error
problem = learning_rate.Problem.of(loss, line, known.x, known.y)

def show(position=50):
    figure = plt.figure(figsize=(10, 4.6), layout="constrained")
    axes = figure.subplot_mosaic([["fit", "path", "cost"], ["rate"] * 3], height_ratios=[8, 1])
    learning_rate.draw_all(axes, problem)
    for mark in learning_rate.move(problem, 10 ** (-6 + position / 50), 1000)[0]:
        axes[mark.axes].plot(mark.x, mark.y, mark.line or "o", color=mark.color)
    plt.show()

ipywidgets.interact(show, position=(0, 120));
"""


def main(presses=25):
    """Measure all, print a table."""
    codes = (LIVE, "explore_hidden()", "explore_boundary()", REDRAWN, MEMORY)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    cells = [nbformat.v4.new_code_cell(code.strip()) for code in codes]
    book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        nbformat.write(book, Path(folder) / "latency.ipynb")
        exported = Path(folder) / "exported.html"
        exported.write_text(f"<!doctype html><body>{explore_learning_rate().export()}", "utf-8")
        browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
        with served(folder, Path(folder) / "home") as address:
            page = browser.new_page(viewport=VIEW)
            open_notebook(page, address, "latency.ipynb")
            run_all(page)
            rate, hidden, boundary = explorers(page).all()
            redrawn = page.locator(".widget-interact").first
            print("| | ms, median | 90th percentile |\n|---|---:|---:|")
            row("learning rate", measure(page, rate, slide(rate), presses))
            row("hidden units: the rate", measure(page, hidden, slide(hidden, 1), presses))
            row("boundary: other points", measure(page, boundary, toggle(boundary), presses))
            row("`interact` and `plt.show()`", measure(page, redrawn, slide(redrawn), presses))
            left = page.get_by_text("MB after 500 moves").last.inner_text()
        page = browser.new_page(viewport=VIEW)
        page.goto(exported.as_uri())
        alone = explorers(page).first
        alone.get_by_role("status").wait_for()
        row("learning rate, exported", measure(page, alone, slide(alone, back=True), presses))
        print(f"\n{left}")


def row(name, times):
    """Print a line of the table."""
    print(f"| {name} | {median(times):.0f} | {quantiles(times, n=10)[-1]:.0f} |", flush=True)


def slide(place, index=0, back=False):
    """Press the right arrow on a slider, or the left one and it in turn where it is short."""
    slider = place.get_by_role("slider").nth(index)
    return lambda press: slider.press("ArrowLeft" if back and press % 2 else "ArrowRight")


def toggle(place):
    """Choose the other points, by a key."""
    names = ("penguins, in mm", "a sine")
    buttons = [place.get_by_role("button", name=name, exact=True) for name in names]
    return lambda press: buttons[press % 2].press("Enter")


def measure(page, place, act, presses):
    """Milliseconds from each press to the frame that shows its effect."""
    place.scroll_into_view_if_needed()
    page.wait_for_timeout(1500)
    frames = []
    client = page.context.new_cdp_session(page)

    def keep(event):
        frames.append((event["metadata"]["timestamp"], event["data"]))
        client.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    client.on("Page.screencastFrame", keep)
    # A third of the size: the browser should answer, not encode.
    small = {"format": "jpeg", "quality": 80, "maxWidth": 600, "maxHeight": 450}
    client.send("Page.startScreencast", small)
    page.evaluate(
        "window.pressed = 0; addEventListener('keydown', "
        "() => { window.pressed = Date.now() / 1000 }, true)"
    )
    box = place.locator("svg[role=img], img").first.bounding_box()
    sides = box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
    act(0)
    page.wait_for_timeout(1500)
    times = []
    for press in range(1, presses + 1):
        before = crop(frames[-1], sides)
        del frames[:]
        act(press)
        page.wait_for_timeout(300)
        while not (shown := [t for t, data in frames if differ(before, crop((t, data), sides))]):
            page.wait_for_timeout(100)
        page.wait_for_timeout(300)  # until all is still
        times.append(1000 * (shown[0] - page.evaluate("window.pressed")))
    client.send("Page.stopScreencast")
    return times


def crop(frame, sides):
    """The pixels of a frame inside a box given in the page's coordinates."""
    image = Image.open(io.BytesIO(base64.b64decode(frame[1]))).convert("L")
    scale = image.width / VIEW["width"]
    return image.crop([round(scale * side) for side in sides])


def differ(before, after):
    """Whether more changed than the picture's compression does by itself."""
    return ImageChops.difference(before, after).getextrema()[1] > 40


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
