"""What the documents say of lessons and hubs is so."""

import re
import subprocess
import sys
from pathlib import Path

import yaml
from test_lessons import NOTEBOOKS, sittings

DOCS = Path(__file__).parent.parent / "docs"


def timetable():
    """`docs/teaching.md`'s table: {lesson's number: minutes of its sittings}."""
    text = (DOCS / "teaching.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \[(\d\d) .*?\]\(.*?\) \| ([\d, ]+) \|", text, flags=re.MULTILINE)
    return {number: [int(m) for m in minutes.split(",")] for number, minutes in rows}


def test_timetable_has_the_minutes_of_each_sitting():
    assert timetable() == {path.name[:2]: sittings(path) for path in NOTEBOOKS}


def test_no_example_is_an_open_hub():
    values = yaml.safe_load((DOCS / "hub" / "values.yaml").read_text())
    config = values["hub"]["config"]
    assert config["JupyterHub"]["authenticator_class"] not in ("dummy", "null", "tmp")
    assert "allow_all" not in str(config)


def test_image_of_the_hub_opens_the_first_lesson_with_one_blas_thread():
    user = yaml.safe_load((DOCS / "hub" / "values.yaml").read_text())["singleuser"]
    assert user["defaultUrl"].endswith(f"/lessons/{NOTEBOOKS[0].name}")
    assert user["extraEnv"]["OPENBLAS_NUM_THREADS"] == "1"


def test_hub_copies_the_lessons_to_the_students_disk(tmp_path):
    values = yaml.safe_load((DOCS / "hub" / "values.yaml").read_text())
    home = values["hub"]["config"]["Spawner"]["notebook_dir"]
    *command, folder = values["singleuser"]["lifecycleHooks"]["postStart"]["exec"]["command"]
    opened = values["singleuser"]["defaultUrl"].removeprefix("/lab/tree")
    assert f"{home}{opened}" == f"{folder}/{NOTEBOOKS[0].name}"
    for _ in range(2):  # a server is started again and again
        subprocess.run([sys.executable, *command[1:], tmp_path / "lessons"], check=True)
        assert (tmp_path / "lessons" / NOTEBOOKS[0].name).exists()


def test_faults_name_tests_that_there_are():
    text = (DOCS / "faults.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", text)
    assert len(named) > 10
    tests = DOCS.parent
    for file, name in named:
        assert (tests / file).exists(), file
        assert f"def {name}" in (tests / file).read_text(encoding="utf-8"), name
