"""`downhill site OUT`: the lessons as a web site that needs neither a kernel nor a network.

Sphinx makes it, with MyST-NB for notebooks and the theme Furo: contents, search, previous and next,
light and dark, printing. Its own part here is what a lesson looks like to somebody who reads it.
"""

import importlib.util
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell

from course.publish.lessons import executed, for_readers, title_of

__all__ = ["site"]

HERE = Path(__file__).parent / "sphinx"
NEEDED = ("sphinx", "furo", "myst_nb", "sphinx_copybutton", "latex2mathml")


def site(notebooks, out, repository=None, execute=True):
    """Build the site of a folder of lessons.

    Parameters
    ----------
    notebooks, out : Path
        Where the lessons are, and where the pages go.
    repository : str, optional
        "OWNER/NAME" on GitHub, for links that open a lesson on Binder.
    execute : bool
        Whether lessons are run anew; else their saved outputs are shown.

    Returns
    -------
    int : Sphinx's exit code, 0 if all is well.
    """
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
    options = ["-q", "-W", "--keep-going", "-b", "html"]
    with tempfile.TemporaryDirectory() as there:
        source = Path(there)
        write_source(Path(notebooks), source, repository, execute)
        command = [sys.executable, "-m", "sphinx", *options, there, str(out)]
        return subprocess.run(command, check=False).returncode


def write_source(notebooks, source, repository, execute):
    """Write what Sphinx reads."""
    (source / "_static").mkdir()
    shutil.copy(HERE / "conf.py", source)
    for name in ("course.css", "course.js"):
        shutil.copy(HERE / name, source / "_static")
    pages = []
    for path in sorted(notebooks.glob("*.ipynb")):
        notebook = executed(path) if execute else nbformat.read(path, as_version=4)
        pages.append((path.stem, title_of(notebook)))
        notebook = for_readers(notebook)
        notebook.cells.insert(1, new_markdown_cell(how_to_run(path.name, repository)))
        notebook.metadata["myst"] = {"html_meta": {"description": description(notebook)}}
        nbformat.write(notebook, source / path.name)
    shutil.copy(notebooks / "NOTATION.md", source)
    (source / "index.md").write_text(index(pages), encoding="utf-8")


def how_to_run(name, repository):
    """Return the note that says how a page becomes a notebook that runs."""
    binder = ""
    if repository:
        address = f"https://mybinder.org/v2/gh/{repository}/HEAD?urlpath=lab/tree/lessons/{name}"
        binder = f" Or press [Binder]({address}): nothing to install, and nothing is kept."
    return (
        ":::{note}\nThis page was made from a notebook. To run and change it on your own machine, "
        "install the course and type `downhill`: it opens JupyterLab with all lessons, and there "
        f"`check` tells what an answer got wrong.{binder}\n:::"
    )


def description(notebook):
    """Return a lesson's first sentences, for search engines."""
    text = notebook.cells[0].source.split("\n\n")
    plain = " ".join(" ".join(text[1:2]).replace("*", "").split())
    return plain[:300]


def index(pages):
    """Return the first page: what the course is, and its lessons."""
    rows = "\n".join(f"- {name[:2]} [{title}]({name})" for name, title in pages)
    names = "\n".join(f"{name[:2]} {title} <{name}>" for name, title in pages)
    return (
        "# Downhill: machine learning from the gradient up\n\n"
        "A course in notebooks, and the small library that the notebooks build. You write every "
        "idea once by hand, then find that the library's version is the same few lines.\n\n"
        f"{rows}\n\nThe symbols stand on a [page of their own](NOTATION).\n\n"
        f"```{{toctree}}\n:hidden:\n\n{names}\nNOTATION\n```\n"
    )
