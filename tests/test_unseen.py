"""Numbers that a tree can't see are refused, with their place and the cure; the rest is quiet."""

import collections
import enum
import functools
import operator
import types
from dataclasses import InitVar, dataclass, field
from decimal import Decimal
from typing import Any, ClassVar

import autograd.numpy as anp
import numpy as np
import pytest

from course import (
    Batches,
    Chain,
    Dense,
    Descent,
    Line,
    Standardize,
    check_gradient,
    constant,
    gradient,
    load,
    mse,
    parameters,
    relu,
    save,
    sigmoid,
    softmax,
    train,
)

W = np.array([1.0, 2.0])
X = np.linspace(-1, 1, 5)
Y = 2 * X + 1


def loss(model, x, y):
    return mse(model(x), y)


@dataclass
class Holder:
    thing: Any
    b: float = 2.0


class Plain:
    def __init__(self, w):
        self.w = w

    def __call__(self, x):
        return x * self.w


class Slotted:
    __slots__ = ("w",)

    def __init__(self, w):
        self.w = w


class ClassLevel:
    w = 2.0


class Arraylike:
    """What pandas, torch and others have in common."""

    def __array__(self, dtype=None, copy=None):
        return W


class Mode(enum.Enum):
    HALF = 0.5


def closure(thing):
    return lambda x: thing


def leaky(slope):
    return lambda x: anp.where(x > 0, x, slope * x)


def with_attribute(x):
    return x


with_attribute.w = W

HIDDEN = {
    "array in a closure": closure(W),
    "list of floats in a closure": closure([1.0]),
    "model in a closure": closure(Line(1.0, 2.0)),
    "closure in a closure": closure(closure(W)),
    "array as default": lambda x, w=W: x @ w,
    "array as keyword default": lambda x, *, w=W: x @ w,
    "attribute of a function": with_attribute,
    "partial of an array": functools.partial(np.dot, W),
    "partial of a partial": functools.partial(functools.partial(np.dot, W)),
    "partial with a keyword": functools.partial(np.clip, a_min=W),
    "cached function": functools.lru_cache(closure(W)),
    "vectorized closure": np.vectorize(closure(W)),
    "method of a model": Line(1.0, 2.0).__call__,
    "method of an object": Plain(1.0).__call__,
    "method of an array": W.dot,
    "plain class, float": Plain(1.0),
    "plain class, array": Plain(W),
    "plain class, list of arrays": Plain([W]),
    "object in an object": Plain(Plain(W)),
    "plain class, class attribute": ClassLevel(),
    "slots": Slotted(W),
    "namespace": types.SimpleNamespace(w=1.0),
    "deque": collections.deque([W]),
    "set": {1.0, 2.0},
    "frozenset": frozenset({1.0}),
    "mapping": types.MappingProxyType({"w": 1.0}),
    "UserDict": collections.UserDict(w=1.0),
    "arraylike": Arraylike(),
    "data": Batches(X, Y, 2),
}
QUIET = {
    "relu": relu,
    "sigmoid": sigmoid,
    "ufunc": np.sin,
    "primitive": anp.tanh,
    "lambda over nothing": lambda x: 2.0 * x,
    "lambda over a function": closure(relu),
    "lambda over a number": leaky(0.1),
    "lambda over labels": closure(np.array([1, 0])),
    "partial with a number": functools.partial(np.clip, a_min=0.0, a_max=0.5),
    "partial of a function": functools.partial(softmax, axis=-1),
    "wrapped": functools.wraps(relu)(lambda x: relu(x)),
    "vectorize": np.vectorize(lambda x: x),
    "itemgetter": operator.itemgetter(0),
    "method of a string": "text".upper,
    "draws": np.random.default_rng(0).normal,
    "bits": np.random.MT19937(0),
    "generator": np.random.default_rng(0),
    "standardize": Standardize(W, W),
    "its inverse": Standardize(W, W).inverse,
    "class": Line,
    "class with a number": ClassLevel,
    "module": np,
    "enum": Mode.HALF,
    "integers": collections.deque([1, 2]),
    "range": range(3),
    "mask": np.array([True, False]),
    "text": "relu",
    "none": None,
    "flag": True,
    "functions": [relu, np.tanh],
}


@pytest.mark.parametrize("thing", HIDDEN.values(), ids=HIDDEN)
def test_numbers_out_of_sight_are_refused_in_a_field_a_list_and_a_dict(thing):
    for model in (Holder(thing), [1.0, thing], {"b": 1.0, "thing": thing}, thing):
        with pytest.raises(TypeError, match=r"model.*never be trained.*constant\(\)"):
            parameters(model)


@pytest.mark.parametrize("thing", QUIET.values(), ids=QUIET)
def test_what_holds_no_numbers_is_let_be(thing):
    assert parameters(Holder(thing)) == [2.0]


@pytest.mark.parametrize("thing", HIDDEN.values(), ids=HIDDEN)
def test_what_is_marked_constant_is_let_be(thing):
    @dataclass
    class Marked:
        b: float
        thing: Any = constant(default=None)

    assert parameters(Marked(1.0, thing)) == [1.0]


@pytest.mark.parametrize(
    ("thing", "cure"),
    [
        (Plain(1.0), "Write @dataclass above `class Plain`"),
        (collections.deque([W]), "Write a dataclass, list, tuple or dict instead"),
        (types.SimpleNamespace(w=1.0), "Write a dataclass, list, tuple or dict instead"),
        (closure(W), "behind a function belong in a dataclass that you call"),
    ],
)
def test_the_cure_fits_what_came(thing, cure):
    with pytest.raises(TypeError, match=cure):
        parameters(Holder(thing))


