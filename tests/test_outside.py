"""What a loss reads from outside changes on the way: the run is as without replay, or warned of."""

import functools
import itertools
import random
import sys
import time
import types
from dataclasses import dataclass

import autograd.numpy as np
import numpy
import pytest

from course import (
    Chain,
    Descent,
    Line,
    Standardize,
    constant,
    gradient,
    mse,
    parameters,
    record,
    train,
)
from course.engine.outside import Outside

X = numpy.linspace(-1, 1, 50)
Y = 3 * X + 1
strength = 0.0


class By:
    """Where a number is that a loss reads; `set` changes it."""

    def global_name():
        def set_to(value):
            global strength
            strength = value

        set_to(0.0)
        return (lambda m, x, y: mse(m(x), y) + strength * m.m**2), set_to

    def closure():
        now = 0.0

        def set_to(value):
            nonlocal now
            now = value

        return (lambda m, x, y: mse(m(x), y) + now * m.m**2), set_to

    def closure_of_a_function_it_calls():
        now = 0.0

        def set_to(value):
            nonlocal now
            now = value

        def penalty(m):
            return now * m.m**2

        return (lambda m, x, y: mse(m(x), y) + penalty(m)), set_to

    def array_in_place():
        now = numpy.zeros(1)

        def set_to(value):
            now[:] = value

        return (lambda m, x, y: mse(m(x), y) + now[0] * m.m**2), set_to

    def dict_entry():
        now = {"strength": 0.0}
        return (
            lambda m, x, y: mse(m(x), y) + now["strength"] * m.m**2,
            lambda value: now.update(strength=value),
        )

    def attribute_of_an_object():
        class Settings:
            strength = 0.0

        now = Settings()
        return (
            lambda m, x, y: mse(m(x), y) + now.strength * m.m**2,
            lambda value: setattr(now, "strength", value),
        )

    def attribute_of_its_own():
        def loss(m, x, y):
            return mse(m(x), y) + loss.strength * m.m**2

        loss.strength = 0.0
        return loss, lambda value: setattr(loss, "strength", value)

    def class_attribute():
        class Settings:
            strength = 0.0

        return (
            lambda m, x, y: mse(m(x), y) + Settings.strength * m.m**2,
            lambda value: setattr(Settings, "strength", value),
        )

    def method():
        class Problem:
            def __init__(self):
                self.strength = 0.0

            def loss(self, m, x, y):
                return mse(m(x), y) + self.strength * m.m**2

        problem = Problem()
        return problem.loss, lambda value: setattr(problem, "strength", value)

    def partial():
        now = numpy.zeros(1)

        def loss(now, m, x, y):
            return mse(m(x), y) + now[0] * m.m**2

        return functools.partial(loss, now), lambda value: now.fill(value)

    def namespace():
        now = types.SimpleNamespace(strength=0.0)
        return (
            lambda m, x, y: mse(m(x), y) + now.strength * m.m**2,
            lambda value: setattr(now, "strength", value),
        )

    def tuple_with_a_list():
        now = (1, [0.0])
        return (
            lambda m, x, y: mse(m(x), y) + now[1][0] * m.m**2,
            lambda value: now[1].__setitem__(0, value),
        )

    def another_function():
        penalty = [lambda m: 0.0 * m.m, lambda m: 0.5 * m.m**2]
        now = penalty[0]

        def set_to(value):
            nonlocal now
            now = penalty[value > 0]

        return (lambda m, x, y: mse(m(x), y) + now(m)), set_to


WAYS = [value for name, value in vars(By).items() if not name.startswith("_")]


def endless():
    while True:
        yield (X, Y)


def pulse(step, set_to):
    set_to(0.5 * (17 <= step.index < 30))


def interrupt(step, set_to):
    set_to(0.5 * (step.index >= 37))
    if step.index == 40:
        raise KeyboardInterrupt


def stop(step, set_to):
    set_to(0.5 * (step.index >= 37))
    return step.index == 40


