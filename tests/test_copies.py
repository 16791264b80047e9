"""The learner's folder is filled with lessons to run, and nothing of the learner's is lost."""

import json
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from course.command.copies import MANIFEST, copy_lessons, shipped_lessons, without_outputs

LESSON, OTHER = "01_line.ipynb", "02_noise.ipynb"


@pytest.fixture
def source(tmp_path):
    """Two lessons as the package ships them."""
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / LESSON).write_text("lesson, version 1")
    (folder / OTHER).write_text("noise, version 1")
    (folder / ".hidden").write_text("not a lesson")
    (folder / ".ipynb_checkpoints").mkdir()
    return folder


@pytest.fixture
def folder(tmp_path, source):
    """A learner's folder after the first run."""
    folder = tmp_path / "deep" / "mine"
    copy_lessons(source, folder)
    return folder


def contents(folder):
    return {f.name: f.read_text() for f in folder.iterdir() if f.name != MANIFEST}


def new_version(source, number):
    (source / LESSON).write_text(f"lesson, version {number}")


def test_first_run_fills_a_new_folder_with_the_lessons_only(folder):
    assert contents(folder) == {LESSON: "lesson, version 1", OTHER: "noise, version 1"}


def test_second_run_does_and_says_nothing(source, folder):
    before = {f.name: f.stat().st_mtime_ns for f in folder.iterdir()}
    assert copy_lessons(source, folder) == []
    assert {f.name: f.stat().st_mtime_ns for f in folder.iterdir()} == before


def test_lesson_left_untouched_is_brought_up_to_date(source, folder):
    new_version(source, 2)
    assert copy_lessons(source, folder) == [f"  {LESSON}, brought up to date"]
    assert contents(folder)[LESSON] == "lesson, version 2"
    new_version(source, 3)
    copy_lessons(source, folder)
    assert contents(folder) == {LESSON: "lesson, version 3", OTHER: "noise, version 1"}


def test_changed_lesson_stays_when_the_course_has_nothing_new(source, folder):
    (folder / LESSON).write_text("my own answer")
    assert copy_lessons(source, folder) == []
    assert contents(folder) == {LESSON: "my own answer", OTHER: "noise, version 1"}


def test_changed_lesson_stays_and_the_new_version_comes_beside_it_once(source, folder):
    (folder / LESSON).write_text("my own answer")
    new_version(source, 2)
    (line,) = copy_lessons(source, folder)
    assert "01_line.ipynb has changes of yours and stays" in line
    assert "01_line-fresh.ipynb" in line
    assert contents(folder)[LESSON] == "my own answer"
    assert contents(folder)["01_line-fresh.ipynb"] == "lesson, version 2"

    (folder / "01_line-fresh.ipynb").unlink()
    assert copy_lessons(source, folder) == []
    assert "01_line-fresh.ipynb" not in contents(folder)


def test_fresh_copy_follows_the_course_until_the_learner_changes_it_too(source, folder):
    (folder / LESSON).write_text("my own answer")
    for number in (2, 3):
        new_version(source, number)
        copy_lessons(source, folder)
        assert contents(folder)["01_line-fresh.ipynb"] == f"lesson, version {number}"
    (folder / "01_line-fresh.ipynb").write_text("my second answer")
    new_version(source, 4)
    copy_lessons(source, folder)
    assert contents(folder) == {
        LESSON: "my own answer",
        "01_line-fresh.ipynb": "my second answer",
        "01_line-fresh-2.ipynb": "lesson, version 4",
        OTHER: "noise, version 1",
    }


def test_deleted_lesson_comes_back(source, folder):
    (folder / LESSON).unlink()
    assert copy_lessons(source, folder) == [f"  {LESSON}"]
    assert contents(folder)[LESSON] == "lesson, version 1"


def test_file_of_the_same_name_that_never_was_ours_stays(source, tmp_path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / LESSON).write_text("a letter")
    copy_lessons(source, folder)
    assert contents(folder) == {
        LESSON: "a letter",
        "01_line-fresh.ipynb": "lesson, version 1",
        OTHER: "noise, version 1",
    }


