"""Which values of a model are its parameters, and how it is rebuilt around others."""

from collections import namedtuple
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from course import Chain, Dense, Line, astype, constant, parameters, relu
from course.trees import places, rebuild, rebuilder

Pair = namedtuple("Pair", "left right")


@dataclass(eq=False)
class Box:
    content: Any
    label: str = "a box"


@dataclass(frozen=True, slots=True)
class Sealed:
    weight: np.ndarray
    power: int = 2


@dataclass
class Guarded:
    """Counts how often it was made, which rebuilding must not do."""

    weight: np.ndarray
    made: list = field(default_factory=list)

    def __post_init__(self):
        self.made.append("again")


floats = st.floats(-1e6, 1e6)
arrays = st.lists(floats, max_size=4).map(np.array).filter(lambda a: a.dtype == float)
trees = st.recursive(
    floats | arrays | st.sampled_from([None, "text", relu]),
    lambda t: (
        st.lists(t, max_size=3)
        | st.lists(t, max_size=3).map(tuple)
        | st.dictionaries(st.sampled_from("abc"), t, max_size=3)
        | t.map(Box)
        | st.tuples(t, t).map(Pair._make)
    ),
    max_leaves=8,
)


@given(trees)
def test_rebuilt_around_its_own_parameters_a_model_is_the_same(model):
    values = parameters(model)
    again = rebuild(model, values)
    assert type(again) is type(model)
    assert [id(a) for a in parameters(again)] == [id(v) for v in values]


@given(trees)
def test_other_values_come_back_in_order_and_nothing_given_changes(model):
    before = [np.copy(v) for v in parameters(model)]
    others = [v + 1.0 for v in parameters(model)]
    np.testing.assert_equal(parameters(rebuild(model, others)), others)
    np.testing.assert_equal(parameters(model), before)


@given(trees)
def test_each_place_leads_to_its_parameter(model):
    for index, way, leaf in places(model):
        found = model
        for _, name in way:
            found = getattr(found, name) if isinstance(found, Box) else found[name]
        assert found is leaf
        assert parameters(model)[index] is leaf


def test_an_array_in_two_places_is_one_parameter_and_stays_one():
    shared = np.ones(3)
    model = [shared, {"again": shared}, np.ones(3)]
    assert len(parameters(model)) == 2
    again = rebuild(model, [np.zeros(3), np.full(3, 2.0)])
    assert again[0] is again[1]["again"]
    assert again[2][0] == 2.0


@given(trees)
def test_one_rebuilder_serves_many_values(model):
    build = rebuilder(model)
    for shift in (1.0, 2.0):
        values = [v + shift for v in parameters(model)]
        np.testing.assert_equal(parameters(build(values)), values)
    assert build(parameters(model)) is model


def test_equal_floats_are_two_parameters():
    half = 0.5
    model = rebuild(Line(half, half), [1.0, 2.0])
    assert (model.m, model.b) == (1.0, 2.0)
    assert len(parameters([half, half, np.float64(half)])) == 3


def test_functions_strings_none_flags_and_constants_are_not_parameters():
    @dataclass
    class Model:
        weight: float
        activation: object = relu
        name: str = "m"
        nothing: object = None
        flag: bool = True
        degree: int = 3
        index: np.ndarray = constant(default=None)
        scale: float = constant(default=2.0)

    model = Model(1.5, index=np.array([1, 2]))
    assert parameters(model) == [1.5]
    again = rebuild(model, [2.5])
    assert again.index is model.index
    assert (again.scale, again.degree, again.flag) == (2.0, 3, True)


def test_rebuilding_calls_neither_init_nor_post_init():
    model = Guarded(np.ones(2))
    again = rebuild(model, [np.zeros(2)])
    assert again.made is model.made
    assert model.made == ["again"]


def test_frozen_slotted_named_and_subclassed_models_are_rebuilt_as_what_they_are():
    class Steep(Line):
        pass

    model = {"sealed": Sealed(np.ones(2)), "pair": Pair(1.0, [2.0]), "line": Steep(3.0, 4.0)}
    again = rebuild(model, [np.zeros(2), 10.0, 20.0, 30.0, 40.0])
    assert isinstance(again["sealed"], Sealed)
    assert again["sealed"].power == 2
    assert again["pair"] == Pair(10.0, [20.0])
    assert type(again["line"]) is Steep
    assert again["line"].b == 40.0


def test_attributes_that_are_no_fields_are_copied():
    model = Line(1.0, 2.0)
    model.remark = "mine"
    assert rebuild(model, [3.0, 4.0]).remark == "mine"


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (Line(1, 2.0), r"model\.m is the integer 1\..*write 1\.0.*`constant\(\)`"),
        ([1.0, 2], r"model\[1\] is the integer 2"),
        ({"w": np.array([1, 2])}, r"model\['w'\] is an array of int64.*dtype=float.*constant"),
        (Box(np.array([1j])), r"model\.content is an array of complex128"),
    ],
)
def test_integers_raise_and_say_how_to_write_them(model, text):
    with pytest.raises(TypeError, match=text):
        parameters(model)


def test_astype_converts_every_parameter_and_keeps_ties_and_floats():
    rng = np.random.default_rng(0)
    layer = Dense(2, 2, rng=rng)
    model = astype([Chain(layer, layer), 0.5], np.float32)
    assert [getattr(p, "dtype", float) for p in parameters(model)] == [np.float32] * 2 + [float]
    assert model[0][0].weight is model[0][1].weight
    assert layer.weight.dtype == np.float64


def test_astype_refuses_integers():
    with pytest.raises(TypeError, match=r"int64 is not a float type.*astype\(model, np.float32\)"):
        astype(Line(1.0, 2.0), np.int64)