ENDS = {
    "pulse": (pulse, {"epochs": 60}),
    "every step": (lambda step, set_to: set_to(0.001 * step.index), {"epochs": 60}),
    "callback": (stop, {"epochs": 60}),
    "Ctrl-C": (interrupt, {"epochs": 60}),
    "exhausted data": (
        lambda step, set_to: set_to(0.5 * (step.index >= 57)),
        {"data": lambda: itertools.islice(endless(), 59)},
    ),
    "tolerance": (lambda step, set_to: set_to(0.5 * (step.index > 30)), {"tolerance": 1e-2}),
    "patience": (
        lambda step, set_to: set_to(0.5 * (step.index > 30)),
        {"validation": (X, Y), "patience": 3, "epochs": 60},
    ),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_variable_that_a_callback_changes_counts_from_then_on(way, end):
    change, options = ENDS[end]
    runs = []
    for replay in (True, False):
        loss, set_to = way()
        given = {"epochs": 400 if end == "tolerance" else 1, **options}
        data = given.pop("data", lambda: [(X, Y)])()
        callbacks = [functools.partial(change, set_to=set_to)]
        runs.append(
            train(
                loss,
                Line(0.5, 0.5),
                data,
                Descent(0.01),
                callbacks=callbacks,
                replay=replay,
                **given,
            )
        )
    (model, history), (expected, ordinary) = runs
    assert (model.m, model.b) == (expected.m, expected.b)
    numpy.testing.assert_array_equal(history.losses, ordinary.losses)
    assert history.ended == ordinary.ended


def test_a_loss_that_only_reads_numbers_and_arrays_is_replayed_all_the_same():
    weight, rate = numpy.ones(50), 0.5

    def loss(m, x, y):
        return np.mean(weight * (m(x) - y) ** 2) + rate * m.b**2

    _, history = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=60)
    assert history.notes == []


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_recording_is_right_after_a_change_or_there_is_none(way):
    loss, set_to = way()
    try:
        recording = record(loss, Line(1.0, 2.0), X, Y)
    except ValueError as error:
        assert "from outside" in str(error)  # noqa: PT017
        return
    for value in (1.0, 0.0):
        set_to(value)
        expected = gradient(loss, Line(1.0, 2.0), X, Y)
        assert recording(Line(1.0, 2.0), X, Y).m == expected.m


@dataclass
class Scaled:
    """A model with a constant."""

    w: float
    scale: object = constant(default=1.0)

    def __call__(self, x):
        return self.w * np.sum(self.scale) * x


@pytest.mark.parametrize("in_place", [True, False])
def test_a_constant_of_the_model_that_a_callback_changes(in_place):
    def run(replay):
        start = Scaled(0.5, numpy.ones(2))

        def change(step):
            if step.index == 20:
                if in_place:
                    step.model.scale[0] = 3.0
                else:
                    start.scale = numpy.array([3.0])

        options = {"epochs": 60, "callbacks": [change], "replay": replay}
        return train(lambda m, x, y: mse(m(x), y), start, [(X, Y)], Descent(0.01), **options)

    (model, history), (expected, ordinary) = run(True), run(False)
    assert history.notes == []
    assert model.w == expected.w
    numpy.testing.assert_array_equal(history.losses, ordinary.losses)


def test_a_layer_of_ones_own_that_reads_a_global_name():
    class Layer:
        def __call__(self, x):
            return x * (1 + strength)

    def run(replay):
        _, set_to = By.global_name()
        model = Chain(Layer(), Standardize.fit(X), Line(0.5, 0.5))
        options = {"callbacks": [functools.partial(pulse, set_to=set_to)], "replay": replay}
        return train(
            lambda m, x, y: mse(m(x), y), model, [(X, Y)], Descent(0.01), epochs=60, **options
        )

    (model, _), (expected, _) = run(True), run(False)
    assert parameters(model) == parameters(expected)


def into_by_out(rng):
    noise = numpy.zeros(50)

    def loss(m, x, y):
        rng.standard_normal(out=noise)
        return mse(m(x) + noise, y)

    return loss


def into_by_assignment(rng):
    noise = numpy.zeros(50)

    def loss(m, x, y):
        noise[:] = rng.normal(size=50)
        return mse(m(x) + noise, y)

    return loss


def into_a_buffer(rng):
    buffer = numpy.zeros(50)

    def loss(m, x, y):
        numpy.multiply(x, 2.0, out=buffer)
        return mse(m(buffer), y)

    return loss


def into_a_counter(rng):
    calls = 0

    def loss(m, x, y):
        nonlocal calls
        calls += 1
        return mse(m(x), y) + 0.001 * calls * m.m**2

    return loss


def by_a_method_of_the_generator(rng):
    draw = rng.normal
    return lambda m, x, y: mse(m(x), y) + draw() * m.m


