import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from autograd import elementwise_grad

from course import Adam, Descent, Momentum, Nesterov, RMSProp
from course.widgets import explore_race
from course.widgets.base import Picture
from course.widgets.race import (
    ARRIVED,
    COURSES,
    MOST_STEPS,
    NEVER,
    RATES,
    RULES,
    arrival,
    at,
    best,
    draw,
    enter,
    move,
    run,
)

LIBRARY = {
    "Descent": Descent,
    "Momentum": Momentum,
    "Nesterov": Nesterov,
    "RMSProp": RMSProp,
    "Adam": Adam,
}
CASES = [(course, rule) for course in COURSES for rule in RULES]


def walk(rule, course, start, steps):
    """A descent by a rule of the library with its own rate, one point at a time."""
    p = np.array(start, dtype=float)
    state, path = rule.start(p), [p]
    for _ in range(steps):
        p, state = rule.step(p, course.slope(p), state)
        path.append(p)
    return np.array(path)


@pytest.fixture(scope="module")
def entries():
    return {
        name: {n: enter(rule, course, course.start) for n, rule in RULES.items()}
        for name, course in COURSES.items()
    }


# computing


@pytest.mark.parametrize("name", COURSES)
def test_the_slope_is_the_gradient_of_the_cost(name):
    course = COURSES[name]
    points = np.random.default_rng(0).uniform(-2, 2, (50, 2))
    expected = elementwise_grad(course.cost)(points)
    np.testing.assert_allclose(course.slope(points), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", COURSES)
def test_the_lowest_places_are_level_and_the_cost_there_is_zero(name):
    lowest = np.array(COURSES[name].lowest)
    np.testing.assert_allclose(COURSES[name].cost(lowest), 0, atol=1e-20)
    np.testing.assert_allclose(COURSES[name].slope(lowest), 0, atol=1e-12)


def test_the_turned_valley_is_the_valley_turned_by_an_eighth():
    tables = [COURSES[name].slope(np.eye(2)) for name in ("valley", "turned valley")]
    for table in tables:
        np.testing.assert_allclose(np.linalg.eigvalsh(table), [1, 100])
    assert tables[0][0, 1] == 0
    assert abs(tables[1][0, 1]) == pytest.approx(49.5)


@pytest.mark.parametrize(("course", "rule"), CASES)
def test_rates_at_once_are_the_librarys_rule_at_each(course, rule):
    course = COURSES[course]
    rates = [1e-5, 3e-4]
    paths = run(RULES[rule], course, course.start, rates, steps=40)
    for index, rate in enumerate(rates):
        expected = walk(LIBRARY[rule](rate), course, course.start, 40)
        np.testing.assert_allclose(paths[:, index], expected, rtol=1e-6, atol=1e-9)


def test_arrival_is_the_first_step_from_which_on_it_stays():
    costs = np.array([[1, 1, 1, 1], [1e-4, 0.5, 0.5, np.nan], [0.5, 1e-4, 0.5, 1e-4], [1e-4] * 4])
    costs[3, 2] = 0.5
    path = np.zeros((4, 4, 2))
    np.testing.assert_array_equal(arrival(path, costs), [3, 2, np.nan, 2])
    path[1, 1] = 5.0  # left the picture
    np.testing.assert_array_equal(arrival(path, costs), [3, np.nan, np.nan, 2])


def test_the_best_is_the_first_to_arrive_then_the_lowest():
    path = np.zeros((3, 3, 2))
    costs = np.array([[1, 1, 1], [0.5, 1e-4, 1e-5], [1e-9, 1e-4, 1e-5]])
    assert best(path, costs) == 2
    costs = np.array([[1, 1, 1], [0.5, 0.5, 0.5], [0.5, 0.2, np.nan]])
    assert best(path, costs) == 1


@pytest.mark.parametrize(("course", "rule"), CASES)
def test_the_best_rate_lies_well_inside_the_sweep(entries, course, rule):
    assert RATES[5] < entries[course][rule].rate < RATES[-5]


@pytest.mark.parametrize(("course", "rule"), [case for case in CASES if case[0] != "Rosenbrock"])
def test_no_rate_of_a_finer_sweep_is_much_better(entries, course, rule):
    """Where the cost is smooth in the rate; on Rosenbrock a lucky jump may halve the steps."""
    entry, race = entries[course][rule], COURSES[course]
    index = int(np.argmin(np.abs(RATES - entry.rate)))
    finer = np.geomspace(RATES[index - 1], RATES[index + 1], 21)
    paths = run(RULES[rule], race, race.start, finer)
    with np.errstate(all="ignore"):
        steps = arrival(paths, race.cost(paths))
    assert np.nanmin(steps) > 0.6 * entry.arrived


def test_an_entry_runs_at_the_best_rate_of_its_sweep(entries):
    for name, race in entries.items():
        for rule, entry in race.items():
            expected = walk(LIBRARY[rule](entry.rate), COURSES[name], COURSES[name].start, 20)
            np.testing.assert_allclose(entry.path[:21], expected, rtol=1e-6, atol=1e-9)
            assert np.array_equal(entry.arrived, np.nanmin([*entry.sweep, np.inf])) or (
                np.isnan(entry.arrived) and np.isnan(entry.sweep).all()
            )


def test_turning_the_valley_costs_the_rules_with_a_rate_for_each_parameter(entries):
    """Descent's own steps are turned with it, from a start that is turned; theirs are not."""
    assert entries["turned valley"]["RMSProp"].arrived > 1.5 * entries["valley"]["RMSProp"].arrived


def test_a_factor_is_a_multiple_of_the_best_rate(entries):
    entry = entries["valley"]["Descent"]
    slow = at(entry, RULES["Descent"], COURSES["valley"], 0.1)
    assert slow.rate == pytest.approx(entry.rate / 10)
    expected = walk(Descent(slow.rate), COURSES["valley"], COURSES["valley"].start, MOST_STEPS)
    np.testing.assert_allclose(slow.path, expected, rtol=1e-9, atol=1e-12)
    assert not slow.arrived <= MOST_STEPS


# what it says


def test_it_says_who_leads_and_by_how_much(entries):
    _, said = move(entries["valley"], "valley", 1.0, 10)
    costs = sorted((entry.costs[10], name) for name, entry in entries["valley"].items())
    (low, first), (high, second) = costs[:2]
    assert f"{first} leads, its cost is {low:.3g}" in said
    assert f"the next, {second}, has {high / low:.3g} times that. Nobody has arrived." in said


def test_it_says_who_has_arrived_in_order(entries):
    _, said = move(entries["valley"], "valley", 1.0, 60)
    assert "arrived are Nesterov (after 18), Adam (after 51); of the others" in said
    assert "all of them" in move(entries["valley"], "valley", 1.0, MOST_STEPS)[1]
    assert "all stand at the start" in move(entries["valley"], "valley", 1.0, 0)[1]
    assert "each rule at 3 times its best" in move(entries["valley"], "valley", 3.0, 5)[1]


def test_an_arrival_that_is_said_is_true(entries):
    for race in entries.values():
        for entry in race.values():
            if np.isfinite(entry.arrived):
                shares = entry.costs / entry.costs[0]
                assert (shares[int(entry.arrived) :] <= ARRIVED).all()
                assert shares[int(entry.arrived) - 1] > ARRIVED


# drawing


@pytest.mark.parametrize("name", COURSES)
def test_every_state_is_drawn_as_sound_svg(entries, name):
    picture = Picture(draw(name))
    for factor, steps in [(1.0, 0), (0.5, 1), (100.0, MOST_STEPS)]:
        race = {n: at(e, RULES[n], COURSES[name], factor) for n, e in entries[name].items()}
        marks, sentence = move(race, name, factor, steps)
        svg = ElementTree.fromstring(picture.svg(marks, sentence))
        assert svg.get("aria-label") == sentence
        assert not any("nan" in (part.get("d") or "") for part in svg.iter())
    assert picture.png(marks, dpi=40).startswith(b"\x89PNG")


def test_a_rule_that_does_not_arrive_is_shown_above_the_others(entries):
    marks, _ = move(entries["Rosenbrock"], "Rosenbrock", 1.0, 100)
    dots = [mark for mark in marks if mark.axes == "rate" and mark.dot]
    expected = [np.nan_to_num(e.arrived, nan=NEVER) for e in entries["Rosenbrock"].values()]
    assert [dot.y[0] for dot in dots] == expected
    assert NEVER in expected


# wiring


def test_a_moved_start_gets_rates_of_its_own():
    explorer = explore_race()
    before = explorer.sentence
    explorer.set(across=0.5, up=-1.5)
    assert explorer.sentence != before
    assert explorer.values["factor"] == 1.0


def test_a_start_at_the_lowest_place_is_shown():
    explorer = explore_race()
    explorer.set(across=0.0, up=0.0)
    assert "all of them" in explorer.sentence


def test_the_course_redraws_what_stands_still_and_the_others_do_not():
    explorer = explore_race()
    picture = explorer.picture
    explorer.set(steps=20, factor=2.0, across=1.0)
    assert explorer.picture is picture
    explorer.set(course="saddle")
    assert explorer.picture is not picture


def test_a_state_comes_back_from_its_call():
    explorer = explore_race(across=1.5, steps=7)
    assert explorer.values["across"] == 1.5
    assert explorer.values["steps"] == 7
    assert explorer.spec["play"] == "steps"
    assert explorer.spec["drag"] == {"land": ("across", "up")}
