"""Two threads at once, and Ctrl-C at any line: no wrong number, and the next gradient works."""

import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from autograd.core import VSpace
from autograd.tracer import Box, trace_stack

import course.engine
from course import (
    Adam,
    Batches,
    Chain,
    Dense,
    Line,
    cross_entropy,
    gradient,
    mse,
    parameters,
    record,
    relu,
    train,
)

X = np.linspace(-1, 1, 12)
Y = 3 * X + 1


def line_loss(model, x, y):
    return mse(model(x), y)


def network_loss(model, x, y):
    return cross_entropy(model(x), y)


def network(seed):
    rng = np.random.default_rng(seed)
    return Chain(Dense(2, 3, relu, rng=rng), Dense(3, 3, rng=rng))


def in_threads(work, count, rounds):
    """Do a piece of work in several threads at once; return what went wrong."""
    wrong, together = [], threading.Barrier(count)

    def run(number):
        together.wait()
        for turn in range(rounds):
            try:
                wrong.extend(work(number, turn))
            except Exception as error:
                wrong.append(repr(error))

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return wrong


@pytest.fixture
def hurried():
    """Threads take turns often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.parametrize("replay", [True, False])
def test_trainings_in_two_threads_are_those_of_one(hurried, replay):
    x = np.random.default_rng(0).normal(size=(12, 2))
    y = np.arange(12) % 3

    def fit(seed):
        batches = Batches(x, y, 5, rng=np.random.default_rng(seed))
        options = {"epochs": 4, "replay": replay}
        return parameters(train(network_loss, network(seed), batches, Adam(), **options)[0])

    expected = [fit(seed) for seed in range(4)]

    def work(number, turn):
        seed = (number + turn) % 4
        pairs = zip(fit(seed), expected[seed], strict=True)
        return [seed for one, other in pairs if not np.array_equal(one, other)]

    assert in_threads(work, 2, 60) == []


def test_a_gradient_inside_a_loss_is_right_in_two_threads(hurried):
    def slope(model, x, y):
        return mse(gradient(line_loss, model, x, y).m * x, y)

    expected = gradient(slope, Line(0.5, 0.5), X, Y)

    def work(number, turn):
        if number and turn % 2:
            gradient(line_loss, Line(1.0, 1.0), X, Y)
        return [] if gradient(slope, Line(0.5, 0.5), X, Y).m == expected.m else [turn]

    assert in_threads(work, 3, 100) == []


def test_a_recording_is_shared_by_threads(hurried):
    x = np.random.default_rng(0).normal(size=(12, 2))
    y = np.arange(12) % 3
    recording = record(network_loss, network(0), x, y)
    models = [network(seed) for seed in range(3)]
    expected = [gradient(network_loss, model, x, y)[0].weight for model in models]

    def work(number, turn):
        found = recording(models[number], x, y)[0].weight
        return [] if np.array_equal(found, expected[number]) else [number]

    assert in_threads(work, 3, 400) == []


# ---- Ctrl-C at any line -------------------------------------------------------------------------


FOLDER = str(Path(course.engine.__file__).parent)
LOOP = {"_descend", "value_and_gradient", "has_diverged", "step", "shown", "__call__", "_converged"}


def is_watched(code):
    inside = code.co_filename.startswith(FOLDER) or code.co_filename == "<program>"
    return inside or (code.co_filename.endswith("training.py") and code.co_name in LOOP)


def interrupted_at(line, work):
    """Do some work with Ctrl-C at its so-manieth line; returns the result, if it came that far."""
    count = 0

    def stop(frame, event, arg):
        nonlocal count
        if not is_watched(frame.f_code):
            return None
        if event == "line":
            count += 1
            if count == line:
                raise KeyboardInterrupt
        return stop

    before = sys.gettrace()
    sys.settrace(stop)
    try:
        return work(), count
    except KeyboardInterrupt:
        return None, count
    finally:
        sys.settrace(before)


def fit():
    return train(line_loss, Line(0.5, 0.5), [(X, Y)], Adam(0.1), epochs=12)


def paths():
    """The model after each number of steps."""
    yield 0.5, 0.5
    for steps in range(1, 13):
        model, _ = train(line_loss, Line(0.5, 0.5), [(X, Y)], Adam(0.1), epochs=steps)
        yield model.m, model.b


def test_an_interrupt_at_any_line_gives_the_last_complete_step():
    known = list(paths())
    tables = dict(Box.type_mappings), dict(VSpace.mappings), trace_stack.top
    expected = gradient(line_loss, Line(0.5, 0.5), X, Y)
    _, lines = interrupted_at(0, fit)
    assert lines > 3000
    outcomes = []
    for line in [*range(1, lines, 41), *range(lines - 60, lines)]:
        result, _ = interrupted_at(line, fit)
        if result:  # else it came before the loop or after it, where nothing is lost
            model, history = result
            outcomes.append(history.ended)
            steps = history.state.step
            assert (model.m, model.b) == known[steps], line
            assert len(history.losses) == steps, line
        assert (Box.type_mappings, VSpace.mappings, trace_stack.top) == tables
        found = gradient(line_loss, Line(0.5, 0.5), X, Y)
        assert (found.m, found.b) == (expected.m, expected.b)
    assert outcomes.count("interrupted") > 0.4 * len(outcomes)


def test_a_gradient_begun_in_another_thread_does_not_end_inside_of_this_one():
    """autograd counts its traces for all threads together: an inner one must come after its outer.

    The other thread begins first and would end in the middle of ours, if it could.
    """
    begun, may_end = threading.Event(), threading.Event()

    def slow(model):
        begun.set()
        may_end.wait(0.5)
        return model["p"] ** 2

    other = threading.Thread(target=gradient, args=(slow, {"p": 1.0}))

    def nested(model):
        may_end.set()
        other.join()
        return gradient(lambda inner: inner["p"] ** 2 * model["p"], model)["p"]

    other.start()
    begun.wait()
    assert gradient(nested, {"p": 2.0}) == {"p": pytest.approx(8.0)}  # d/dp of 2 p p
