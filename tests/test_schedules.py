"""A schedule is a function of the step, which a rule takes as its learning rate."""

import math

import pytest

from course import CosineDecay, Descent, ExponentialDecay, StepDecay, WarmUp, train, update


def test_schedules_are_plain_functions_of_the_step():
    step = StepDecay(1.0, every=10, factor=0.5)
    assert [step(k) for k in (0, 9, 10, 25)] == [1.0, 1.0, 0.5, 0.25]
    assert ExponentialDecay(2.0, decay=0.5)(3) == 0.25
    cosine = CosineDecay(1.0, steps=100)
    assert [round(cosine(k), 12) for k in (0, 25, 50, 100, 500)] == [
        1.0,
        round((1 + math.sqrt(0.5)) / 2, 12),
        0.5,
        0.0,
        0.0,
    ]
    warm = WarmUp(cosine, steps=10)
    assert warm(4) == pytest.approx(cosine(4) * 0.5)
    assert warm(50) == cosine(50)


def test_a_rule_prints_its_schedule():
    assert "CosineDecay(learning_rate=0.1, steps=5)" in repr(Descent(CosineDecay(0.1, 5)))


@pytest.mark.parametrize(
    ("make", "text"),
    [
        (lambda: StepDecay(0.1, every=0), r"every = 0; a whole number of at least 1"),
        (lambda: CosineDecay(0.1, steps=2.5), r"steps = 2\.5; a whole number"),
    ],
)
def test_schedules_that_make_no_sense_raise(make, text):
    with pytest.raises(ValueError, match=text):
        make()


def test_a_schedule_that_goes_wrong_names_the_step():
    with pytest.raises(ValueError, match=r"Descent: learning_rate = -1\.0 at step 2"):
        train(lambda m: m["x"] ** 2, {"x": 1.0}, [()], Descent(lambda k: 1.0 - k), epochs=5)


@pytest.mark.parametrize("make", [StepDecay, ExponentialDecay, CosineDecay])
def test_warm_up_alone_follows_another_schedule(make):
    inner = make(0.1, 1 if make is not ExponentialDecay else 0.5)
    with pytest.raises(TypeError, match=rf"{make.__name__}: learning_rate = .*; a number was"):
        make(inner, 0.5)
    assert WarmUp(inner, steps=3)(0) == pytest.approx(0.1 / 3)


@pytest.mark.parametrize("schedule", [StepDecay(0.1, every=5), lambda step: 0.1])
def test_a_schedule_in_place_of_an_optimizer_is_told_where_it_belongs(schedule):
    with pytest.raises(TypeError, match=r"A schedule is a rule's learning rate: write Descent\("):
        train(lambda m: m["x"] ** 2, {"x": 1.0}, [()], schedule)
    with pytest.raises(TypeError, match=r"write Descent\("):
        update({"x": 1.0}, {"x": 1.0}, schedule)
