"""What is done is kept, whatever happens to the file."""

import base64
import json
import os
import re
import subprocess
import sys
import threading

import pytest

from course.exercises import check, progress
from course.exercises.lessons import exercises
from course.exercises.record import FILE, Progress, locked, read

DONE = {"downhill": 1, "done": ["00-first"]}


@pytest.fixture
def file(tmp_path, monkeypatch):
    """The progress file, in a folder of its own that is the current one."""
    monkeypatch.delenv("DOWNHILL_PROGRESS", raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / FILE


def test_nothing_is_done_at_first_and_looking_writes_nothing(file):
    assert progress().done == []
    assert not file.exists()


def test_a_right_answer_is_written_beside_the_notebook(file):
    check("00-first", 1)
    check("00-first", 2)
    assert json.loads(file.read_text()) == DONE
    assert os.listdir(file.parent) == [FILE]


def test_a_wrong_answer_later_takes_nothing_away(file):
    check("01-rate", exercises()["01-rate"].reference)
    check("01-rate", 1.0)
    assert progress().done == ["01-rate"]


def test_lesson_by_lesson_in_words(file):
    check("00-first", 1)
    text = str(progress())
    assert "00 Start here: 1 of 1 done" in text
    assert "✓ 00-first" in text
    assert "○ 01-mse" in text
    page = progress()._repr_html_()
    assert "(done, <code>00-first</code>)" in page
    assert "(not done yet, <code>01-mse</code>)" in page


def test_the_download_holds_the_file(file):
    check("00-first", 1)
    link = re.search(r'href="data:application/json;base64,([^"]+)"', progress()._repr_html_())
    assert base64.b64decode(link[1]).decode() == file.read_text(encoding="utf-8")
    assert f'download="{FILE}"' in progress()._repr_html_()


@pytest.mark.parametrize("as_text", [True, False])
def test_restoring_adds_to_what_is_done(file, tmp_path, as_text):
    download = tmp_path / "download.json"
    download.write_text(json.dumps({"downhill": 1, "done": ["01-mse", "00-first"]}))
    check("00-first", 1)
    restored = progress(restore=download.read_text() if as_text else download)
    assert restored.done == ["00-first", "01-mse"]
    assert read(file.read_text()) == ["00-first", "01-mse"]


@pytest.mark.parametrize(
    "source",
    ["nowhere.json", "{", '{"a": 1}', "x" * 10_000, 7, ["a"], "a\0b", "/dev", '{"a":' * 100_000],
)
def test_what_cannot_be_restored_is_said_and_changes_nothing(file, source):
    check("00-first", 1)
    answer = progress(restore=source)
    assert answer.done == ["00-first"]
    assert "Nothing restored" in str(answer)
    assert json.loads(file.read_text()) == DONE


BROKEN = {
    "cut off": b'{"downhill": 1, "done": ["01-m',
    "empty": b"",
    "binary": b"\xff\xfe\x00\x01",
    "foreign": b'{"scores": [1, 2]}',
    "a list": b"[1, 2]",
    "ids that aren't text": b'{"downhill": 1, "done": [1]}',
    "nested deeply": b"[" * 100_000,
    "nested deeply, in an object": b'{"downhill": 1, "done": ' + b"[" * 100_000,
    "very long": b'{"downhill": 1, "done": ["' + b"x" * 2_000_000 + b'"]}',
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN)
def test_a_broken_or_foreign_file_is_set_aside(file, content):
    file.write_bytes(content)
    assert check("00-first", 1).right
    assert json.loads(file.read_text()) == DONE
    (aside,) = [name for name in os.listdir(file.parent) if name != FILE]
    assert (file.parent / aside).read_bytes() == content
    assert "broken" in aside


def test_a_second_broken_file_does_not_overwrite_the_first(file):
    for content in ("one", "two"):
        file.write_text(content)
        assert "could not be read" in str(progress())
    aside = sorted(p.read_text() for p in file.parent.glob("*broken*"))
    assert aside == ["one", "two"]


def test_ids_of_a_newer_course_are_kept(file):
    file.write_text(json.dumps({"downhill": 1, "done": ["42-unheard-of"]}))
    check("00-first", 1)
    assert read(file.read_text()) == ["42-unheard-of", "00-first"]


def test_a_folder_that_cannot_be_written_is_no_failure(file, monkeypatch):
    def refuse(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.write_text", refuse)
    assert check("00-first", 1).right
    assert not file.exists()
    assert progress().done == ["00-first"]
    assert f"{FILE} can't be written here" in str(progress())


def test_once_it_can_be_written_again_it_is(file, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", no_space)
        check("00-first", 1)
    check("01-rate", exercises()["01-rate"].reference)
    assert read(file.read_text()) == ["00-first", "01-rate"]
    assert progress().notes == []


def test_removing_the_file_begins_again(file):
    check("00-first", 1)
    file.unlink()
    assert progress().done == []


def test_a_folder_where_the_file_should_be_is_no_failure(file):
    file.mkdir()
    assert check("00-first", 1).right
    assert progress().done == ["00-first"]


def test_an_interrupted_write_leaves_the_old_file_whole(file, monkeypatch):
    check("00-first", 1)

    monkeypatch.setattr("os.replace", no_space)
    check("01-rate", exercises()["01-rate"].reference)
    assert json.loads(file.read_text()) == DONE
    assert os.listdir(file.parent) == [FILE]


def no_space(*arguments):
    raise OSError(28, "No space left on device")


ADD = """
import sys
from course.exercises.record import Progress
for n in range(100):
    Progress.here().add(f"{sys.argv[1]}-{n}")
"""


def test_two_kernels_that_add_at_once_lose_nothing(file):
    kernels = [subprocess.Popen([sys.executable, "-c", ADD, name]) for name in "abcd"]
    assert [kernel.wait(timeout=300) for kernel in kernels] == [0, 0, 0, 0]
    assert sorted(progress().done) == sorted(f"{name}-{n}" for name in "abcd" for n in range(100))
    assert os.listdir(file.parent) == [FILE]


def test_two_threads_that_add_at_once_lose_nothing(file):
    def add(name):
        for n in range(50):
            Progress.here().add(f"{name}-{n}")

    threads = [threading.Thread(target=add, args=name) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(progress().done) == 200


@pytest.mark.skipif(sys.platform == "win32", reason="a folder isn't locked there")
def test_a_lock_that_is_never_given_back_is_waited_for_and_then_passed_over(file, monkeypatch):
    naps = []
    monkeypatch.setattr("time.sleep", naps.append)
    held = locked(file.parent)
    assert check("00-first", 1).right
    assert sum(naps) >= 5
    os.close(held)
    assert progress().done == ["00-first"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes with a name")
def test_a_pipe_in_the_files_place_is_not_waited_for(file):
    os.mkfifo(file)
    assert "it is no file" in str(progress())


def test_markup_in_a_file_is_shown_as_text(file):
    file.write_text(json.dumps({"downhill": 1, "done": ["<script>alert(1)</script>"]}))
    page = progress()._repr_html_()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page
    assert "<b>" not in progress(restore="<b>no</b>.json")._repr_html_()
