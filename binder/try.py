"""What the image of a Binder session or a hub does, without Docker, until lesson 01 has run.

python binder/try.py PYTHON3.13 makes a fresh environment with that Python, takes the steps that
repo2docker takes (requirements with their hashes, postBuild), says how large it is, and runs
lesson 01 in its JupyterLab, in a browser. It needs the network, and the environment of `.[test]`.
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "tests"))
from browser import lab  # noqa: E402

LARGEST = 450  # MB


def main(python):
    """Take the image's steps in a temporary folder."""
    with tempfile.TemporaryDirectory() as there:
        repository, environment = Path(there, "repository"), Path(there, "environment")
        subprocess.run(["git", "clone", "-q", str(ROOT), str(repository)], check=True)
        subprocess.run([python, "-m", "venv", str(environment)], check=True)
        install(repository, environment)
        size = megabytes(environment)
        print(f"{size:.0f} MB installed, {LARGEST} allowed")
        began = time.monotonic()
        failures = run_lesson(repository / "lessons", Path(there), environment / "bin" / "python")
        print(
            f"lesson 01 ran in JupyterLab in {time.monotonic() - began:.0f} s: {failures or 'ok'}"
        )
        return 1 if failures or size > LARGEST else 0


def install(repository, environment):
    """What the image's layers run, as one shell would."""
    env = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    env["PATH"] = f"{environment / 'bin'}{os.pathsep}{env['PATH']}"
    for command in (
        [
            "pip",
            "install",
            "-q",
            "--no-cache-dir",
            "--require-hashes",
            "-r",
            "binder/requirements.txt",
        ],
        ["./binder/postBuild"],
    ):
        subprocess.run(command, cwd=repository, env=env, check=True)


def megabytes(folder):
    """Size of all files in a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file()) / 1e6


def run_lesson(lessons, home, python):
    """Open and run lesson 01; what its cells wrote to stderr or raised."""
    os.environ.update(OPENBLAS_NUM_THREADS="1", PYTHONPATH="")
    with lab.served(lessons, home, python=str(python)) as address, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=lab.chromium(), args=lab.FLAGS)
        page = browser.new_page(viewport={"width": 1366, "height": 768})
        lab.open_notebook(page, address, "01_gradient_descent.ipynb")
        lab.run_all(page)
        return lab.failures(page)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
