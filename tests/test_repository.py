"""What the README promises holds, and the repository is in the state it asks of others."""

import contextlib
import io
import os
import re
import socket
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from pytest_socket import SocketConnectBlockedError

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("[!.]*/**/README.md"))]


def blocks(language):
    """Return the README's code blocks in a language."""
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def run(*command):
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, encoding="utf-8", check=False
    )


def test_readmes_program_prints_what_the_readme_shows():
    (program,), (shown,) = blocks("python"), blocks("text")
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(program, "README.md", "exec"), {"__name__": "readme"})
    assert printed.getvalue() == shown


def test_links_lead_somewhere():
    """Links to other sites aren't followed: tests need no network."""
    options = ["--check-links", "--check-links-ignore=https?://.*", "--links-ext=md,ipynb"]
    quiet = ["-q", "-p", "no:cacheprovider", "-o", "addopts="]
    checked = run(sys.executable, "-m", "pytest", *quiet, *options, "notebooks", *map(str, PAGES))
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_lesson_table_lists_the_lessons_that_are_there():
    listed = re.findall(r"^\| \[.*?\]\(notebooks/(.*?)\)", README, flags=re.MULTILINE)
    assert listed == sorted(path.name for path in (ROOT / "notebooks").glob("*.ipynb"))


def test_ci_runs_the_readmes_test_command():
    start, test = blocks("sh")
    (pattern,) = re.findall(r"grep -m 1 '(.*)' README.md", (ROOT / ".ci" / "run").read_text())
    assert re.findall(f"{pattern}.*", README, flags=re.MULTILINE) == [test.strip()]
    assert start.strip().endswith(".venv/bin/downhill")


def test_windows_spelling_is_the_same_command():
    for posix, windows in zip(blocks("sh"), blocks("bat"), strict=True):
        said = posix.strip().replace("python3 ", "py ").replace('".[test]"', ".[test]")
        said = re.sub(r"\.venv/bin/(\w+)", r".venv\\Scripts\\\1", said)
        assert windows.strip() == f'cmd /c "{said}"'


def test_ci_script_is_one_that_bash_can_run():
    assert run("bash", "-n", ".ci/run").returncode == 0
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


def test_readme_names_the_python_that_the_package_asks_for():
    oldest = PROJECT["requires-python"].removeprefix(">=")
    assert f"Python {oldest} or newer" in README
    assert f"than {oldest} (`python3 --version` tells)" in README


def test_changelog_starts_with_this_version():
    (newest, *_) = re.findall(r"^## ([\d.]+)", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert newest == PROJECT["version"]


def test_contributing_fits_on_a_page():
    assert len((ROOT / "CONTRIBUTING.md").read_text().splitlines()) < 50


@pytest.mark.parametrize(
    "command", [["ruff", "check"], ["ruff", "format", "--check"], ["codespell_lib"]]
)
def test_code_and_lessons_are_clean(command):
    checked = run(sys.executable, "-m", *command, ".")
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_hooks_need_nothing_but_the_environment():
    hooks = (ROOT / ".pre-commit-config.yaml").read_text()
    assert re.findall(r"repo: (.*)", hooks) == ["local"]
    assert set(re.findall(r"language: (.*)", hooks)) == {"system"}


def test_tests_reach_this_machine_only():
    with (
        socket.socket() as outward,
        pytest.warns(UserWarning, match="192.0.2.1"),
        pytest.raises(SocketConnectBlockedError),
    ):
        outward.connect(("192.0.2.1", 80))  # an address kept for documentation


def test_citation_has_what_the_format_asks_for_and_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["version"] == PROJECT["version"]


@pytest.mark.parametrize("path", sorted(ROOT.glob(".github/**/*.yml")), ids=lambda p: p.name)
def test_forms_and_workflows_are_yaml(path):
    assert yaml.safe_load(path.read_text())


def test_workflow_runs_sessions_that_there_are():
    workflow = yaml.safe_load((ROOT / ".github/workflows/tests.yml").read_text())
    wanted = {
        row["session"] for row in workflow["jobs"]["versions"]["strategy"]["matrix"]["include"]
    }
    listed = run(sys.executable, "-m", "nox", "--list").stdout
    assert wanted <= set(re.findall(r"^\* (\S+) ->", listed, flags=re.MULTILINE))
