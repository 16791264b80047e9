"""Lessons for readers without a kernel: what stays, what is folded, what becomes a slide."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.exercises.cells import part_of
from course.publish.lessons import for_readers
from course.publish.mathml import Formulas, mathml
from course.publish.site import site
from course.publish.slides import for_a_room, slides

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"


def lesson(number="01"):
    (path,) = NOTEBOOKS.glob(f"{number}_*.ipynb")
    return nbformat.read(path, as_version=4)


def markdown(*sources):
    return new_notebook(cells=[new_markdown_cell(source) for source in sources])


def places(notebook):
    return [cell.metadata["slideshow"]["slide_type"] for cell in notebook.cells]


# ---- formulas ------------------------------------------------------------------------------------


def test_formula_becomes_mathml_and_needs_no_script():
    assert mathml(r"\frac{1}{n}").startswith("<math ")
    assert "<mfrac>" in mathml(r"\frac{1}{n}")


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("the slope $m$ and $$ b = 1 $$", 2),
        ("`$m$` and ```\n$m$\n``` are code", 0),
        ("costs $5 or $6", 0),
        (r"\$m$ is escaped", 0),
        ("$$\n\\sum_i\nx_i\n$$", 1),
    ],
)
def test_formulas_are_found_in_text_and_not_in_code_or_prices(text, count):
    formulas = Formulas()
    marked = formulas.take_out(text)
    assert len(formulas.made) == count
    assert formulas.put_back(marked).count("<math ") == count
    assert count or marked == text


# ---- a lesson to read ----------------------------------------------------------------------------


def test_reader_meets_each_exercise_with_hints_and_solution_and_nothing_that_asks_to_be_run():
    before = [part_of(cell) for cell in lesson().cells]
    read = for_readers(lesson())
    parts = [part_of(cell) for cell in read.cells]
    solutions = [cell for cell in read.cells if part_of(cell)[1] == "solution"]
    assert {part for _, part in parts} == {None, "question", "skeleton", "solution"}
    assert len(solutions) == [part for _, part in before].count("solution") > 0
    assert sum("<summary>Hints</summary>" in cell.source for cell in read.cells) == len(solutions)
    assert all("hide-input" in cell.metadata["tags"] for cell in solutions)
    assert not [cell for cell in solutions if "check(" in cell.source or cell.outputs]


def test_every_picture_of_a_reader_has_the_sentence_that_its_cell_prints():
    for cell in for_readers(lesson()).cells:
        if cell.cell_type == "code" and any("image/png" in o.get("data", {}) for o in cell.outputs):
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20


# ---- a lesson to show ----------------------------------------------------------------------------


def test_heading_starts_a_slide_and_prediction_one_below_it_with_the_answer_on_the_next_key():
    notebook = markdown("# A question?", "text", "**Predict:** up or down?")
    notebook.cells.append(new_code_cell("print(1)"))
    shown = for_a_room(notebook, Formulas())
    assert places(shown) == ["slide", "-", "subslide", "notes", "fragment"]
    assert "Ask the room" in shown.cells[3].source


def test_a_page_that_says_what_predict_means_asks_nothing_yet():
    notebook = markdown("# A question?\n\nWhere it says **Predict**, answer aloud.")
    notebook.cells += [new_code_cell("1"), *markdown("**Predict before you run:** which?").cells]
    notebook.cells.append(new_code_cell("2"))
    shown = for_a_room(notebook, Formulas())
    assert places(shown) == ["slide", "-", "subslide", "notes", "fragment"]


def test_what_a_cell_says_of_its_place_is_kept():
    notebook = markdown("# A question?", "an aside")
    notebook.cells[1].metadata["slideshow"] = {"slide_type": "skip"}
    assert places(for_a_room(notebook, Formulas())) == ["slide", "skip"]


def test_imports_are_not_shown_and_minutes_are_told_to_who_teaches():
    notebook = markdown("## 3 · Downhill (15 minutes)")
    notebook.cells.append(new_code_cell("import numpy as np\nfrom course import train\n\nx = 1"))
    shown = for_a_room(notebook, Formulas())
    assert places(shown) == ["slide", "notes", "skip"]
    assert "15 minutes" in shown.cells[1].source


def test_what_is_folded_in_the_lesson_is_not_shown():
    notebook = markdown("## Second sitting")
    folded = {"jupyter": {"source_hidden": True}}
    notebook.cells.append(new_code_cell("def f(x): ...", metadata=folded))
    assert places(for_a_room(notebook, Formulas())) == ["slide", "skip"]


def test_solution_comes_with_the_next_key_and_what_follows_on_another_slide():
    shown = for_a_room(lesson(), Formulas())
    for cell, after in zip(shown.cells, shown.cells[1:], strict=False):
        if part_of(cell)[1] == "solution":
            assert cell.metadata["slideshow"]["slide_type"] == "fragment"
            assert after.metadata["slideshow"]["slide_type"] not in ("-", "fragment")


def test_deck_is_one_file_that_fetches_nothing(tmp_path):
    page = slides(NOTEBOOKS, "01", tmp_path, execute=False).read_text(encoding="utf-8")
    page = re.sub(r"(<script>).*?(</script>)", r"\1\2", page, flags=re.DOTALL)
    assert re.findall(r'<(?:script|link|img|iframe)[^>]*(?:src|href)="(?!data:)', page) == []
    assert re.findall(r"url\((?!['\"]?data:)", page) == []
    assert "<math " in page
    assert 'alt=""' not in page
    assert len(page) < 3e6


def test_script_tag_in_an_output_does_not_end_the_decks_own_script(tmp_path):
    output = new_output("display_data", data={"text/html": "<script>window.mine = 1</script>"})
    nbformat.write(
        new_notebook(cells=[new_markdown_cell("# Why?"), new_code_cell("x", outputs=[output])]),
        tmp_path / "09_why.ipynb",
    )
    page = slides(tmp_path, "09", tmp_path, execute=False).read_text(encoding="utf-8")
    assert page.count("</script>") == 4
    assert "window.mine = 1" in page


# ---- the site ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    out = tmp_path_factory.mktemp("site")
    assert site(NOTEBOOKS, out, "somebody/downhill", execute=False) == 0
    return out


def test_site_has_a_page_for_each_lesson_that_leads_on_and_back(pages):
    stems = sorted(path.stem for path in NOTEBOOKS.glob("*.ipynb"))
    for before, stem, after in zip([None, *stems], stems, [*stems[1:], None], strict=False):
        page = (pages / f"{stem}.html").read_text(encoding="utf-8")
        assert before is None or f'href="{before}.html"' in page
        assert after is None or f'href="{after}.html"' in page
        assert f"somebody/downhill/HEAD?urlpath=lab/tree/lessons/{stem}.ipynb" in page
        assert '<meta content="' in page or '<meta name="description"' in page


def test_site_fetches_nothing_from_a_network_and_its_formulas_are_drawn_by_the_browser(pages):
    for path in pages.glob("*.html"):
        page = path.read_text(encoding="utf-8")
        fetched = re.findall(r'<(?:script|img|iframe)[^>]*src="(https?:[^"]*)', page)
        fetched += re.findall(r'<link[^>]*rel="stylesheet"[^>]*href="(https?:[^"]*)', page)
        assert fetched == []
        assert "mathjax.js" not in page.lower()
    assert "<math " in (pages / "01_gradient_descent.html").read_text(encoding="utf-8")


def test_first_page_weighs_less_than_a_megabyte_and_a_lesson_less_than_three(pages):
    def weight(name):
        page = (pages / name).read_text(encoding="utf-8")
        files = set(re.findall(r'(?:src|href)="((?:_static|_images)/[^"?#]*)', page))
        return len(page) + sum((pages / file).stat().st_size for file in files)

    assert weight("index.html") < 1e6
    assert all(weight(path.name) < 3e6 for path in pages.glob("0*.html"))
