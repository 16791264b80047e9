"""Answers that would break the notebook: `check` says something and all goes on."""

import subprocess
import sys

import numpy as np
import pytest

from course.exercises import check

LOOP = []
LOOP.append(LOOP)
RING = {}
RING["ring"] = [RING]


class Itself:
    """An object that is its own field."""

    def __init__(self):
        self.me = self


class Endless:
    """An object that has always one more field inside."""

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return Endless()


class Liar:
    """An object whose every look raises what no Exception is."""

    @property
    def __dict__(self):
        raise SystemExit

    def __repr__(self):
        raise SystemExit


def deep(kind, depth=100_000):
    """Return a value nested 100,000 deep."""
    value = 1.0
    for _ in range(depth):
        value = [value] if kind is list else (value,) if kind is tuple else {"a": value}
    return value


STRANGE = {
    "a list of itself": LOOP,
    "a dict of itself": RING,
    "an object of itself": Itself(),
    "an endless object": Endless(),
    "an object that ends the kernel": Liar(),
    "deep lists": deep(list),
    "deep tuples": deep(tuple),
    "deep dicts": deep(dict),
}


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DOWNHILL_PROGRESS", str(tmp_path / "progress.json"))


@pytest.mark.parametrize("strange", STRANGE)
@pytest.mark.parametrize(
    "id", ["01-mse", "01-update", "01-rate", "01-model", "02-batches", "05-lion"]
)
def test_what_has_no_end_is_wrong_and_nothing_raises(id, strange):
    for answer in (STRANGE[strange], lambda *arguments: STRANGE[strange]):
        feedback = check(id, answer)
        assert not feedback.right
        assert str(feedback)
        assert feedback._repr_html_()
        assert len(str(feedback)) < 5000


def patched(p, y):
    np.mean = np.sum
    return np.mean((p - y) ** 2)


def test_numpy_is_put_back():
    before = np.mean
    assert not check("01-mse", patched).right
    assert np.mean is before
    assert check("01-mse", lambda p, y: np.mean((p - y) ** 2)).right


def closes(p, y):
    sys.stdout.close()
    print("gone")
    return 1.0


def recurses(p, y):
    sys.setrecursionlimit(3000)
    return recurses(p, y)


def fills(p, y):
    return np.ones(10**14)


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (closes, "never uses its argument `p`"),
        (recurses, "calls itself without end"),
        (fills, "More memory was asked for"),
        (lambda p, y: exit(), "leave it out"),
    ],
)
def test_what_can_be_contained_is(answer, says, capsys):
    limit = sys.getrecursionlimit()
    assert says in check("01-mse", answer).message
    assert sys.getrecursionlimit() == limit
    assert not sys.stdout.closed


def run(code, tmp_path):
    """Run a program; return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", "from course.exercises import check\n" + code],
        capture_output=True, text=True, timeout=120, check=False, cwd=tmp_path,
    )  # fmt: skip
    return done.returncode, done.stdout


@pytest.mark.skipif(not hasattr(__import__("os"), "fork"), reason="nothing forks there")
def test_a_process_that_an_answer_forks_ends_with_the_check(tmp_path):
    code = """
import os
def my_mse(p, y):
    os.fork()
    return 1.0
print(check("01-mse", my_mse).state, flush=True)
"""
    assert run(code, tmp_path) == (0, "wrong\n")


@pytest.mark.parametrize("closing", ["sys.stdout.close()", "sys.stdout = None"])
def test_a_closed_screen_is_no_failure(tmp_path, closing):
    code = f"""
import sys, os
{closing}
state = check("01-mse", lambda p, y: print(1)).state
os.write(1, state.encode())
"""
    assert run(code, tmp_path) == (0, "wrong")
