"""The loop: equal to three lines by hand, honest about how it ended, and nothing is lost."""

import sys
import warnings
from dataclasses import dataclass

import autograd.numpy as anp
import numpy as np
import pytest

import course.training
from course import (
    Adam,
    Batches,
    Chain,
    Dense,
    Descent,
    Line,
    Momentum,
    StepDecay,
    constant,
    cross_entropy,
    data,
    gradient,
    mse,
    parameters,
    relu,
    softmax,
    train,
    update,
)

LINE = data.line(np.random.default_rng(0))
X, Y = LINE.x, LINE.y
Z = (X - X.mean()) / X.std()
LEAST_SQUARES = np.polyfit(X, Y, 1)


def loss(model, x, y):
    return mse(model(x), y)


def flat(model):
    return np.concatenate([np.ravel(p) for p in parameters(model)])


def arrived(line, goal):
    return max(abs(line.m - goal[0]), abs(line.b - goal[1])) <= 1e-3


def steps_to_arrive(x, rate, most):
    """Steps until each parameter is within 1e-3 of least squares."""
    goal = np.polyfit(x, Y, 1)
    _, history = train(
        loss,
        Line(0.5, 0.5),
        [(x, Y)],
        Descent(rate),
        epochs=most,
        callbacks=[lambda step: arrived(step.model, goal)],
    )
    assert history.ended == "stopped"
    return len(history.losses) - 1


def test_training_equals_the_three_line_loop_and_changes_nothing_given():
    start = Line(0.5, 0.5)
    model, losses = start, []
    for _ in range(50):
        losses.append(loss(model, X, Y))
        model, _ = update(model, gradient(loss, model, X, Y), Descent(1e-4))
    trained, history = train(loss, start, [(X, Y)], Descent(1e-4), epochs=50)
    assert (trained.m, trained.b) == (model.m, model.b)
    np.testing.assert_array_equal(history.losses, losses)
    assert (start.m, start.b) == (0.5, 0.5)


def test_all_data_at_once_in_one_batch_and_by_hand_agree():
    one, _ = train(loss, Line(0.5, 0.5), [(X, Y)], Momentum(1e-5), epochs=20)
    whole = Batches(X, Y, len(X), shuffle=False)
    two, _ = train(loss, Line(0.5, 0.5), whole, Momentum(1e-5), epochs=20)
    model, state = Line(0.5, 0.5), None
    for _ in range(20):
        model, state = update(model, gradient(loss, model, X, Y), Momentum(1e-5), state)
    assert (one.m, one.b) == (two.m, two.b) == (model.m, model.b)


def test_the_blogs_line_after_ten_thousand_steps():
    trained, history = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=10_000)
    assert history.losses[0] == pytest.approx(86_000, rel=0.01)
    assert trained.m == pytest.approx(4.51, abs=0.01)
    assert trained.b == pytest.approx(56.8, abs=0.5)
    assert LEAST_SQUARES[0] == pytest.approx(3.18, abs=0.01)


def test_standardised_the_line_arrives_in_57_steps_or_in_one():
    assert steps_to_arrive(Z, 0.1, 100) == 57
    assert steps_to_arrive(Z, 0.5, 10) == 1


@dataclass(frozen=True)
class RatePerParameter:
    """A learner's rule: a dictionary of rates is beyond one array, so it takes turns."""

    rates: tuple

    def start(self, parameter):
        return None

    def step(self, parameter, gradient, state):
        return parameter - np.array(self.rates) * gradient, state


def test_a_rate_for_each_parameter_arrives_in_85_steps():
    goal = LEAST_SQUARES
    _, history = train(
        lambda p, x, y: mse(p["line"][0] * x + p["line"][1], y),
        {"line": np.array([0.5, 0.5])},
        [(X, Y)],
        RatePerParameter((1 / (2 * np.mean(X**2)), 1 / 2)),
        epochs=200,
        callbacks=[lambda step: np.all(np.abs(step.model["line"] - goal) <= 1e-3)],
    )
    assert len(history.losses) - 1 == 85