def by_pythons_own_generator(rng):
    random.seed(0)
    draw = random.random
    return lambda m, x, y: mse(m(x), y) + draw() * m.m


def by_numpys_own_generator(rng):
    numpy.random.seed(0)  # noqa: NPY002
    return lambda m, x, y: mse(m(x), y) + numpy.random.random() * m.m  # noqa: NPY002


IMPURE = [
    into_by_out,
    into_by_assignment,
    into_a_buffer,
    into_a_counter,
    by_a_method_of_the_generator,
    by_pythons_own_generator,
    by_numpys_own_generator,
]


@pytest.mark.parametrize("make", IMPURE)
def test_a_loss_that_draws_or_writes_outside_goes_the_ordinary_way(make):
    data = [(X, Y), (2 * X, Y)]
    runs = [
        train(
            make(numpy.random.default_rng(0)),
            Line(0.5, 0.5),
            data,
            Descent(0.01),
            epochs=20,
            replay=replay,
        )
        for replay in (True, False)
    ]
    (model, history), (expected, _) = runs
    assert (model.m, model.b) == (expected.m, expected.b)
    assert "without replay" in history.notes[0]


def test_what_nothing_shows_until_the_end_is_warned_of_there():
    begin = time.monotonic()

    def loss(m, x, y):
        return mse(m(x), y) + (0.5 if time.monotonic() > begin + 0.3 else 0.0) * m.m**2

    def wait(step):
        time.sleep(0.01)

    with pytest.warns(RuntimeWarning, match=r"Step 59: .*clock.*replay=False") as seen:
        _, history = train(
            loss, Line(0.5, 0.5), [(X, Y)], Descent(0.01), epochs=60, callbacks=[wait]
        )
    assert history.ended == "finished"
    assert history.notes[0].startswith("Step 59: the replayed gradient differs")
    assert seen[0].filename == __file__


def test_an_array_too_large_to_be_compared_in_each_step_is_named():
    table = numpy.zeros((1000, 100))

    def loss(m, x, y):
        return mse(m(x), y) + np.mean(table)

    problem = Outside(loss, Line(0.5, 0.5)).problem
    assert "`table` from outside, an array of shape (1000, 100), too large" in problem


def test_what_is_only_rebound_to_an_equal_number_is_not_recorded_anew():
    loss, set_to = By.closure()
    _, history = train(
        loss,
        Line(0.5, 0.5),
        [(X, Y)],
        Descent(0.01),
        epochs=100,
        callbacks=[lambda step: set_to(0.1 * (step.index > 8))],
    )
    assert history.notes == []


settings = types.ModuleType("settings")
settings.scale = 1.0
package = types.ModuleType("package")
package.settings = settings


def scaled_inside(model, x, y):
    return (lambda: np.mean((settings.scale * model(x) - y) ** 2))()


def scaled_by_a_module_in_a_module(model, x, y):
    return np.mean((package.settings.scale * model(x) - y) ** 2)


def scaled_by_an_import(model, x, y):
    import settings

    return np.mean((settings.scale * model(x) - y) ** 2)


@pytest.mark.parametrize(
    "loss", [scaled_inside, scaled_by_a_module_in_a_module, scaled_by_an_import]
)
def test_a_name_in_a_module_is_looked_at_however_it_is_read(loss, monkeypatch):
    monkeypatch.setitem(sys.modules, "settings", settings)
    monkeypatch.setattr(settings, "scale", 1.0)
    model = Line(0.5, 0.5)
    recording = record(loss, model, X, Y)
    settings.scale = 5.0
    assert parameters(recording(model, X, Y)) == parameters(gradient(loss, model, X, Y))


def test_a_recording_tells_models_apart_by_attributes_that_are_no_fields():
    @dataclass
    class Power:
        w: float

        def __post_init__(self):
            self.p = 2

        def __call__(self, x):
            return self.w * x**self.p

    def loss(model, x, y):
        return mse(model(x), y)

    square, cube = Power(1.0), Power(1.0)
    cube.p = 3
    cube.ring = []  # which a model may hold beside its fields
    cube.ring.append(cube.ring)
    recording = record(loss, square, X, Y)
    numpy.testing.assert_allclose(recording(cube, X, Y).w, gradient(loss, cube, X, Y).w, rtol=1e-12)
