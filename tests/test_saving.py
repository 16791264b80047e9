"""What is saved comes back bit for bit, or an error says why not."""

import collections
import json
import os
import pickle
import subprocess
import sys
import time
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from safetensors.numpy import load_file, save_file

from course import saving
from course.data import Batches
from course.functions import relu
from course.losses import mse
from course.models import Chain, Dense, Line
from course.optimizers import (
    AdaGrad,
    Adam,
    AdamW,
    Descent,
    Momentum,
    Nesterov,
    RMSProp,
)
from course.saving import load, save
from course.schedules import ExponentialDecay
from course.training import train
from course.trees import constant, parameters
from course.updating import update

DTYPES = sorted(saving.DTYPES)
numbers = st.sampled_from(DTYPES).flatmap(lambda dtype: arrays(dtype, array_shapes(min_dims=0)))
leaves = st.one_of(
    numbers,
    numbers.map(lambda array: array.reshape(-1)[0]),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.none(),
    st.text(max_size=3),
)
trees = st.recursive(
    leaves,
    lambda part: st.one_of(
        st.lists(part, max_size=3),
        st.lists(part, max_size=3).map(tuple),
        st.dictionaries(st.from_regex("[a-z]{1,3}", fullmatch=True), part, max_size=3),
        st.builds(Line, part, part),
    ),
    max_leaves=8,
)
same_folder = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "run.safetensors"


def generator(seed=0):
    return np.random.default_rng(seed)


def network(seed=0):
    rng = generator(seed)
    return Chain(Dense(2, 3, relu, rng=rng), Dense(3, 1, rng=rng))


def bits(tree):
    """Everything about a tree that must come back: types, dtypes, shapes, bytes."""
    parts = saving.children(tree)
    if parts is not None:
        return type(tree), [(name, bits(part)) for name, part in parts]
    if isinstance(tree, (np.ndarray, np.generic, float)):
        array = np.asarray(tree)
        return type(tree), array.dtype, array.shape, array.tobytes()
    return type(tree), tree


def blank(tree):
    """A tree of the same structure, with other numbers in it."""
    parts = saving.children(tree)
    if parts is not None:
        return saving.with_children(tree, [(name, blank(part)) for name, part in parts])
    if isinstance(tree, np.ndarray):
        return np.ones_like(tree)
    return type(tree)(1) if isinstance(tree, (bool, int, float, np.generic)) else tree


@same_folder
@given(tree=trees)
def test_what_is_saved_comes_back_bit_for_bit(path, tree):
    save(path, tree)
    assert bits(load(path, blank(tree))) == bits(tree)


def test_a_file_holds_readable_names_that_other_programs_can_read(path):
    save(path, network())
    held = load_file(path)
    assert sorted(held) == [
        *("layers.0.bias", "layers.0.weight"),
        *("layers.1.bias", "layers.1.weight"),
    ]
    np.testing.assert_array_equal(held["layers.0.weight"], network().layers[0].weight)


def test_functions_and_none_come_from_the_tree_that_load_is_given(path):
    save(path, [np.ones(2), None, abs])
    assert load(path, [np.zeros(2), None, relu])[1:] == [None, relu]


@pytest.mark.parametrize("other", ["b", "", "a ", 3, 1.0, None])
def test_a_string_must_be_the_same(path, other):
    save(path, {"w": np.ones(2), "unit": "a"})
    assert load(path, {"w": np.zeros(2), "unit": "a"})["unit"] == "a"
    with pytest.raises(ValueError, match=r"unit is .*in the file"):
        load(path, {"w": np.zeros(2), "unit": other})


def test_a_loaded_model_predicts_the_same_and_like_is_left_alone(path):
    model, like = network(0), network(1)
    before = bits(like)
    save(path, model)
    x = generator().random((5, 2))
    np.testing.assert_array_equal(load(path, like)(x), model(x))
    assert bits(like) == before


def test_what_is_loaded_can_be_written_to_and_is_no_ones_else(path):
    save(path, np.zeros(3))
    one, two = load(path, np.ones(3)), load(path, np.ones(3))
    one += 1
    np.testing.assert_array_equal(two, 0)


def test_a_tie_is_written_once_and_comes_back_tied(path):
    shared = np.arange(3.0)
    save(path, {"a": shared, "b": [shared], "equal": shared.copy()})
    assert sorted(load_file(path)) == ["a", "equal"]
    back = load(path, {"a": np.zeros(3), "b": [np.zeros(3)], "equal": np.zeros(3)})
    assert back["a"] is back["b"][0] is not back["equal"]
    assert len(parameters(back)) == 2