def test_folder_or_dangling_link_where_a_lesson_would_go_stays(source, tmp_path):
    folder = tmp_path / "mine"
    (folder / LESSON).mkdir(parents=True)
    (folder / OTHER).symlink_to(tmp_path / "nowhere")
    (folder / "01_line-fresh.ipynb").symlink_to(tmp_path / "nowhere")
    copy_lessons(source, folder)
    copy_lessons(source, folder)
    assert (folder / LESSON).is_dir()
    assert (folder / OTHER).is_symlink()
    assert (folder / "01_line-fresh.ipynb").is_symlink()
    assert (folder / "01_line-fresh-2.ipynb").read_text() == "lesson, version 1"
    assert (folder / "02_noise-fresh.ipynb").read_text() == "noise, version 1"


@pytest.mark.parametrize(
    "damage",
    ["", "{", "[]", '["x"]', "3", "null", '"01"', '{"01_line.ipynb": 3}', "\x00", "[" * 20_000],
)
def test_damaged_manifest_loses_nothing_and_repeats_nothing(source, folder, damage):
    (folder / MANIFEST).write_text(damage)
    (folder / LESSON).write_text("my own answer")
    new_version(source, 2)
    copy_lessons(source, folder)
    (folder / MANIFEST).write_text(damage)
    copy_lessons(source, folder)
    assert copy_lessons(source, folder) == []
    assert contents(folder) == {
        LESSON: "my own answer",
        "01_line-fresh.ipynb": "lesson, version 2",
        OTHER: "noise, version 1",
    }


def test_missing_manifest_takes_an_older_version_for_the_learners(source, folder):
    (folder / MANIFEST).unlink()
    new_version(source, 2)
    copy_lessons(source, folder)
    assert contents(folder)[LESSON] == "lesson, version 1"
    assert contents(folder)["01_line-fresh.ipynb"] == "lesson, version 2"


def test_manifest_names_the_versions_by_sha256(folder):
    sha256sum = "65fd703c9752fc65d8ca1910b448f7367f5edbd0d8418bdc216823c9a9464af9"
    assert json.loads((folder / MANIFEST).read_text())[LESSON] == [sha256sum]


