"""The `downhill` command: the learner's folder is filled, and nothing of the learner's is lost."""

import contextlib
import importlib.metadata
import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from course import __main__ as downhill
from course.__main__ import MANIFEST, copy_lessons

LESSON, OTHER = "01_line.ipynb", "02_noise.ipynb"
FIRST = "--LabApp.default_url=/lab/tree/00_start_here.ipynb"


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


def test_interrupted_write_leaves_the_old_file_whole(source, folder, monkeypatch):
    def full_disk(path, content):
        with open(path, "wb") as file:
            file.write(content[:3])
        raise OSError(28, "No space left on device")

    new_version(source, 2)
    monkeypatch.setattr(Path, "write_bytes", full_disk)
    with pytest.raises(OSError, match="No space left"):
        copy_lessons(source, folder)
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


def test_folder_that_cannot_be_written_is_named_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "replace", refuse)
    message = downhill.main([str(tmp_path / "mine"), "--copy-only"])
    assert f"can't put the lessons into {tmp_path / 'mine'}" in message
    assert "Permission denied" in message
    assert "downhill my-lessons" in message
    assert list((tmp_path / "mine").iterdir()) == []


def test_file_in_place_of_the_folder_is_named_with_the_cure(tmp_path):
    (tmp_path / "letter").write_text("dear reader")
    message = downhill.main([str(tmp_path / "letter"), "--copy-only"])
    assert "File exists" in message
    assert "downhill my-lessons" in message
    assert (tmp_path / "letter").read_text() == "dear reader"


def test_command_copies_every_lesson_of_the_course(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "course", "mine", "--copy-only"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Your lessons are in {tmp_path / 'mine'}" in run.stdout
    lessons = sorted(file.name for file in downhill.shipped_lessons().glob("*.ipynb"))
    assert lessons[0] == "00_start_here.ipynb"
    assert sorted(file.name for file in (tmp_path / "mine").glob("*.ipynb")) == lessons


def test_installed_command_is_this_one():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="downhill")
    assert command.load() is downhill.main


def test_jupyterlab_opens_the_first_lesson_in_the_folder(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.chdir(tmp_path)
    downhill.main(["mine", "--", "--no-browser", "--port=8899"])
    assert calls == [[FIRST, "--no-browser", "--port=8899"]]
    assert Path.cwd() == tmp_path / "mine"


def test_root_in_a_container_is_let_in(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.chdir(tmp_path)
    downhill.main(["mine"])
    assert calls == [[FIRST, "--allow-root"]]


def test_home_is_the_default_and_jupyters_options_need_the_dashes(capsys):
    assert downhill.parse([]).folder == Path("~/downhill-lessons")
    with pytest.raises(SystemExit):
        downhill.parse(["--port", "8899"])
    assert "unrecognized arguments: --port" in capsys.readouterr().err


@pytest.fixture
def address(tmp_path):
    """The address of what `downhill` serves, started as a learner would, stopped afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "course", "mine", "--", "--no-browser", f"--port={port}"]
    quiet = ["--ServerApp.port_retries=0", "--IdentityProvider.token="]
    with subprocess.Popen(
        [*command, *quiet],
        cwd=tmp_path,
        env=os.environ | {"JUPYTER_RUNTIME_DIR": str(tmp_path / "runtime")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as server:
        yield f"http://127.0.0.1:{port}"
        server.terminate()


def test_command_serves_the_first_lesson_from_the_learners_folder(tmp_path, address):
    for _ in range(300):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as page:
            assert page.url == f"{address}/lab/tree/00_start_here.ipynb"
            break
        time.sleep(0.1)
    else:
        pytest.fail("JupyterLab did not answer within 30 s")
    with urllib.request.urlopen(f"{address}/api/contents", timeout=5) as answer:
        served = {entry["name"] for entry in json.load(answer)["content"]}
    assert served == {path.name for path in (tmp_path / "mine").glob("[!.]*")}