def test_like_does_not_tie_what_was_not_tied(path):
    save(path, [np.zeros(2), np.ones(2)])
    one = np.full(2, 7.0)
    np.testing.assert_array_equal(load(path, [one, one]), [[0, 0], [1, 1]])


@dataclass(frozen=True, slots=True)
class Scaled:
    weight: np.ndarray
    scale: np.ndarray = constant()
    powers: np.ndarray = field(default_factory=lambda: np.arange(3), metadata={"constant": True})
    degree: int = 2

    def __post_init__(self):
        assert self.degree != 5, "not called when a model is rebuilt"


def test_constants_and_settings_are_saved_too_and_frozen_models_load(path):
    model = Scaled(np.ones(2), np.full(2, 0.5, dtype=np.float32), np.array([4, 5, 6]), 3)
    save(path, model)
    back = load(path, Scaled(np.zeros(2), np.zeros(2), np.zeros(3, dtype=int), 2))
    assert bits(back) == bits(model)


def test_the_file_decides_the_dtype(path):
    save(path, {"weight": np.ones(2, dtype=np.float32)})
    assert load(path, {"weight": np.zeros(2)})["weight"].dtype == np.float32


def test_arrays_of_any_layout_come_back_with_their_values(path):
    rows = np.arange(12.0).reshape(3, 4)
    views = [rows.T, rows[::2, ::-1], np.asfortranarray(rows), rows.astype(">f8")]
    save(path, views)
    for view, back in zip(views, load(path, [np.zeros_like(v) for v in views]), strict=True):
        np.testing.assert_array_equal(back, view)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_generator_goes_on_where_it_was(path, kind):
    bit_generator = getattr(np.random, kind)
    rng, like = (np.random.Generator(bit_generator(seed)) for seed in (1, 2))
    rng.random(3), rng.integers(9, dtype=np.uint32)  # half a draw is kept as well
    save(path, {"rng": rng, "again": rng})
    before = like.bit_generator.state
    back = load(path, {"rng": like, "again": like})
    expected = rng.integers(99, size=5, dtype=np.uint32), rng.random(9)
    found = back["rng"].integers(99, size=5, dtype=np.uint32), back["again"].random(9)
    np.testing.assert_equal(found, expected)
    np.testing.assert_equal(like.bit_generator.state, before)


# Going on


def loss(model, x, y):
    return mse(model(x), y)


RULES = [Descent, Momentum, Nesterov, AdaGrad, RMSProp, Adam, AdamW]


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("model", [network(), Line(0.5, 0.5)], ids=["network", "line"])
def test_a_run_saved_and_continued_equals_the_run_that_never_stopped(path, rule, model):
    optimizer = rule(ExponentialDecay(0.01, decay=0.95))
    x = generator(1).random((20, 2)) if isinstance(model, Chain) else generator(1).random(20)
    y = np.sin(x @ np.ones((2, 1))) if isinstance(model, Chain) else np.sin(x)

    def run(model, rng, state=None, epochs=3):
        return train(loss, model, Batches(x, y, 8, rng=rng), optimizer, epochs=epochs, state=state)

    whole, history = run(model, generator(2), epochs=6)
    rng = generator(2)
    half, half_history = run(model, rng)
    save(path, {"model": half, "state": half_history.state, "rng": rng})

    _, state = update(model, model, optimizer)  # any gradient shows what a state looks like
    back = load(path, {"model": model, "state": state, "rng": generator(3)})
    resumed, resumed_history = run(back["model"], back["rng"], back["state"])
    assert bits(resumed) == bits(whole)
    assert bits(resumed_history.state) == bits(history.state)
    losses = np.concatenate([half_history.losses, resumed_history.losses])
    np.testing.assert_array_equal(losses, history.losses)


# Files that were never whole, or never ours


def precious(path):
    """Save a small tree with a bit of everything; returns the tree and the file's bytes."""
    tree = {"weight": np.array([1.0, 2.0]), "t": 3, "m": 0.5, "rng": generator()}
    save(path, tree)
    return tree, path.read_bytes()


def like():
    return {"weight": np.zeros(2), "t": 0, "m": 0.0, "rng": generator(1)}


def without_generator(tree):
    return bits({**tree, "rng": tree["rng"].bit_generator.state})


def test_a_file_cut_anywhere_raises(path):
    _, content = precious(path)
    for length in range(len(content)):
        path.write_bytes(content[:length])
        with pytest.raises(ValueError, match="is damaged, or not a file that save wrote"):
            load(path, like())