FULL_DISK = """
import resource, sys
from pathlib import Path
from course.command.copies import copy_lessons
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
copy_lessons(*map(Path, sys.argv[1:]))
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows knows no limit of a file's size")
def test_full_disk_leaves_the_old_file_whole_and_nothing_half_written(source, folder):
    (source / LESSON).write_text("lesson, version 2, " + "longer " * 500)
    command = [sys.executable, "-c", FULL_DISK, source, folder]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert "File too large" in run.stderr
    assert contents(folder) == {LESSON: "lesson, version 1", OTHER: "noise, version 1"}


def test_complete_folder_that_cannot_be_written_still_opens(source, folder, monkeypatch):
    monkeypatch.setattr(os, "replace", refuse)
    assert copy_lessons(source, folder) == []


def test_shipped_folder_itself_is_left_alone(source):
    before = sorted(source.iterdir())
    assert copy_lessons(source, source) == []
    assert sorted(source.iterdir()) == before


def refuse(*_):
    raise PermissionError(13, "Permission denied")


# ---- lessons as Jupyter has them -----------------------------------------------------------------


def lesson(*sources, ran=False):
    """A notebook whose cells have these texts, as JupyterLab saves it."""
    outputs = [{"output_type": "stream", "name": "stdout", "text": ["42\n"]}]
    cells = [
        {"cell_type": "markdown", "metadata": {}, "source": ["# A title"]},
        *(
            {
                "cell_type": "code",
                "execution_count": 1 if ran else None,
                "metadata": {},
                "outputs": outputs if ran else [],
                "source": source.splitlines(keepends=True),
            }
            for source in sources
        ),
    ]
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def test_learners_copy_has_everything_but_what_running_left(source, tmp_path):
    (source / LESSON).write_text(lesson("print(6 * 7)", ran=True))
    copy_lessons(source, tmp_path / "mine")
    copied = json.loads((tmp_path / "mine" / LESSON).read_text())
    assert copied == json.loads(lesson("print(6 * 7)"))


def test_no_lesson_of_the_course_reaches_the_learner_with_outputs(tmp_path):
    copy_lessons(shipped_lessons(), tmp_path / "mine")
    cells = [
        cell
        for path in (tmp_path / "mine").glob("*.ipynb")
        for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "code"
    ]
    assert len(cells) > 400
    assert [c for c in cells if c["outputs"] or c["execution_count"] is not None] == []


def test_lesson_that_was_only_run_is_brought_up_to_date(source, tmp_path):
    mine = tmp_path / "mine"
    (source / LESSON).write_text(lesson("print(6 * 7)"))
    copy_lessons(source, mine)
    (mine / LESSON).write_text(lesson("print(6 * 7)", ran=True))
    assert copy_lessons(source, mine) == []  # the course has nothing new: its outputs stay
    assert contents(mine)[LESSON] == lesson("print(6 * 7)", ran=True)
    (source / LESSON).write_text(lesson("print(7 * 6)"))
    assert copy_lessons(source, mine) == [f"  {LESSON}, brought up to date"]


def test_lesson_with_one_changed_word_stays(source, tmp_path):
    mine = tmp_path / "mine"
    (source / LESSON).write_text(lesson("print(6 * 7)"))
    copy_lessons(source, mine)
    (mine / LESSON).write_text(lesson("print(6 * 8)", ran=True))
    (source / LESSON).write_text(lesson("print(7 * 6)"))
    copy_lessons(source, mine)
    assert contents(mine)[LESSON] == lesson("print(6 * 8)", ran=True)
    assert json.loads(contents(mine)["01_line-fresh.ipynb"]) == json.loads(lesson("print(7 * 6)"))


def test_older_course_brings_its_lessons_and_changed_ones_stay(source, tmp_path):
    mine = tmp_path / "mine"
    for text in ("print(1)", "print(2)"):
        (source / LESSON).write_text(lesson(text))
        (source / OTHER).write_text(lesson(text))
        copy_lessons(source, mine)
    (mine / OTHER).write_text(lesson("my own"))
    (source / LESSON).write_text(lesson("print(1)"))
    (source / OTHER).write_text(lesson("print(1)"))
    copy_lessons(source, mine)
    assert json.loads(contents(mine)[LESSON]) == json.loads(lesson("print(1)"))
    assert contents(mine)[OTHER] == lesson("my own")


def test_text_as_one_string_or_as_lines_is_the_same_lesson(source, tmp_path):
    mine = tmp_path / "mine"
    (source / LESSON).write_text(lesson("a = 1\nb = 2"))
    copy_lessons(source, mine)
    saved = json.loads(lesson("a = 1\nb = 2"))
    for cell in saved["cells"]:
        cell["source"] = "".join(cell["source"])
    (mine / LESSON).write_text(json.dumps(saved))
    (source / LESSON).write_text(lesson("a = 1"))
    assert copy_lessons(source, mine) == [f"  {LESSON}, brought up to date"]


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"[]", b'{"cells": 3}', b'{"cells": [1]}', b"\xff"]
)
def test_what_is_no_notebook_is_copied_as_it_is(content):
    assert without_outputs(content) == content


def test_no_link_that_lies_there_already_is_written_through(source, tmp_path, monkeypatch):
    mine, letter = tmp_path / "mine", tmp_path / "letter"
    mine.mkdir()
    letter.write_text("dear reader")
    monkeypatch.setattr("course.command.copies.secrets.token_hex", lambda n: "guessed")
    (mine / f".{LESSON}.guessed.part").symlink_to(letter)
    with pytest.raises(FileExistsError):
        copy_lessons(source, mine)
    assert letter.read_text() == "dear reader"


def test_many_at_once_leave_whole_lessons_and_nothing_else(source, tmp_path):
    for round in range(10):
        mine = tmp_path / f"mine{round}"
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _, mine=mine: copy_lessons(source, mine), range(8)))
        assert contents(mine) == {LESSON: "lesson, version 1", OTHER: "noise, version 1"}