def test_a_history_counts_losses_epochs_and_validation():
    batches = Batches(Z, Y, 30, rng=np.random.default_rng(0))
    _, history = train(
        loss, Line(0.0, 0.0), batches, Descent(0.1), epochs=3, validation=(Z[:10], Y[:10])
    )
    assert history.losses.shape == (12,)
    weights = [30, 30, 30, 10]  # the last batch is short
    expected = np.average(history.losses.reshape(3, 4), axis=1, weights=weights)
    np.testing.assert_allclose(history.epochs, expected)
    assert history.validation.shape == (3,)
    assert history.ended == "finished"
    assert history.state.step == 12
    assert repr(history).startswith("finished after 12 steps (3 epochs): loss ")


def test_the_loss_of_a_step_is_measured_before_its_update():
    _, history = train(loss, Line(0.0, 0.0), [(Z, Y)], Descent(0.1), epochs=1)
    assert history.losses[0] == pytest.approx(np.mean(Y**2))


def test_converged_when_an_epoch_hardly_falls():
    _, history = train(loss, Line(0.0, 0.0), [(Z, Y)], Descent(0.1), epochs=10_000, tolerance=1e-12)
    assert history.ended == "converged"
    before, after = history.epochs[-2:]
    assert 0 <= before - after <= 1e-12 * after


def test_a_tolerance_takes_the_slow_valley_for_converged_at_step_seven():
    model, history = train(
        loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=100, tolerance=1e-4
    )
    assert history.ended == "converged"
    assert len(history.losses) - 1 == 7
    assert abs(model.b - LEAST_SQUARES[1]) > 100


def test_a_rising_loss_is_never_taken_for_converged():
    with pytest.warns(RuntimeWarning, match="diverged"):
        _, history = train(
            loss, Line(0.5, 0.5), [(X, Y)], Descent(3e-4), epochs=5000, tolerance=1e-4
        )
    assert history.ended == "diverged"


def test_divergence_ends_with_one_warning_that_names_step_loss_and_rate():
    path = []
    with pytest.warns(
        RuntimeWarning, match=r"loss 8\.\d+e\+10 at step \d+ .*learning rate 0\.0003.*such as 3e-05"
    ) as caught:
        model, history = train(
            loss,
            Line(0.5, 0.5),
            [(X, Y)],
            Descent(3e-4),
            epochs=5000,
            callbacks=[lambda step: path.append(step.model)],
        )
    assert len(caught) == 1
    assert history.ended == "diverged"
    assert history.losses[-1] > 1e6 * history.losses[0]
    assert (model.m, model.b) == (path[-1].m, path[-1].b)
    assert loss(model, X, Y) == history.losses[-2]


def test_a_loss_that_overflows_gives_back_the_last_good_model_without_numpy_warnings():
    with pytest.warns(RuntimeWarning, match=r"loss inf at step 1 \(1 at step 0\)") as caught:
        model, history = train(lambda m: m["x"] ** 2, {"x": 1.0}, [()], Descent(1e170), epochs=9)
    assert len(caught) == 1
    assert history.ended == "diverged"
    assert model["x"] == 1.0


@pytest.mark.parametrize("replay", [True, False])
def test_a_first_sample_that_fits_by_luck_makes_no_divergence_of_the_next(replay):
    x, y = np.arange(20.0) / 10, 30.0 * np.arange(20) / 10  # the start fits the first sample
    one_by_one = Batches(x, y, 1, shuffle=False)
    fitted, history = train(
        loss, Line(0.0, 0.0), one_by_one, Descent(0.1), epochs=200, replay=replay
    )
    assert history.losses[0] == 0.0
    assert history.ended == "finished"
    assert fitted.m == pytest.approx(30.0, rel=1e-3)


NOTHING_MENDS = {
    "infinite from the start": (lambda m: m["x"] + np.inf, 1.0, "the loss is inf"),
    "a norm of zero": (lambda m: anp.sqrt(m["x"] ** 2), 0.0, "gradient of x isn't finite"),
    "the other branch": (
        lambda m: anp.where(m["x"] < 1, m["x"], anp.sqrt(m["x"] - 1)),
        0.5,
        "the loss is 0.5, and the gradient of x isn't finite",
    ),
    "a logarithm": (lambda m: anp.log(m["x"]), -1.0, "the loss is nan"),
}


