"""`downhill doctor` says one line for each look, with the cure where something is wrong."""

import os
import socket
import sys

import pytest

from course.__main__ import main
from course.command import doctor as doctors


def test_all_is_well_where_the_tests_run(tmp_path, capsys):
    assert main(["doctor", str(tmp_path)]) == 0
    *looks, last = capsys.readouterr().out.splitlines()
    names = ["Python", "packages", "lessons folder", "port", "browser", "kernel and widget"]
    assert [line.split(":")[0] for line in looks] == [f"✓ {name}" for name in names]
    assert last == "All is well."


def test_a_look_that_finds_something_says_what_and_the_cure_and_the_others_go_on(capsys):
    assert main(["doctor", "~nobody-here/lessons"]) == 1
    lines = capsys.readouterr().out.splitlines()
    (bad,) = [line for line in lines if line.startswith("✗")]
    assert "nobody-here" in bad
    assert bad.endswith("Name another folder: downhill my-lessons")
    assert len(lines) == 7


def test_missing_and_old_packages_come_with_the_command_that_brings_them():
    with pytest.raises(doctors.Trouble, match="numpy>=99, a-package-nobody-wrote") as trouble:
        doctors.packages(["numpy>=99", "numpy>=2", "a-package-nobody-wrote"])
    cure = f"{sys.executable} -m pip install 'numpy>=99' 'a-package-nobody-wrote'"
    assert trouble.value.cure == cure


def test_packages_of_extras_are_not_asked_for():
    assert doctors.packages(["numpy", 'nobody-wrote-this; extra == "test"']).startswith("numpy ")


def test_taken_port_is_no_trouble():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
        assert "JupyterLab will take the next one" in doctors.port(number)


def test_file_in_place_of_the_folder_is_found(tmp_path):
    (tmp_path / "letter").write_text("dear reader")
    with pytest.raises(doctors.Trouble, match="can't be written"):
        doctors.writable(tmp_path / "letter")


def test_kernel_that_does_not_start_is_found(monkeypatch):
    monkeypatch.setattr(doctors, "SECONDS", 2)
    monkeypatch.setattr(sys, "executable", os.devnull)
    with pytest.raises(doctors.Trouble, match="no kernel starts") as trouble:
        doctors.widget()
    assert "ipykernel" in trouble.value.cure


def test_slider_that_does_not_answer_is_found(monkeypatch):
    deaf = doctors.WIDGET.replace("setattr(text", "setattr(object")
    monkeypatch.setattr(doctors, "WIDGET", deaf)
    monkeypatch.setattr(doctors, "ANSWER", 1)
    with pytest.raises(doctors.Trouble, match="doesn't answer"):
        doctors.widget()


@pytest.mark.parametrize("name", ["numpy.py", "course.py", "random.py"])
def test_file_that_hides_a_module_from_the_lessons_is_found(name, tmp_path):
    (tmp_path / "my_notes.py").write_text("")
    assert doctors.writable(tmp_path)
    (tmp_path / name).write_text("")
    with pytest.raises(doctors.Trouble, match=f"^{name} in ") as trouble:
        doctors.writable(tmp_path)
    assert trouble.value.cure.startswith("Rename it")


def test_command_says_which_file_hides_a_module(tmp_path, capsys):
    (tmp_path / "numpy.py").write_text("")
    main([str(tmp_path), "--copy-only"])
    assert "numpy.py hides what lessons import" in capsys.readouterr().out


def test_files_beside_a_folder_that_is_still_to_be_made_hide_nothing(tmp_path):
    (tmp_path / "numpy.py").write_text("")
    assert doctors.writable(tmp_path / "lessons")
