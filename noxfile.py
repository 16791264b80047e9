"""`nox` runs the tests with the oldest and the newest dependencies on the Pythons present."""

import nox

nox.options.default_venv_backend = "uv"
nox.options.error_on_missing_interpreters = False
nox.options.sessions = ["oldest", "newest"]
LOCK = "binder/requirements.txt"


@nox.session(python="3.11")
def oldest(session):
    """Library and lessons with the oldest versions that pyproject.toml allows."""
    session.install("--resolution=lowest-direct", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests", "course"]))


@nox.session(python=["3.11", "3.12", "3.13"])
def newest(session):
    """The same with the newest."""
    session.install("--upgrade", ".[test]")
    session.run("python", "-m", "pytest", *(session.posargs or ["tests", "course"]))


@nox.session
def nbgrader(session):
    """Three students handed a lesson, collected from, graded: what docs/teaching.md says."""
    session.install(".[test]")
    graded = session.create_tmp()
    session.run("python", "-m", "pytest", "tests/test_nbgrader.py", f"--basetemp={graded}")
    session.log(f"the class, with each student's feedback: {graded}/class0")


@nox.session(venv_backend="none")
def lock(session):
    """Write down anew what a Binder session or a hub's image installs, with hashes."""
    options = ["--python-version=3.13", "--python-platform=x86_64-manylinux_2_28", "--upgrade"]
    quiet = ["--generate-hashes", "--no-annotate", "--no-emit-index-url", "--quiet"]
    made_by = "--custom-compile-command=nox -s lock"
    inputs = ["pyproject.toml", "binder/requirements.in"]
    session.run("uv", "pip", "compile", *options, *quiet, made_by, *inputs, f"-o={LOCK}")