@pytest.mark.parametrize("name", NOTHING_MENDS)
@pytest.mark.parametrize("epochs", [3, 30])
def test_what_no_rate_can_mend_is_said_before_a_rate_was_used(name, epochs):
    bad, start, text = NOTHING_MENDS[name]
    with pytest.raises(ValueError, match=rf"{text}.* at the first step.*no learning rate can mend"):
        train(bad, {"x": start}, [()], Descent(0.1), epochs=epochs)


def test_a_loss_that_isnt_a_number_later_is_not_blamed_on_the_rate_alone():
    def spread(m, x):
        return anp.std(m["w"] * x)  # of the last batch, a single sample, it has no gradient

    data = [(np.arange(3.0),), (np.arange(3.0),), (np.zeros(3),)]
    with pytest.warns(RuntimeWarning, match=r"step 2 .*hadn't grown: perhaps.*standard deviation"):
        train(spread, {"w": 1.0}, data, Descent(1e-3))


def test_parameters_that_overflow_in_the_last_step_are_not_handed_out():
    with pytest.warns(RuntimeWarning, match="diverged"):
        model, history = train(lambda m: m["x"] ** 2, {"x": 1e150}, [()], Descent(1e200))
    assert history.ended == "diverged"
    assert model["x"] == 1e150


def test_callbacks_see_every_step_and_keep_what_they_get():
    steps = []
    train(loss, Line(0.5, 0.5), [(X, Y), (X, Y)], Descent(1e-4), epochs=2, callbacks=[steps.append])
    assert [s.index for s in steps] == [0, 1, 2, 3]
    assert [s.epoch for s in steps] == [0, 0, 1, 1]
    assert len({s.model.m for s in steps}) == 4
    for s in steps:
        assert s.loss == loss(s.model, X, Y)
        assert s.gradient.m == gradient(loss, s.model, X, Y).m


def test_snapshots_of_arrays_stay_what_they_were():
    seen = []
    rng = np.random.default_rng(0)
    network = Chain(Dense(1, 3, relu, rng=rng), Dense(3, 1, rng=rng))
    x, y = Z[:, None], Y[:, None]
    train(
        loss,
        network,
        Batches(x, y, 10, rng=rng),
        Adam(),
        epochs=2,
        callbacks=[
            lambda s: seen.append((s.model, flat(s.model).copy(), s.gradient, flat(s.gradient)))
        ],
    )
    for model, values, g, gradients in seen:
        np.testing.assert_array_equal(flat(model), values)
        np.testing.assert_array_equal(flat(g), gradients)
    assert len({tuple(values) for _, values, _, _ in seen}) == len(seen)


def test_true_from_any_callback_stops_and_all_are_called():
    called = []
    model, history = train(
        loss,
        Line(0.5, 0.5),
        [(X, Y)],
        Descent(1e-4),
        epochs=9,
        callbacks=[lambda s: s.index == 3, lambda s: called.append(s.index)],
    )
    assert history.ended == "stopped"
    assert called == [0, 1, 2, 3]
    assert loss(model, X, Y) == history.losses[-1]


def test_patience_gives_back_the_best_model_on_the_validation_data():
    far = (Z, Y + 100 * Z)  # training leads past what the validation data want
    models = []
    best, history = train(
        loss,
        Line(0.0, 0.0),
        [far],
        Descent(0.1),
        epochs=500,
        validation=(Z, Y),
        patience=5,
        callbacks=[lambda s: models.append(s.model)],
    )
    assert history.ended == "stopped"
    lowest = int(np.argmin(history.validation))
    assert len(history.validation) == lowest + 1 + 5
    assert best.m == models[lowest + 1].m
    assert loss(best, Z, Y) == history.validation[lowest]


def test_patience_gives_back_the_state_that_belongs_to_the_best_model():
    options = {"validation": (Z, Y), "patience": 5}
    rule = Momentum(0.3, momentum=0.95)
    best, history = train(loss, Line(0.0, 0.0), [(Z, Y)], rule, epochs=40, **options)
    steps = int(np.argmin(history.validation)) + 1
    same, shorter = train(loss, Line(0.0, 0.0), [(Z, Y)], rule, epochs=steps)
    assert history.ended == "stopped"
    assert (best.m, best.b) == (same.m, same.b)
    assert history.state == shorter.state
    assert history.state.step == steps


