"""How long from a key press to changed pixels, in a real JupyterLab.

    python -m tests.browser.latency [presses]

The learning-rate explorer, and the same picture drawn anew by `interact` and `plt.show()`, in one
notebook and one run. The browser's own screencast stamps each frame that it shows; a press is
answered by the first frame whose pixels inside the picture differ.
"""

import base64
import io
import sys
import tempfile
from pathlib import Path
from statistics import median

import nbformat
from PIL import Image, ImageChops
from playwright.sync_api import sync_playwright

from .lab import FLAGS, chromium, explorers, open_notebook, run_all, served

VIEW = {"width": 1200, "height": 900}

EXPLORER = """
from course.widgets import explore_learning_rate
explorer = explore_learning_rate()
explorer
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
    """Measure both, print medians."""
    with tempfile.TemporaryDirectory() as folder:
        cells = [nbformat.v4.new_code_cell(code.strip()) for code in (EXPLORER, REDRAWN)]
        kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
        book = nbformat.v4.new_notebook(cells=cells, metadata={"kernelspec": kernel})
        nbformat.write(book, Path(folder) / "latency.ipynb")
        with served(folder, Path(folder) / "home") as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=FLAGS)
            page = browser.new_page(viewport=VIEW)
            open_notebook(page, address, "latency.ipynb")
            run_all(page)
            redrawn = page.locator(".widget-interact")
            for name, place, picture in (
                ("explorer", explorers(page).first, "svg[role=img]"),
                ("interact + plt.show()", redrawn.first, "img"),
            ):
                times = measure(page, place, picture, presses)
                print(
                    f"{name}: median of {presses} {median(times):.0f} ms, "
                    f"fastest {min(times):.0f}, slowest {max(times):.0f}"
                )


def measure(page, place, picture, presses):
    """Milliseconds from each press of the right arrow to the frame that shows its effect."""
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
    box = place.locator(picture).first.bounding_box()
    sides = box["x"], box["y"], box["x"] + box["width"], box["y"] + box["height"]
    place.get_by_role("slider").first.focus()
    page.wait_for_timeout(1000)
    times = []
    for _ in range(presses):
        before = crop(frames[-1], sides)
        del frames[:]
        page.keyboard.press("ArrowRight")
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
