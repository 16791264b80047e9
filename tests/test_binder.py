"""What a Binder session installs is pinned, complete, and enough for the course."""

import importlib.metadata
import subprocess
import sys
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
BINDER = ROOT / "binder"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
PYTHON = (BINDER / "runtime.txt").read_text().strip().removeprefix("python-")
THERE = {"python_version": PYTHON, "sys_platform": "linux", "platform_system": "Linux", "extra": ""}


def read_pins():
    lines = (BINDER / "requirements.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {canonicalize_name(name): version for name, version in pins}


PINS = read_pins()


def is_met(need):
    version = PINS.get(canonicalize_name(need.name))
    return version is not None and need.specifier.contains(version)


def missing(requirements):
    """Return the requirements that hold on Binder and that the pins don't meet."""
    needed = [Requirement(text) for text in requirements]
    there = [need for need in needed if need.marker is None or need.marker.evaluate(THERE)]
    return [str(need) for need in there if not is_met(need)]


def test_python_is_one_that_the_course_supports():
    assert PYTHON in SpecifierSet(PROJECT["requires-python"])


def test_each_line_pins_one_version_once():
    names = [
        canonicalize_name(line.split("==")[0])
        for line in (BINDER / "requirements.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert len(names) == len(set(names)) == len(PINS)
    assert not [version for version in PINS.values() if not version[0].isdigit()]


def test_pins_meet_what_the_course_needs():
    assert missing(PROJECT["dependencies"]) == []


def test_missing_sees_a_pin_too_old_and_one_not_there():
    assert missing(["numpy>=99", "a-package-nobody-wrote", "numpy>=2.4"]) == [
        "numpy>=99",
        "a-package-nobody-wrote",
    ]


def test_pins_meet_what_the_pinned_packages_need():
    installed = {
        canonicalize_name(package.name): package for package in importlib.metadata.distributions()
    }
    same = [name for name in PINS if name in installed and installed[name].version == PINS[name]]
    unmet = {name: missing(installed[name].requires or []) for name in same}
    assert {name: needs for name, needs in unmet.items() if needs} == {}


def test_postbuild_installs_the_course_and_stops_at_an_error():
    script = BINDER / "postBuild"
    assert "set -e\npip install --no-cache-dir --no-deps .\n" in script.read_text()
    assert script.stat().st_mode & 0o111


def test_repo2docker_reads_the_folder_as_meant(tmp_path):
    image = subprocess.run(
        [sys.executable, "-m", "repo2docker", "--debug", "--no-build", str(ROOT)],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    recipe = image.stdout + image.stderr
    assert f"Building conda environment for python={PYTHON}\n" in recipe
    assert 'install --no-cache-dir -r "binder/requirements.txt"' in recipe
    assert "RUN ./binder/postBuild" in recipe