def test_a_validation_loss_that_is_no_number_is_noted_and_never_best():
    def odd(model, x, y):
        return mse(model(x), y) if len(x) > 3 else np.nan

    model, history = train(
        odd, Line(0.0, 0.0), [(Z, Y)], Descent(0.1), epochs=9, validation=(Z[:2], Y[:2]), patience=3
    )
    assert history.ended == "stopped"
    assert len(history.validation) == 3
    assert "The validation loss is nan after epoch 0" in history.notes[0]
    assert loss(model, Z, Y) < history.losses[-1]


def test_a_short_last_batch_weighs_as_many_samples_as_it_has():
    x, y = np.array([0.0] * 32 + [10.0]), np.zeros(33)
    batches = Batches(x, y, 32, shuffle=False)
    _, history = train(
        lambda m, x, y: mse(m["w"] * x, y), {"w": 1.0}, batches, Descent(0.0), epochs=1
    )
    assert history.epochs[0] == pytest.approx(mse(x, y))


def test_frozen_parts_leave_value_and_state_alone():
    rng = np.random.default_rng(0)
    network = Chain(Dense(1, 4, relu, rng=rng), Dense(4, 1, rng=rng))
    trained, history = train(
        loss,
        network,
        [(Z[:, None], Y[:, None])],
        Momentum(0.01),
        epochs=3,
        frozen=(network[0], network[1].bias),
    )
    np.testing.assert_array_equal(trained[0].weight, network[0].weight)
    np.testing.assert_array_equal(trained[1].bias, network[1].bias)
    assert np.all(trained[1].weight != network[1].weight)
    moved = [bool(np.any(v)) for v in history.state.parameters]
    assert moved == [False, False, True, False]


def test_clipping_bounds_the_first_step():
    trained, _ = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1.0), clip=0.01)
    assert np.hypot(trained.m - 0.5, trained.b - 0.5) == pytest.approx(0.01)


@pytest.mark.parametrize("optimizer", [Momentum(1e-5), Adam(StepDecay(0.1, every=4))])
def test_two_runs_joined_by_their_state_equal_one(optimizer):
    once, _ = train(loss, Line(0.5, 0.5), [(X, Y)], optimizer, epochs=10)
    half, history = train(loss, Line(0.5, 0.5), [(X, Y)], optimizer, epochs=5)
    again, _ = train(loss, half, [(X, Y)], optimizer, epochs=5, state=history.state)
    assert (once.m, once.b) == (again.m, again.b)


def test_an_interrupt_gives_back_the_last_complete_step():
    def interrupted(model, x, y):
        calls.append(model)
        if len(calls) == 5:
            raise KeyboardInterrupt
        return mse(model(x), y)

    calls = []
    model, history = train(
        interrupted, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=100, replay=False
    )
    reference, _ = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=4)
    assert history.ended == "interrupted"
    assert (model.m, model.b) == (reference.m, reference.b)
    assert history.state.step == len(history.losses) == 4


@dataclass(frozen=True, slots=True)
class Sealed:
    weight: np.ndarray
    power: int = 1

    def __call__(self, x):
        return self.weight[0] * x**self.power + self.weight[1]


@dataclass
class Checked(Line):
    """A subclass with a `__post_init__`, which rebuilding must not run again."""

    made: list = constant(default_factory=list)

    def __post_init__(self):
        self.made.append("made")


class Layers(dict):
    """A dict of layers; the second uses the first one's weight again."""

    def __call__(self, x):
        h = x[:, None] @ self["first"].weight
        return (h @ self["again"].weight.T)[:, 0] + self["shift"]


def layers():
    first = Dense(1, 3, rng=np.random.default_rng(0))
    again = Dense.from_arrays(first.weight, np.zeros(3))
    return Layers(first=first, again=again, shift=np.array(0.5))