@same_folder
@given(where=st.floats(0, 1, exclude_max=True), junk=st.binary(min_size=1, max_size=9))
def test_a_damaged_file_raises_or_gives_what_was_saved(path, where, junk):
    tree, content = precious(path)
    start = int(where * len(content))
    path.write_bytes(content[:start] + junk + content[start + len(junk) :])
    try:
        back = load(path, like())
    except ValueError:
        return
    assert without_generator(back) == without_generator(tree)


def test_no_single_flipped_bit_goes_unseen(path):
    tree, content = precious(path)
    for where in range(len(content)):
        flipped = bytearray(content)
        flipped[where] ^= 1 << where % 8
        path.write_bytes(flipped)
        try:
            back = load(path, like())
        except ValueError:
            continue
        assert without_generator(back) == without_generator(tree)


def damaged(content, rng):
    """A file with bytes changed, inserted, left out or repeated, at one to four places."""
    for _ in range(rng.integers(1, 5)):
        a, b = sorted(rng.integers(0, len(content) + 1, 2))
        b = min(b, a + rng.integers(0, 40))
        junk = rng.bytes(rng.integers(0, 12)) if rng.random() < 0.7 else content[a:b] * 2
        content = content[:a] + junk + content[b:]
    return content


def forged(entries, rng):
    """A description with other kinds and values in it, as a stranger can write with a checksum."""
    odd = [-1, 0, 10**9, 2**64, 2**200, 0.5, "PCG64", None, [], {}, True, "weight", [[]], "\0"]
    entries, spots = json.loads(entries), []

    def collect(node):
        for key in node if isinstance(node, dict) else range(len(node)):
            spots.append((node, key))
            if isinstance(node[key], (dict, list)):
                collect(node[key])

    collect(entries)
    for node, key in (spots[i] for i in rng.integers(0, len(spots), rng.integers(1, 4))):
        node[key] = odd[rng.integers(len(odd))]
    return json.dumps(entries)


def used(back):
    """Draw from what was loaded, in each way that reads a generator's buffer."""
    for part in saving.children(back) or ():
        if isinstance(part[1], np.random.Generator):
            part[1].integers(99, size=9, dtype=np.uint32), part[1].random(1300)


@pytest.mark.parametrize("kind", ["PCG64", "PCG64DXSM", "MT19937", "Philox", "SFC64"])
def test_a_thousand_hostile_files_raise_in_words_or_load_and_never_crash(path, kind):
    def rngs(seed):
        return np.random.Generator(getattr(np.random, kind)(seed))

    tree = {"weight": np.array([1.0, 2.0]), "t": 3, "m": 0.5, "on": True, "rng": rngs(0)}
    like = {"weight": np.zeros(2), "t": 0, "m": 0.0, "on": False, "rng": rngs(1)}
    save(path, tree)
    content, rng, messages = path.read_bytes(), generator(5), []
    entries, tensors = saving._describe(tree)
    text = json.dumps(entries, default=lambda array: array.tolist())
    for turn in range(1000):
        if turn % 2:
            path.write_bytes(damaged(content, rng))
        else:
            other = forged(text, rng)
            checksum = saving._checksum(other, tensors)
            save_file(tensors, path, {"format": saving.FORMAT, "tree": other, "sha256": checksum})
        try:
            back = load(path, like)
        except ValueError as error:
            messages.append(str(error))
        else:
            used(back)
    assert len(messages) > 800
    assert all(message.startswith("load: ") for message in messages)


@pytest.mark.parametrize(
    ("kind", "place", "value"),
    [
        ("MT19937", "pos", 10**9),
        ("MT19937", "pos", 625),
        ("MT19937", "pos", -1),
        ("Philox", "buffer_pos", 10**6),
        ("Philox", "buffer_pos", 5),
        ("Philox", "buffer_pos", -1),
        ("Philox", "buffer_pos", True),
    ],
)
def test_a_generator_that_would_read_beyond_its_buffer_is_refused(path, kind, place, value):
    rng = np.random.Generator(getattr(np.random, kind)(0))
    entries, tensors = saving._describe([rng])
    state = entries["0"][1]
    (state["state"] if kind == "MT19937" else state)[place] = value
    text = json.dumps(entries, default=lambda array: array.tolist())
    checksum = saving._checksum(text, tensors)
    save_file(tensors, path, {"format": saving.FORMAT, "tree": text, "sha256": checksum})
    with pytest.raises(ValueError, match="load: 0 is a generator by"):
        load(path, [rng])


class Trap:
    def __reduce__(self):
        return pytest.fail, ("executed",)


@pytest.mark.parametrize("content", [b"", b"hello", b"\0" * 64, pickle.dumps(Trap())])
def test_a_foreign_file_raises_and_nothing_in_it_is_executed(path, content):
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"damaged, or not a file that save wrote.*write it again"):
        load(path, like())


