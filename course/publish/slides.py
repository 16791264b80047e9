"""`downhill slides 03 OUT`: a deck of slides for a lesson, one file that needs no network.

It is cut from the lesson itself: a cell's slide metadata says where it goes, and where a cell says
nothing, its heading or its place does. nbconvert makes the page, reveal.js (in the package
sphinx-revealjs) shows it; `deck.js` breaks up in the browser what would not fit on a slide.
"""

import ast
import importlib.resources
import re
from pathlib import Path

import nbformat
from nbformat.v4 import new_markdown_cell
from pygments.formatters import HtmlFormatter

from course.exercises.cells import part_of
from course.publish.lessons import (
    describe_pictures,
    executed,
    fold,
    needs_kernel,
    title_of,
)
from course.publish.mathml import Formulas

__all__ = ["deck", "slides"]

HERE = Path(__file__).parent / "reveal"
PREDICT = re.compile(r"(?<!says )\*\*Predict\b")  # the first page says what the word means


def slides(notebooks, number, out, execute=True):
    """Write the deck of a lesson, given by its number ("03"), into a folder; return its path."""
    found = sorted(Path(notebooks).glob(f"{number}_*.ipynb"))
    if not found:
        known = ", ".join(sorted(path.name[:2] for path in Path(notebooks).glob("*.ipynb")))
        raise ValueError(
            f"there is no lesson {number!r}; there are {known}. Write downhill slides 03 OUT"
        )
    notebook = executed(found[0], "lecture") if execute else nbformat.read(found[0], as_version=4)
    target = Path(out) / f"{found[0].stem}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(deck(notebook), encoding="utf-8")
    return target


def deck(notebook):
    """Return a lesson as one page of slides."""
    from nbconvert import SlidesExporter

    title, formulas = title_of(notebook), Formulas()
    notebook = for_a_room(notebook, formulas)
    exporter = SlidesExporter(
        template_name="downhill", extra_template_basedirs=[str(HERE)], embed_images=True
    )
    resources = {"downhill": {"title": title, **files()}}
    return formulas.put_back(exporter.from_notebook_node(notebook, resources)[0])


def files():
    """What the page holds of reveal.js and of our own, as text."""
    reveal = importlib.resources.files("sphinx_revealjs") / "_static" / "revealjs"
    theirs = {
        "reveal_css": "dist/reveal.css",
        "reveal_js": "dist/reveal.js",
        "notes_js": "plugin/notes/notes.js",
    }
    ours = {"deck_css": "deck.css", "deck_js": "deck.js"}
    texts = {name: (reveal / path).read_text(encoding="utf-8") for name, path in theirs.items()}
    texts |= {name: (HERE / path).read_text(encoding="utf-8") for name, path in ours.items()}
    texts["code_css"] = HtmlFormatter(style="a11y-high-contrast-light").get_style_defs(".highlight")
    return {name: text.replace("</script", "<\\/script") for name, text in texts.items()}


def for_a_room(notebook, formulas):
    """Change a notebook in place: each cell with its place in the deck, notes for who teaches."""
    cells, asked, answered = [], False, False
    for cell in notebook.cells:
        _, part = part_of(cell)
        if needs_kernel(cell):
            continue
        if part == "solution":
            fold(cell)
        place = cell.metadata.get("slideshow", {}).get("slide_type") or usual_place(cell, asked)
        place = "subslide" if answered and place == "-" else place
        cell.metadata["slideshow"] = {"slide_type": place}
        answered = part == "solution"
        asked = cell.cell_type == "markdown" and bool(PREDICT.search(cell.source))
        if cell.cell_type == "markdown":
            notes = notes_for(cell.source)
            cell.source = formulas.take_out(cell.source)
            cells += [cell, *([notes] if notes and place != "skip" else [])]
        else:
            describe_pictures(cell)
            cells.append(cell)
    notebook.cells = cells
    return notebook


def usual_place(cell, asked):
    """Where a cell goes that doesn't say so; `asked`: the cell before it asks to predict."""
    _, part = part_of(cell)
    if cell.cell_type == "markdown":
        heading = re.match(r"#+ ", cell.source)
        if heading:
            return "slide" if len(heading[0]) <= 3 else "subslide"
        return "subslide" if PREDICT.search(cell.source) else "-"
    if part == "solution" or asked:
        return "fragment"
    hidden = cell.metadata.get("jupyter", {}).get("source_hidden")
    return "skip" if hidden or mostly_imports(cell.source) else "-"


def mostly_imports(source):
    """Whether a cell does little but import names: a room needn't see it."""
    try:
        lines = [(type(node), node.end_lineno - node.lineno + 1) for node in ast.parse(source).body]
    except SyntaxError:  # a magic of IPython's
        return False
    imports = sum(count for kind, count in lines if kind in (ast.Import, ast.ImportFrom))
    return imports > sum(count for _, count in lines) / 2


def notes_for(source):
    """Return a cell of speaker notes with minutes and what to ask the room, None without either."""
    lines = []
    minutes = re.search(r"^#.*?(\d+) min", source, flags=re.MULTILINE)
    if minutes:
        lines.append(f"About {minutes[1]} minutes for somebody who reads alone.")
    if PREDICT.search(source):
        lines.append("Ask the room, and take a show of hands before the next key.")
    if not lines:
        return None
    return new_markdown_cell("\n\n".join(lines), metadata={"slideshow": {"slide_type": "notes"}})