@pytest.mark.parametrize(
    "model",
    [
        Sealed(np.array([0.5, 0.5])),
        Checked(0.5, 0.5),
        Line(0.5, 0.5),
        Line(np.array(0.5), np.array(0.5)),
        layers(),
        Chain(lambda x: x[:, None], Dense(1, 1, rng=np.random.default_rng(0)), lambda x: x[:, 0]),
    ],
    ids=["frozen, slots", "subclass, post-init", "equal floats", "0-d", "dict, tied", "lambdas"],
)
def test_models_as_learners_write_them_train(model):
    before = flat(model)
    trained, history = train(loss, model, [(Z, Y)], Momentum(1e-3), epochs=100)
    slow, _ = train(loss, model, [(Z, Y)], Momentum(1e-3), epochs=100, replay=False)
    assert type(trained) is type(model)
    assert [type(p) for p in parameters(trained)] == [type(p) for p in parameters(model)]
    assert history.losses[-1] < 0.7 * history.losses[0]
    np.testing.assert_array_equal(flat(trained), flat(slow))
    np.testing.assert_array_equal(flat(model), before)
    assert getattr(trained, "made", ["made"]) == ["made"]
    if isinstance(model, Layers):
        assert trained["first"].weight is trained["again"].weight


def test_no_model_of_classes_gets_worse_than_it_was():
    rng = np.random.default_rng(0)
    spirals = data.spirals(60, rng)
    network = Chain(Dense(2, 16, relu, rng=rng), Dense(16, 3, rng=rng))
    _, history = train(
        lambda m, x, y: cross_entropy(m(x), y),
        network,
        Batches(spirals.x, spirals.y, 16, rng=rng),
        Adam(0.01),
        epochs=30,
    )
    assert history.epochs[-1] < 0.8 * history.epochs[0]


@pytest.mark.parametrize(("waits", "asked", "shown"), [(True, None, True), (False, None, False)])
def test_a_bar_is_shown_where_a_person_waits(monkeypatch, capsys, waits, asked, shown):
    clock = iter(range(0, 1000, 3))
    monkeypatch.delenv("TQDM_DISABLE", raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: waits, raising=False)
    monkeypatch.setattr(course.training.time, "perf_counter", lambda: next(clock))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's own, about notebooks
        train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=3, progress=asked)
    printed = capsys.readouterr()
    assert ("step" in printed.err + printed.out) == shown


def test_a_short_run_shows_no_progress_unless_asked(capsys):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # tqdm's own, about notebooks
        train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=3)
        assert capsys.readouterr().err == ""
        train(loss, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), epochs=3, progress=True)
        shown = capsys.readouterr()
    assert "3/3" in shown.err + shown.out


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ({"data": (X, Y)}, TypeError, r"type ndarray.*\[\(x, y\)\], with the brackets"),
        (
            {"data": ([1.0, 2.0], [3.0, 4.0])},
            TypeError,
            r"type list of numbers.*\[\(x, y\)\], with the brackets",
        ),
        ({"data": []}, ValueError, r"data gave no batch"),
        ({"data": 3}, TypeError, r"data is a int; write \[\(x, y\)\]"),
        ({"data": zip([X], [Y], strict=True), "epochs": 2}, TypeError, r"zip.*used up.*Batches"),
        ({"data": ((X, Y) for _ in range(3)), "epochs": 2}, TypeError, r"generator.*list\(data\)"),
        ({"data": [(X, Y[:-1])]}, ValueError, r"\(100,\) and targets \(99,\)"),
        ({"data": [(X, Y * np.nan)]}, ValueError, r"NaN or infinity in 100 of its 100 rows"),
        ({"model": Line(1, 2)}, TypeError, r"model\.m is the integer 1"),
        ({"model": relu}, TypeError, r"has no parameters"),
        ({"optimizer": 0.1}, TypeError, r"isn't an optimizer"),
        ({"optimizer": Descent}, TypeError, r"Descent is a class"),
        ({"optimizer": [(np.ones(10**4),)]}, TypeError, r"^.{,70} isn't an optimizer.*train\(loss"),
        ({"optimizer": Line(1.0, 2.0)}, TypeError, r"as a schedule or a model is.*train\(loss"),
        ({"patience": True, "validation": (X, Y)}, ValueError, r"patience=True"),
        ({"clip": True}, ValueError, r"clip=True"),
        ({"callbacks": print}, TypeError, r"callbacks=\[print\]"),
        ({"callbacks": [3]}, TypeError, r"callbacks.*3 can't be called"),
        ({"epochs": 0}, ValueError, r"epochs=0; a whole number of at least 1"),
        ({"epochs": 2.5}, ValueError, r"epochs=2\.5"),
        ({"tolerance": -1e-3}, ValueError, r"tolerance=-0\.001; a share of the loss"),
        ({"tolerance": np.nan}, ValueError, r"tolerance=nan"),
        ({"patience": 3}, ValueError, r"patience needs validation data"),
        ({"patience": 0, "validation": (X, Y)}, ValueError, r"patience=0"),
        ({"validation": [X, Y]}, TypeError, r"validation is a list; one batch \(x, y\)"),
        ({"clip": 0.0}, ValueError, r"clip=0\.0"),
        ({"frozen": (np.ones(3),)}, ValueError, r"frozen: .* isn't found in the model"),
        ({"frozen": Line(0.0, 0.0)}, TypeError, r"frozen is a Line; a tuple of parts"),
    ],
)
def test_arguments_that_make_no_sense_meet_their_cure(arguments, error, text):
    given = {
        "loss": loss,
        "model": Line(0.5, 0.5),
        "data": [(X, Y)],
        "optimizer": Descent(1e-4),
        **arguments,
    }
    with pytest.raises(error, match=text):
        train(**given)