def test_a_safetensors_file_of_another_program_is_told_apart(path):
    save_file({"weight": np.zeros(2)}, path)
    with pytest.raises(ValueError, match=r"course\.save .* didn't write.*load_file"):
        load(path, like())


@pytest.mark.parametrize(
    "entries",
    [
        {"weight": ["tie", "weight"]},
        {"weight": ["tie", "nowhere"]},
        {"weight": ["function", "os.system"]},
        {"weight": ["float", None]},
        {"missing": ["array", None]},
        {"weight": ["array", None], "t": ["int", "3"]},
        {"weight": ["array", None], "rng": ["generator", 3]},
        {"weight": ["array", None], "rng": ["generator", {"bit_generator": "PCG64"}]},
        {"weight": ["array", None], "rng": ["generator", {}]},
        {"weight": "array"},
        {"weight": 3},
        ["weight"],
        "weight",
    ],
    ids=json.dumps,
)
def test_a_forged_description_raises_though_its_checksum_is_right(path, entries):
    text, tensors = json.dumps(entries), {"weight": np.zeros(2)}
    checksum = saving._checksum(text, tensors)
    save_file(tensors, path, {"format": saving.FORMAT, "tree": text, "sha256": checksum})
    with pytest.raises(ValueError, match="load:"):
        load(path, {"weight": np.zeros(2), "t": 0, "rng": generator()})


def test_a_file_that_is_not_there(path):
    with pytest.raises(FileNotFoundError, match=r"run\.safetensors"):
        load(path, like())


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_save_that_fails_leaves_the_old_file_and_nothing_beside_it(path, monkeypatch, step):
    def fail(*_):
        raise OSError("no space left on device")

    _, content = precious(path)
    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="no space left"):
        save(path, {"weight": np.zeros(1000)})
    assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_save_replaces_the_file_that_a_link_points_to(path):
    precious(path)
    link = path.with_name("link")
    link.symlink_to(path)
    save(link, [2.0])
    assert link.is_symlink()
    assert load(path, [0.0]) == [2.0]


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o666, 0o400])
def test_who_may_read_a_file_stays_as_it_was(path, mode):
    save(path, [1.0])
    path.chmod(mode)
    save(path, [2.0])
    assert path.stat().st_mode & 0o777 == mode
    assert load(path, [0.0]) == [2.0]


def test_a_new_file_may_be_read_as_the_users_other_files(path):
    path.with_name("other").touch()
    save(path, [1.0])
    assert path.stat().st_mode == path.with_name("other").stat().st_mode


def test_a_tilde_is_the_home_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    save("~/model.safetensors", [2.0])
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert load(Path("~/model.safetensors"), [0.0]) == [2.0]
    with pytest.raises(FileNotFoundError, match=r"home folder in '~nobody-here/m' isn't known"):
        save("~nobody-here/m", [2.0])


@pytest.mark.parametrize("call", [lambda p: save(p, [1.0]), lambda p: load(p, [1.0])])
def test_a_folder_is_said_to_be_one(tmp_path, call):
    with pytest.raises(IsADirectoryError, match=r"is a folder\. Name a file in it"):
        call(tmp_path)


KILLED = """
import os, signal, sys, numpy as np
from course import save
os.fsync = lambda file: os.kill(os.getpid(), signal.SIGKILL)
save(sys.argv[1], np.zeros(1000))
"""


def test_what_killed_saves_leave_is_removed_by_the_next(path):
    _, content = precious(path)
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, path], check=False)
    left = [file for file in path.parent.iterdir() if file != path]
    assert len(left) == 2
    assert path.read_bytes() == content
    for file in left:
        os.utime(file, (0, time.time() - 61))  # a save a minute ago isn't under way any more
    stranger = path.with_name(f".{path.name}.notes")
    stranger.touch()
    save(path, [1.0])
    assert set(path.parent.iterdir()) == {path, stranger}


# Trees that don't fit, or can't be saved


def test_the_first_array_that_differs_is_named_with_both_shapes(path):
    save(path, network())
    wider = Chain(Dense(2, 4, relu, rng=generator()), Dense(4, 1, rng=generator()))
    message = r"layers\.0\.weight has shape \(2, 3\) in the file and \(2, 4\) in the tree"
    with pytest.raises(ValueError, match=message):
        load(path, wider)


