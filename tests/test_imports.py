"""Imports run one way, and `import course` loads nothing heavy."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

COURSE = Path(__file__).parent.parent / "course"

# Module: what it may import of the course. `structs` and `functions` lie at the bottom.
PICTURE = {
    "structs": set(),
    "functions": set(),
    "errors": {"structs", "functions"},
    "trees": {"structs", "errors"},
    "data": {"trees", "datasets", "errors"},
    "datasets": {"errors"},
    "saving": {"structs", "errors"},
    "losses": {"functions", "errors"},
    "models": {"trees", "functions", "errors"},
    "optimizers": {"errors"},
    "updating": {"trees", "optimizers", "errors"},
    "autodiff": {"trees", "errors"},
    "engine": {"structs", "trees", "autodiff", "optimizers", "updating", "errors"},
    "schedules": {"errors"},
    "theory": {"trees", "autodiff", "functions"},
    "training": {"trees", "autodiff", "optimizers", "updating", "engine", "errors"},
}
CORE = set(PICTURE) | {"__init__"}
PICTURE |= {
    "__init__": set(PICTURE),
    "__main__": {"command", "publish"},
    "command": set(),
    "plots": CORE,
    "widgets": CORE | {"plots"},
    "exercises": CORE,
    "publish": CORE | {"exercises"},
}
HEAVY = {
    "anywidget": {"widgets"},
    "ipywidgets": {"widgets", "exercises"},
    "jupyterlab": {"command"},
    "matplotlib": {"plots", "widgets"},
    "nbconvert": {"publish"},
    "pandas": set(),
    "safetensors": {"saving"},
    "scipy": set(),
    "sphinx": {"publish"},
    "tqdm": {"training"},
}


def imports_of(file):
    """Return the dotted names that a file imports, wherever in it."""
    package = ["course", *file.relative_to(COURSE).parent.parts]
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) + 1 - node.level] if node.level else []
            start = ".".join([*base, *([node.module] if node.module else [])])
            yield from (f"{start}.{alias.name}" for alias in node.names)


def unit_of(dotted):
    """Return which part of the course a dotted name lies in; `course` itself is its __init__."""
    name = dotted.split(".")[1] if "." in dotted else "__init__"
    return name if name in PICTURE else "__init__"


def files_of(unit):
    return sorted((COURSE / unit).rglob("*.py")) or [COURSE / f"{unit}.py"]


def test_picture_shows_every_module():
    there = {path.stem for path in COURSE.glob("*.py")}
    there |= {path.parent.name for path in COURSE.glob("*/__init__.py")}
    assert there == set(PICTURE)


@pytest.mark.parametrize("unit", PICTURE)
def test_imports_follow_the_picture(unit):
    found = {
        unit_of(name)
        for file in files_of(unit)
        for name in imports_of(file)
        if name.split(".")[0] == "course"
    }
    assert found - {unit} <= PICTURE[unit]


@pytest.mark.parametrize("unit", PICTURE)
def test_heavy_packages_are_imported_only_where_they_are_used(unit):
    found = {name.split(".")[0] for file in files_of(unit) for name in imports_of(file)}
    assert [package for package in HEAVY if package in found and unit not in HEAVY[package]] == []


def test_the_engine_is_imported_by_training_alone():
    assert [unit for unit in PICTURE if "engine" in PICTURE[unit] and unit in CORE] == [
        "training",
        "__init__",
    ]


def test_picture_has_no_circle():
    def below(unit, path=()):
        assert unit not in path, f"imports in a circle: {' -> '.join([*path, unit])}"
        return {unit}.union(*(below(lower, (*path, unit)) for lower in PICTURE[unit]))

    apart = {"__init__", "models", "losses", "data", "datasets", "saving", "schedules", "theory"}
    assert below("training") == CORE - apart


def test_import_course_loads_nothing_heavy():
    show = "import sys, course; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = set(run.stdout.split())
    assert {"course", "numpy", "autograd"} <= loaded
    assert loaded.isdisjoint(HEAVY)