def test_every_way_into_a_model_refuses_alike(tmp_path):
    model = Holder(Plain(1.0))
    save(tmp_path / "fine", Holder(relu))
    for use in (
        lambda: gradient(lambda m: m.b * 1.0, model),
        lambda: check_gradient(lambda m: m.b * 1.0, model),
        lambda: train(lambda m: m.b * 1.0, model, [()], Descent()),
        lambda: save(tmp_path / "model", model),
    ):
        with pytest.raises(TypeError, match=r"thing \(a Plain\)"):
            use()


# attributes of a dataclass


@dataclass
class Forgotten:
    a: float
    c = 0.0


class Undecorated(Line):
    c: float = 0.0


class OwnInit(Line):
    def __init__(self, m, b, c):
        super().__init__(m, b)
        self.c = c


@dataclass
class Computed:
    a: float
    b: float

    def __post_init__(self):
        self.slope = (self.a**2 + self.b**2) ** 0.5


@dataclass
class ComputedField:
    a: float
    c: float = field(init=False)

    def __post_init__(self):
        self.c = 2 * self.a


@dataclass(slots=True)
class SlottedField:
    a: float
    c: np.ndarray = field(init=False)

    def __post_init__(self):
        self.c = np.array([self.a])


class Named(collections.namedtuple("Named", "a")):
    c = 1.0


class Attributed(dict):
    def __init__(self, **values):
        super().__init__(**values)
        self.c = np.ones(2)


def noted():
    line = Line(1.0, 2.0)
    line.c = [np.ones(2)]
    return line


@pytest.mark.parametrize(
    ("model", "place", "cure"),
    [
        (Forgotten(1.0), "c", r"Write `c: float = 0\.0`, or a name in CAPITALS"),
        (Undecorated(1.0, 2.0), "c", "@dataclass above `class Undecorated` too"),
        (OwnInit(1.0, 2.0, 3.0), "c", "Make it a field of OwnInit"),
        (Computed(3.0, 4.0), "slope", "a property if others give it"),
        (ComputedField(3.0), "c", "Make it a property"),
        (SlottedField(3.0), "c", "Make it a property"),
        (Named(3.0), "c", "Write `c: float = 1"),
        (Attributed(a=1.0), "c", "Make it a field of Attributed"),
        (noted(), "c", "Make it a field of Line"),
    ],
)
def test_attributes_that_are_no_fields_are_refused(model, place, cure):
    with pytest.raises(TypeError, match=rf"model\.{place} holds numbers .*{cure}"):
        parameters(model)
    with pytest.raises(TypeError, match=rf"model\['deep'\]\[0\]\.{place} holds numbers"):
        parameters({"deep": [model]})


def test_settings_constants_and_arrays_drawn_of_sizes_are_let_be():
    @dataclass
    class Layer:
        n_in: int
        n_out: int
        seed: InitVar[float] = 0.5
        RATE = 0.1
        scale: ClassVar[float] = 2.0
        degree = 3
        weight: np.ndarray = field(init=False)

        def __post_init__(self, seed):
            self.weight = np.ones((self.n_in, self.n_out))
            self.remark = "drawn"

    class Steeper(Line):
        """A subclass that adds no number needs no @dataclass."""

        m = 5.0

    (weight,) = parameters(Layer(2, 3))
    assert weight.shape == (2, 3)
    assert parameters(Steeper(1.0, 2.0)) == [1.0, 2.0]


@pytest.mark.parametrize("number", [1j, Decimal(1), np.complex128(1j), 1])
def test_numbers_without_a_gradient_are_refused(number):
    with pytest.raises(TypeError, match=r"model\.thing is the .*constant\(\)"):
        parameters(Holder(number))


def test_a_masked_array_is_no_parameter():
    with pytest.raises(TypeError, match=r"model\.thing is a masked array.*np\.asarray"):
        parameters(Holder(np.ma.masked_equal([1.0, -999.0], -999.0)))


# what is computed of parameters


@dataclass
class Cached:
    a: float
    b: float

    @functools.cached_property
    def slope(self):
        return (self.a**2 + self.b**2) ** 0.5

    def __call__(self, x):
        return self.slope * x + self.a


def test_a_cached_property_is_computed_anew_of_new_parameters(tmp_path):
    fresh, used = Cached(3.0, 4.0), Cached(3.0, 4.0)
    used(X)
    expected = gradient(loss, fresh, X, Y)
    came = gradient(loss, used, X, Y)
    assert (came.a, came.b) == (expected.a, expected.b)
    assert check_gradient(loss, used, X, Y) < 1e-6
    (one, first), (other, second) = (
        train(loss, model, [(X, Y)], Descent(0.1), epochs=30) for model in (fresh, used)
    )
    assert (one.a, one.b) == (other.a, other.b)
    np.testing.assert_array_equal(first.losses, second.losses)
    save(tmp_path / "model", fresh)
    used.a = 100.0
    assert load(tmp_path / "model", used).slope == 5.0


# deep models


def test_300_nested_chains_are_one_model():
    model = Dense(2, 2, rng=np.random.default_rng(0))
    for _ in range(300):
        model = Chain(model)
    x = np.ones((3, 2))
    fitted, history = train(
        lambda m, x: anp.mean(m(x) ** 2), model, [(x,)], Descent(0.1), epochs=20
    )
    assert len(parameters(fitted)) == 2
    assert history.losses[-1] < history.losses[0]


def test_a_model_that_contains_itself_is_refused():
    model = [1.0]
    model.append(model)
    with pytest.raises(ValueError, match="contains itself, or is nested too deep"):
        parameters(model)