@pytest.mark.parametrize(("before", "after"), [(Momentum(), Adam()), (Adam(), Momentum())])
def test_the_state_of_another_optimizer_is_refused(before, after):
    x = np.linspace(0, 1, 9)
    data = [(x, 2 * x)]
    model, history = train(loss, Line(0.5, 0.5), data, before, epochs=20)
    with pytest.raises(ValueError, match=f"what {type(after).__name__} does was expected"):
        train(loss, model, data, after, epochs=20, state=history.state)


def test_everything_may_be_frozen():
    model = Line(np.array(1.0), np.array(2.0))
    fitted, history = train(loss, model, [(X, Y)], Descent(0.1), epochs=20, frozen=(model,))
    assert parameters(fitted) == parameters(model)
    assert history.ended == "finished"
    assert history.notes == []


def test_the_warning_names_the_rate_that_led_there():
    rates = [1e-4, 1e-4, 1e9, 1e-4, 1e-4, 1e-4]
    with pytest.warns(RuntimeWarning, match=r"learning rate 1e\+09"):
        train(loss, Line(0.5, 0.5), [(X, Y)], Descent(rates.__getitem__), epochs=6)


def test_an_infinite_validation_loss_is_never_best_and_history_tells_the_finite_one():
    measured = iter([4.0, -np.inf, np.nan, 3.0])

    def told(model, x, y):
        return mse(model(x), y) if len(x) == len(X) else next(measured)

    options = {"validation": (X[:2], Y[:2]), "epochs": 4, "replay": False}
    _, history = train(told, Line(0.5, 0.5), [(X, Y)], Descent(1e-4), **options)
    assert "best validation loss 3" in repr(history)


def test_a_schedule_is_asked_for_the_steps_that_are_taken_and_for_no_others():
    asked = []

    def schedule(step):
        asked.append(step)
        return 1e-4

    _, history = train(loss, Line(0.5, 0.5), [(X, Y)], Descent(schedule), epochs=20)
    asked.clear()
    train(loss, Line(0.5, 0.5), [(X, Y)], Descent(schedule), epochs=20, state=history.state)
    assert {*asked} == {*range(20, 40)}


def diverging():
    train(loss, Line(0.5, 0.5), [(X, Y)], Descent(9.0), epochs=99)


def softmaxed(model, x):
    return cross_entropy(softmax(x * model), np.array([0, 1]))


def lines_of_warnings(call):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        call()
    return [(one.filename, one.lineno) for one in seen]


def test_warnings_name_the_learners_own_line():
    eye = np.eye(2)
    for own, call in (
        (diverging, diverging),
        (softmaxed, lambda: softmaxed(np.ones(()), eye)),
        (softmaxed, lambda: gradient(softmaxed, np.ones(()), eye)),
    ):
        line = own.__code__.co_firstlineno + 1
        assert {*lines_of_warnings(call)} == {(__file__, line)}
