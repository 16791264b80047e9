"""The `downhill` command: what it says, what it opens, and where it can't."""

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
from course.command.copies import shipped_lessons
from course.command.lab import LARGE_TYPE, SETTINGS

FIRST = "--LabApp.default_url=/lab/tree/00_start_here.ipynb"


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


NO_HOME = """
import os, sys
from course.__main__ import main
os.environ.pop("HOME", None)
os.setuid(54321)  # a number without a name or a home, as containers give it
sys.exit(main(sys.argv[1:]))
"""


@pytest.mark.skipif(getattr(os, "getuid", lambda: 1)() != 0, reason="only root can become nobody")
def test_without_a_home_folder_a_sentence_names_the_cure(tmp_path):
    command = [sys.executable, "-c", NO_HOME, "--copy-only"]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert "downhill my-lessons" in run.stderr


def test_home_of_nobody_is_a_sentence_too():
    assert "downhill my-lessons" in downhill.main(["~nobody-here/x", "--copy-only"])


def test_terminal_without_accents_prints_all_the_same(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "course", "mes-leçons", "--copy-only"],
        cwd=tmp_path,
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    assert rb"mes-le\xe7ons" in run.stdout


def test_command_copies_every_lesson_of_the_course(tmp_path):
    run = subprocess.run(
        [sys.executable, "-m", "course", "mine", "--copy-only"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"Your lessons are in {tmp_path / 'mine'}" in run.stdout
    lessons = sorted(file.name for file in shipped_lessons().glob("*.ipynb"))
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


def test_courses_settings_go_below_the_learners_own(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyterlab.labapp.main", lambda arguments: None)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "already-here")
    monkeypatch.chdir(tmp_path)
    downhill.main(["mine"])
    first, second = os.environ["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert (Path(first), second) == (SETTINGS, "already-here")


def test_root_in_a_container_is_let_in(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
    monkeypatch.setattr(os, "geteuid", lambda: 0, raising=False)
    monkeypatch.chdir(tmp_path)
    downhill.main(["mine"])
    assert calls == [[FIRST, "--allow-root"]]


def test_jupyters_options_need_the_dashes(capsys):
    with pytest.raises(SystemExit):
        downhill.main(["--port", "8899"])
    assert "unrecognized arguments: --port" in capsys.readouterr().err


def test_lecture_opens_its_lesson_in_large_type(tmp_path, monkeypatch):
    calls = []
    monkeypatch.setattr("jupyterlab.labapp.main", calls.append)
    monkeypatch.setattr(os, "geteuid", lambda: 1000, raising=False)
    monkeypatch.delenv("DOWNHILL_LECTURE", raising=False)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "")
    monkeypatch.chdir(tmp_path)
    downhill.main(["lecture", "03", "mine", "--", "--no-browser"])
    assert calls == [["--LabApp.default_url=/lab/tree/03_classification.ipynb", "--no-browser"]]
    assert os.environ["DOWNHILL_LECTURE"] == "1"
    assert os.environ["JUPYTER_CONFIG_PATH"] == f"{LARGE_TYPE}{os.pathsep}{SETTINGS}"
    os.environ.pop("DOWNHILL_LECTURE")


@pytest.mark.parametrize("command", [["lecture", "77"], ["slides", "77", "out", "--saved"]])
def test_lesson_that_is_not_there_is_a_sentence(command, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    message = downhill.main(command)
    assert "there is no lesson '77'; there are 00, 01, 02" in message


WITHOUT_MATHML = """
import sys
sys.modules["latex2mathml.converter"] = None  # as if it were not installed
from course.__main__ import main
sys.exit(main(["slides", "00", ".", "--saved"]))
"""


def test_what_publishing_needs_is_said_where_it_is_missing(tmp_path):
    command = [sys.executable, "-c", WITHOUT_MATHML]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert run.returncode == 1
    assert "Traceback" not in run.stderr
    assert 'pip install ".[publish]"' in run.stderr


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
    for _ in range(1200):
        with contextlib.suppress(OSError), urllib.request.urlopen(address, timeout=5) as page:
            assert page.url == f"{address}/lab/tree/00_start_here.ipynb"
            break
        time.sleep(0.1)
    else:
        pytest.fail("JupyterLab did not answer within 120 s")
    with urllib.request.urlopen(f"{address}/api/contents", timeout=5) as answer:
        served = {entry["name"] for entry in json.load(answer)["content"]}
    assert served == {path.name for path in (tmp_path / "mine").glob("[!.]*")}
    with urllib.request.urlopen(f"{address}/lab/api/settings", timeout=20) as answer:
        settings = {entry["id"]: entry["schema"] for entry in json.load(answer)["settings"]}
    news = settings["@jupyterlab/apputils-extension:notification"]["properties"]["fetchNews"]
    assert news["default"] == "false"  # or a question covers the first lesson
