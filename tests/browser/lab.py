"""A real JupyterLab in a real browser: start it, run a notebook, press keys, look at pixels."""

import hashlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from course.command.lab import SETTINGS

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FAILED = ", ".join(
    f'.jp-RenderedText[data-mime-type="application/vnd.jupyter.{kind}"]'
    for kind in ("error", "stderr")
)


def chromium():
    """Where the browser is, or None."""
    names = ("chromium", "chromium-browser", "google-chrome", "chrome")
    found = (shutil.which(name) for name in names)
    return os.environ.get("CHROMIUM") or next((path for path in found if path), None)


@contextmanager
def served(root, home, theme="JupyterLab Light", python=sys.executable):
    """JupyterLab as `downhill` starts it, serving `root`, settings in `home`; gives its address."""
    home = Path(home)
    quiet = {"fetchNews": "false", "checkForUpdates": False}
    write_setting(home, "apputils-extension/notification", quiet)
    write_setting(home, "apputils-extension/themes", {"theme": theme})
    # Every cell is in the page, not only those on the screen.
    write_setting(home, "notebook-extension/tracker", {"windowingMode": "none"})
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = os.environ | {
        "PATH": os.path.dirname(python) + os.pathsep + os.environ["PATH"],
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_CONFIG_PATH": str(SETTINGS),
        "IPYTHONDIR": str(home / "ipython"),
    }
    command = [python, "-m", "jupyter", "lab", "--allow-root", "--no-browser"]
    command += ["--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command += ["--IdentityProvider.token=", f"--ServerApp.root_dir={root}"]
    with open(home / "lab.log", "w") as log:
        server = subprocess.Popen(command, env=env, stdout=log, stderr=subprocess.STDOUT)
        try:
            wait_for_server(f"http://127.0.0.1:{port}/api/status", home / "lab.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(30)
            except subprocess.TimeoutExpired:  # on a busy machine it may hang over its kernels
                server.kill()
                server.wait()


def write_setting(home, extension, values):
    """Set what JupyterLab would otherwise ask, or fetch from the network."""
    path = home / "settings/@jupyterlab" / f"{extension}.jupyterlab-settings"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values))


def wait_for_server(address, log, seconds=90):
    """Wait until the server answers."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            urllib.request.urlopen(address, timeout=2).close()
            return
        except OSError:
            time.sleep(0.25)
    raise RuntimeError("JupyterLab didn't start: " + log.read_text()[-800:])


def open_notebook(page, address, name):
    """Open a notebook and wait until its kernel is idle."""
    page.goto(f"{address}/doc/tree/{name}?reset")
    page.locator(".jp-CodeCell").first.wait_for(timeout=90_000)
    wait_idle(page)
    page.wait_for_timeout(500)


def wait_idle(page, timeout=120_000):
    """Wait for the status bar: the toolbar's circle shows idle too early."""
    page.locator("#jp-main-statusbar", has_text="| Idle").wait_for(timeout=timeout)


def run_all(page, timeout=300_000):
    """Run all cells by the menu, and wait until each has its number and the kernel is idle.

    A folded cell shows no number at all.
    """
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    page.wait_for_timeout(1000)  # a saved notebook shows its old numbers until cells are queued
    page.wait_for_function(
        """() => [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')]
                 .map(prompt => prompt.textContent)  // empty where a cell's source is folded away
                 .every(text => text === '' || /\\[\\d+\\]/.test(text))""",
        timeout=timeout,
    )
    wait_idle(page, timeout)


def failures(page):
    """What cells wrote to stderr or raised."""
    return page.locator(FAILED).all_inner_texts()


def explorers(page):
    """The explorers on the page."""
    return page.locator(".downhill-explorer")


def picture_box(page, explorer):
    """Where an explorer's picture is on the page, scrolled into view."""
    picture = explorer.locator("svg[role=img]").first
    picture.scroll_into_view_if_needed()
    page.wait_for_timeout(300)
    return picture.bounding_box()


def pixels(page, box):
    """A fingerprint of what the screen shows in a box."""
    return hashlib.sha1(page.screenshot(clip=box)).hexdigest()


def press(page, handle, key, box, seconds=15):
    """Press a key on a slider; seconds from the key until pixels in the box changed."""
    handle.focus()
    before = pixels(page, box)
    start = time.perf_counter()
    page.keyboard.press(key)
    while pixels(page, box) == before:
        if time.perf_counter() - start > seconds:
            raise AssertionError(f"no pixel changed within {seconds} s of pressing {key}")
    return time.perf_counter() - start


def readout(explorer):
    """What the number box of the first slider says."""
    return explorer.locator("input[type=text]").first.input_value()


def uses_explorer(notebook):
    """Whether a notebook shows an explorer."""
    cells = json.loads(Path(notebook).read_text(encoding="utf-8"))["cells"]
    sources = ("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")
    return any("course.widgets" in source for source in sources)