MISFITS = {
    "absent": ({"m": 1.0}, {"m": 1.0, "b": 2.0}, r"load: b is in the tree and not in the file"),
    "extra": ({"m": 1.0, "b": 2.0}, {"m": 1.0}, r"b is in the file and has no place.*holds m, b;"),
    "None": ([np.zeros(2)], [None], r"0 is in the file and has no place in the tree"),
    "kind": ([1], [1.0], r"0 is of kind int in the file and float in the tree"),
    "generator": ([generator()], [1.0], r"of kind generator in the file and float in the tree"),
    "flat": (np.zeros(3), np.zeros((3, 1)), r"value has shape \(3,\) in the file and \(3, 1\) in"),
    "empty": ([], [1.0], r"holds nothing"),
    "long": ([*range(9)], [], r"holds 0, 1, 2, 3, 4, 5, 6, 7, \.\.\.;"),
    "other generator": (
        [generator()],
        [np.random.Generator(np.random.MT19937())],
        r"a generator by PCG64 in the file and MT19937 in the tree",
    ),
}


@pytest.mark.parametrize("case", MISFITS)
def test_a_tree_that_does_not_fit_is_told_where(path, case):
    tree, other, message = MISFITS[case]
    save(path, tree)
    with pytest.raises(ValueError, match=message):
        load(path, other)


class Plain:
    def __init__(self):
        self.weight = np.zeros(2)

    def __call__(self, x):
        return x @ self.weight


@dataclass
class Marked:
    thing: object = constant()


def closure(weight):
    return lambda x: x @ weight


def noted():
    line = Line(1.0, 2.0)
    line.remark = np.zeros(2)
    return line


def itself():
    tree = [1.0]
    tree.append(tree)
    return tree


BATCHES = Batches(np.zeros(3), np.zeros(3), 2, rng=generator())
UNSAVABLE = {
    "text": (
        {"a": [np.array(["b"])]},
        TypeError,
        r"a\.0 is of type <U1.*floats, integers and b",
    ),
    "objects": ([np.array([None])], TypeError, r"0 is of type object"),
    "longdouble": ([np.longdouble(1)], TypeError, r"0 is of type .* of up to 64 bits"),
    "complex": ([1j], TypeError, r"0 is a complex, which would be lost"),
    "batches": ({"data": BATCHES}, TypeError, r"data \(a Batches\).*\{'rng': batches\.rng\}"),
    "plain class": (Chain(Plain()), TypeError, r"layers\.0 \(a Plain\) .*Write @dataclass"),
    "old generator": ([np.random.RandomState(0)], TypeError, r"0 is a RandomState"),
    "deque": ([collections.deque([1, 2])], TypeError, r"0 is a deque, which would be lost"),
    "deque of arrays": ([collections.deque([np.zeros(2)])], TypeError, r"0 \(a deque\) holds"),
    "set": ({"s": {1.0}}, TypeError, r"s \(a set\) holds numbers"),
    "set of names": ({"s": {"a"}}, TypeError, r"s is a set, which"),
    "closure": ([closure(np.zeros(2))], TypeError, r"0 \(<lambda>\) holds numbers"),
    "partial": ([partial(np.dot, np.zeros(2))], TypeError, r"0 \(partial\) holds numbers"),
    "method": ([Plain().__call__], TypeError, r"0 \(__call__\) holds numbers"),
    "namespace": ([SimpleNamespace(a=[1.0])], TypeError, r"0 \(a SimpleNamespace\)"),
    "attribute": ([noted()], TypeError, r"0\.remark holds numbers"),
    "date": ([date(2020, 1, 1)], TypeError, r"0 is a date, which would be lost"),
    "bytes": ([b"a"], TypeError, r"0 is a bytes"),
    "masked": ({"m": np.ma.masked_equal([1.0, 2.0], 2)}, TypeError, r"m is masked"),
    "in a constant": (Marked(Plain()), TypeError, r"thing \(a Plain\)"),
    "in itself": (itself(), ValueError, r"contains itself"),
    "same name": ({"a.b": 1.0, "a": {"b": 2.0}}, ValueError, r"two parts would be called 'a.b'"),
    "reserved": ({"__metadata__": np.zeros(2)}, ValueError, r"called '__metadata__'. Rename a key"),
}


@pytest.mark.parametrize("case", UNSAVABLE)
def test_what_cannot_be_saved_is_named_and_no_file_is_made(path, case):
    tree, error, message = UNSAVABLE[case]
    with pytest.raises(error, match=message):
        save(path, tree)
    assert not path.exists()


def test_a_missing_folder_is_named(path):
    with pytest.raises(FileNotFoundError, match=r"there is no folder '.*nowhere'. Write Path"):
        save(path.parent / "nowhere" / "run.safetensors", [1.0])
