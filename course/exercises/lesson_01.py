"""Exercises of lesson 01: gradient descent, each idea written once by hand."""

from dataclasses import dataclass

import numpy as np

from course import Descent, Line, Momentum, Parabola, gradient, mse, parameters, update
from course.exercises.exercise import Lesson, Mistake

lesson = Lesson(
    "01",
    "Gradient descent",
    setup="""
from dataclasses import dataclass

import autograd.numpy as np

from course import Descent, Line, gradient, mse, parameters, train, update
from course.exercises.lesson_01 import loss, x
""",
)

x = np.arange(1.0, 101.0)  # the lesson's own: the inputs of its line


def loss(model, x, y):
    """Return the mean squared error of a model, as the lesson defines it."""
    return mse(model(x), y)


# --- the mean squared error


def two_lists(rng):
    """Predictions and targets, of two lengths."""
    return [(rng.normal(0, 2, n), rng.normal(1, 2, n)) for n in (3, 5)]


lesson.exercise(
    "mse",
    title="The mean squared error",
    question="""
        Write `my_mse(prediction, y)`. Both are arrays of shape `(n,)`; what comes back is one
        number, the mean of the squared differences:

        $$\\frac{1}{n} \\sum_{i=1}^{n} (\\text{prediction}_i - y_i)^2$$
    """,
    skeleton='''
        def my_mse(prediction, y):
            """The mean of the squared differences."""
            ...
    ''',
    solution="""
        def my_mse(prediction, y):
            return np.mean((prediction - y) ** 2)
    """,
    shown="A cost is a single number: smaller means that the predictions lie closer to the data.",
    hints=(
        "Three steps, and the name says them backwards: a difference, its square, the mean.",
        "Arrays are subtracted and squared as a whole: `(a - b) ** 2` is an array again.",
        "`np.mean(...)` of that array is the answer.",
    ),
    inputs=two_lists,
    mistakes=(
        Mistake(
            lambda prediction, y: np.sum((prediction - y) ** 2),
            "You added the squares but did not divide by `n`. With a sum, twice the data has twice "
            "the cost, and a learning rate that worked before explodes.",
        ),
        Mistake(
            lambda prediction, y: np.mean(prediction - y),
            "The square is missing: errors above and below cancel, and a hopeless line can cost 0.",
        ),
        Mistake(
            lambda prediction, y: np.mean(np.abs(prediction - y)),
            "This is the mean *absolute* error, a cost of its own; here the differences are "
            "squared.",
        ),
        Mistake(
            lambda prediction, y: np.mean(prediction - y) ** 2,
            "You squared the mean; the mean of the squares is meant. Square before you average.",
        ),
        Mistake(
            lambda prediction, y: np.sqrt(np.mean((prediction - y) ** 2)),
            "This is the root of the mean squared error. It is lowest at the same place, but its "
            "gradient is another one: leave the root out.",
        ),
        Mistake(
            lambda prediction, y: np.mean((prediction - y) ** 2) / 2,
            "Half of it: some books put 1/2 in front to make the derivative shorter. We don't.",
        ),
        Mistake(
            lambda prediction, y: (prediction - y) ** 2,
            "These are the squares, one for each sample. Their mean is one number.",
        ),
        Mistake(
            lambda prediction, y: np.mean(prediction**2 - y**2),
            "You squared first and subtracted then: that isn't the square of the difference.",
        ),
    ),
)


# --- the gradient by hand


def lines_and_data(rng):
    """A line and data for it, of two lengths."""
    return [
        (Line(rng.normal(), rng.normal()), rng.normal(1, 1, n), rng.normal(3, 1, n)) for n in (4, 7)
    ]


def slopes(m, b):
    """Return a mistake's `my_gradient` from its two derivatives, of the residual r and x."""
    return lambda line, x, y: Line(m(line(x) - y, x), b(line(x) - y, x))


lesson.exercise(
    "gradient",
    title="The gradient by hand",
    question="""
        Write `my_gradient(line, x, y)`: the derivatives of the mean squared error of
        `line(x) = line.m * x + line.b` with respect to `m` and to `b`, worked out with pencil and
        paper. Give them back as a `Line`, since a gradient has the same fields as its model:
        `Line(dm, db)`.
    """,
    skeleton='''
        def my_gradient(line, x, y):
            """The derivatives of mse(line(x), y) by line.m and line.b, as a Line."""
            dm = ...
            db = ...
            return Line(dm, db)
    ''',
    solution="""
        def my_gradient(line, x, y):
            residual = line(x) - y
            dm = np.mean(2 * residual * x)
            db = np.mean(2 * residual)
            return Line(dm, db)
    """,
    shown="The gradient points uphill; its fields say how fast the cost rises with each parameter.",
    hints=(
        "Look at one sample first, and give its error, prediction minus target, a name of its own.",
        "The chain rule: the derivative of a square is two times what is squared, times the "
        "derivative of what is squared.",
        "The residual's derivative by `m` is `x`, by `b` it is 1. The mean of the derivatives is "
        "the derivative of the mean.",
    ),
    inputs=lines_and_data,
    mistakes=(
        Mistake(
            slopes(lambda r, x: np.mean(r * x), lambda r, x: np.mean(r)),
            "The 2 is missing: the derivative of `r ** 2` is `2 * r`.",
        ),
        Mistake(
            slopes(lambda r, x: np.mean(2 * -r * x), lambda r, x: np.mean(2 * -r)),
            "Right size, opposite sign: the residual is prediction minus target, `line(x) - y`. "
            "With this sign, descent climbs.",
        ),
        Mistake(
            slopes(lambda r, x: np.mean(2 * r), lambda r, x: np.mean(2 * r)),
            "`db` is right. In `dm` the inner derivative is missing: `m` is multiplied by `x`.",
        ),
        Mistake(
            slopes(lambda r, x: np.mean(2 * r) * np.mean(x), lambda r, x: np.mean(2 * r)),
            "`db` is right. In `dm` you multiplied two means; multiply sample by sample, then "
            "average.",
        ),
        Mistake(
            slopes(lambda r, x: np.sum(2 * r * x), lambda r, x: np.sum(2 * r)),
            "You added the samples' derivatives without dividing by `n`: the cost is a mean, so "
            "its gradient is one too.",
        ),
        Mistake(
            slopes(lambda r, x: np.mean(2 * r), lambda r, x: np.mean(2 * r * x)),
            "The two are swapped: `Line(dm, db)` takes the slope's derivative first.",
        ),
        Mistake(
            slopes(lambda r, x: np.mean(2 * r * x), lambda r, x: np.mean(r)),
            "`dm` is right; in `db` the 2 is missing.",
        ),
        Mistake(
            slopes(lambda r, x: 2 * r * x, lambda r, x: 2 * r),
            "These are the derivatives of every single sample; their means are asked for.",
        ),
    ),
)


# --- the update


def steps(rng):
    """A line, a gradient, a learning rate."""
    return [
        (Line(rng.normal(), rng.normal()), Line(rng.normal(), rng.normal()), rate)
        for rate in (0.1, 0.03)
    ]


def in_place(line, gradient, learning_rate):
    """Change the line that was given."""
    line.m -= learning_rate * gradient.m
    line.b -= learning_rate * gradient.b
    return line


def in_place_without_return(line, gradient, learning_rate):
    """Change the line that was given, and give nothing back."""
    in_place(line, gradient, learning_rate)


lesson.exercise(
    "update",
    title="The update",
    question="""
        Write `my_update(line, gradient, learning_rate)`: one step of gradient descent. It gives
        back a new `Line`, each of whose parameters has moved against its derivative by
        `learning_rate` times the derivative. The line that was given stays as it is.
    """,
    skeleton='''
        def my_update(line, gradient, learning_rate):
            """A new Line, one step downhill."""
            ...
    ''',
    solution="""
        def my_update(line, gradient, learning_rate):
            m = line.m - learning_rate * gradient.m
            b = line.b - learning_rate * gradient.b
            return Line(m, b)
    """,
    shown="One small step against the gradient; everything else in this course is a way to choose "
    "it.",
    hints=(
        "The gradient points uphill. Which way is down?",
        "The gradient is a `Line` too: `gradient.m` is the derivative by `m`.",
        "The new slope is `line.m - learning_rate * gradient.m`; `b` likewise.",
    ),
    inputs=steps,
    mistakes=(
        Mistake(
            lambda line, g, rate: Line(line.m + rate * g.m, line.b + rate * g.b),
            "This step goes uphill: the gradient points to where the cost rises. Subtract it.",
        ),
        Mistake(
            lambda line, g, rate: Line(line.m - g.m, line.b - g.b),
            "The learning rate is missing: the whole gradient is far too large a step.",
        ),
        Mistake(
            in_place,
            "The right numbers, but the line that was given was changed: run the cell twice and "
            "you have taken two steps. Make a new one: `Line(m, b)`.",
        ),
        Mistake(
            in_place_without_return,
            "You changed the line that was given and gave nothing back. Make a new one and "
            "`return` it: `Line(m, b)`.",
        ),
        Mistake(
            lambda line, g, rate: Line(rate * g.m, rate * g.b),
            "This is the step, not where it leads: subtract it from the line's parameters.",
        ),
        Mistake(
            lambda line, g, rate: Line(-rate * g.m, -rate * g.b),
            "This is the step, not where it leads: add it to the line's parameters.",
        ),
        Mistake(
            lambda line, g, rate: Line(line.m - rate * g.m, line.b - rate * g.m),
            "`m` is right; `b` was moved by the derivative of `m`. Copied and not changed?",
        ),
        Mistake(
            lambda line, g, rate: Line(line.m - rate * g.m, line.b),
            "`m` is right, and `b` has stayed where it was: it has a derivative too.",
        ),
        Mistake(
            lambda line, g, rate: Line(line.m * (1 - rate * g.m), line.b * (1 - rate * g.b)),
            "The step was made in proportion to the parameter: `line.m - rate * gradient.m` has "
            "no other `line.m` in it.",
        ),
    ),
)


# --- the loop


def short_runs(rng):
    """A line, data, a small learning rate and a number of steps."""
    return [
        (Line(rng.normal(), rng.normal()), rng.normal(1, 1, n), rng.normal(3, 1, n), 0.05, n_steps)
        for n, n_steps in ((4, 3), (6, 5))
    ]


def descend(line, x, y, learning_rate, n_steps, direction=-1.0):
    """Return the line after a number of steps."""
    for _ in range(n_steps):
        g = gradient(loss, line, x, y)
        line = Line(
            line.m + direction * learning_rate * g.m, line.b + direction * learning_rate * g.b
        )
    return line


def same_gradient_at_every_step(line, x, y, learning_rate, n_steps):
    """Take the gradient once, before the loop."""
    g = gradient(loss, line, x, y)
    k = learning_rate * n_steps
    return Line(line.m - k * g.m, line.b - k * g.b)


def one_after_the_other(line, x, y, learning_rate, n_steps):
    """Move m first, and take the derivative by b at the line that has moved already."""
    for _ in range(n_steps):
        line = Line(line.m - learning_rate * gradient(loss, line, x, y).m, line.b)
        line = Line(line.m, line.b - learning_rate * gradient(loss, line, x, y).b)
    return line


lesson.exercise(
    "loop",
    title="A loop of your own",
    question="""
        Write `my_descent(line, x, y, learning_rate, n_steps)`: start at `line`, take `n_steps`
        steps of gradient descent on the mean squared error, and give back the line you arrive at.
        `gradient(loss, line, x, y)` gives the gradient as a `Line`.
    """,
    skeleton='''
        def my_descent(line, x, y, learning_rate, n_steps):
            """The line after n_steps steps."""
            for step in range(n_steps):
                ...
            return line
    ''',
    solution="""
        def my_descent(line, x, y, learning_rate, n_steps):
            for step in range(n_steps):
                g = gradient(loss, line, x, y)
                line = Line(line.m - learning_rate * g.m, line.b - learning_rate * g.b)
            return line
    """,
    shown="Gradient, step, again: five lines that learn.",
    hints=(
        "Two lines belong into the loop: where is uphill here, and a step the other way.",
        "After each step the line is another one, so its gradient is another one too.",
        "`line = Line(line.m - learning_rate * g.m, ...)` makes the name `line` mean the new one.",
    ),
    inputs=short_runs,
    mistakes=(
        Mistake(
            lambda line, x, y, rate, n: line,
            "You gave back the line you started from: give the new line the name `line` "
            "(`line = ...`) in the loop.",
        ),
        Mistake(
            lambda line, x, y, rate, n: descend(line, x, y, rate, 1),
            "Only one step was taken: is the `return` inside the loop, or does every pass start "
            "again from the first line?",
        ),
        Mistake(
            lambda line, x, y, rate, n: descend(line, x, y, rate, n - 1),
            "One step too few: `range(n_steps)` already counts `n_steps` passes, from 0.",
        ),
        Mistake(
            lambda line, x, y, rate, n: descend(line, x, y, rate, n + 1),
            "One step too many: `range(n_steps)` counts `n_steps` passes, from 0.",
        ),
        Mistake(
            same_gradient_at_every_step,
            "Every step used the gradient of the line you started from. Compute it inside the "
            "loop, at the line of that step.",
        ),
        Mistake(
            lambda line, x, y, rate, n: descend(line, x, y, rate, n, direction=1.0),
            "This loop climbs: each step has to go against the gradient, so subtract.",
        ),
        Mistake(
            lambda line, x, y, rate, n: descend(line, x, y, 1.0, n),
            "The learning rate is missing: each step is the whole gradient.",
        ),
        Mistake(
            one_after_the_other,
            "`b` was moved with a gradient taken after `m` had moved. One gradient for each step, "
            "then both move together.",
        ),
    ),
)


# --- a train of your own


def optimizers(rng):
    """A loss, a model, data, an optimizer, a number of steps."""
    data = [(rng.normal(1, 1, n), rng.normal(3, 1, n)) for n in (4, 6)]
    return [
        (loss, Line(0.5, 0.5), *data[0], Descent(0.05), 4),
        (loss, Parabola(0.1, 0.2, 0.3), *data[1], Momentum(0.01), 6),
    ]


def trained(loss, model, x, y, optimizer, n_steps, *, carry=True, before=True):
    """Return the model and its losses; with `carry` false, the state is lost at each step."""
    state, losses = None, []
    for _ in range(n_steps):
        old = model
        model, new = update(model, gradient(loss, model, x, y), optimizer, state)
        state = new if carry else None
        losses.append(loss(old if before else model, x, y))
    return model, losses


lesson.exercise(
    "train",
    title="A train of your own",
    question="""
        Write `my_train(loss, model, x, y, optimizer, n_steps)` for any model, any loss and any
        optimizer. Each step is `update(model, gradient, optimizer, state)`, which gives back the
        new model and the new state (at the first step the state is `None`). Give back the model at
        the end and the list of the losses, each measured *before* its step:
        `return model, losses`.
    """,
    skeleton='''
        def my_train(loss, model, x, y, optimizer, n_steps):
            """The trained model, and the loss before each step."""
            state = None
            losses = []
            for step in range(n_steps):
                ...
            return model, losses
    ''',
    solution="""
        def my_train(loss, model, x, y, optimizer, n_steps):
            state = None
            losses = []
            for step in range(n_steps):
                losses.append(loss(model, x, y))
                g = gradient(loss, model, x, y)
                model, state = update(model, g, optimizer, state)
            return model, losses
    """,
    shown="Nothing in it knows about lines: the same loop will train every network of this course.",
    hints=(
        "Three lines belong into the loop: the loss, the gradient, the update.",
        "`update` gives two things back, and the next step needs both: `model, state = "
        "update(...)`.",
        "The loss that belongs to a step is that of the model before it: append it first.",
    ),
    inputs=optimizers,
    mistakes=(
        Mistake(
            lambda *a: trained(*a, before=False),
            "The model is right. The losses are those after each step: append before you update, "
            "so that the first one is the cost of the model you started from.",
        ),
        Mistake(
            lambda *a: trained(*a, carry=False),
            "The state is lost between steps: `Descent` doesn't need it, but `Momentum` starts "
            "afresh each time. Keep what `update` gives back: `model, state = update(...)`, and "
            "pass it on.",
        ),
        Mistake(
            lambda *a: trained(*a)[::-1],
            "Both are right, in the wrong order: the model first, then the losses.",
        ),
        Mistake(
            lambda *a: trained(*a)[0],
            "Only the model came back: `return model, losses`.",
        ),
        Mistake(
            lambda *a: trained(*a)[1],
            "Only the losses came back: `return model, losses`.",
        ),
        Mistake(
            lambda *a: (a[1], trained(*a)[1]),
            "The losses are right, but the model that came back is the one you started from.",
        ),
        Mistake(
            lambda loss, model, x, y, optimizer, n: (
                trained(loss, model, x, y, optimizer, n)[0],
                [*trained(loss, model, x, y, optimizer, n + 1)[1]],
            ),
            "The model is right, but there is one loss more than there are steps.",
        ),
        Mistake(
            lambda loss, model, x, y, optimizer, n: trained(loss, model, x, y, optimizer, n - 1),
            "One step too few: `range(n_steps)` already counts `n_steps` passes.",
        ),
        Mistake(
            lambda loss, model, x, y, optimizer, n: trained(loss, model, x, y, Descent(0.05), n),
            "You took `Descent(0.05)` and not the optimizer that was given.",
        ),
    ),
)


# --- when to stop


def endings(rng):
    """Lists of losses that rise, fall, crawl; large and small ones; a tolerance each."""
    return [
        ([900.0, 700.0], 1e-3),  # falls fast
        ([900.0, 890.0, 889.9999], 1e-3),  # has settled
        ([900.0, 901.0], 1e-3),  # rises
        ([900.0, 3e7], 1e-3),  # diverges
        ([5e-4, 4e-4], 1e-3),  # small, and still falls by a fifth
        ([8e6, 8e6 - 100.0], 1e-3),  # large, and settled for its size
        ([900.0, 889.5, 890.0], 1e-3),  # rises a little
        ([900.0, 500.0, 490.0], 0.1),  # settled for a loose tolerance
        ([900.0], 1e-3),  # there was no step yet
        ([900.0, 899.9, 500.0], 1e-3),  # paused, then fell
    ]


lesson.exercise(
    "stop",
    title="When to stop",
    question="""
        Mend the test that took an explosion for the end: `has_converged(losses, tolerance)` is
        `True` when the last step lowered the loss by no more than `tolerance` times the loss before
        it. A loss that rose never counts, and a single loss is not enough to tell.
    """,
    skeleton='''
        def has_converged(losses, tolerance):
            """Whether the last step lowered the loss by no more than its part `tolerance`."""
            ...
    ''',
    solution="""
        def has_converged(losses, tolerance):
            if len(losses) < 2:
                return False
            fall = losses[-2] - losses[-1]
            return 0 <= fall <= tolerance * losses[-2]
    """,
    shown="Converged means: it still falls, but hardly. Rising is something else altogether.",
    hints=(
        "How much did the last step lower the loss? The last two of the list tell.",
        "A fall of 0.1 is nothing for a loss of 900 and everything for one of 0.1: compare it with "
        "the loss itself.",
        "The fall has to lie between two bounds: `0 <= fall <= ...`.",
    ),
    inputs=endings,
    mistakes=(
        Mistake(
            lambda losses, tolerance: (
                len(losses) > 1 and losses[-2] - losses[-1] <= tolerance * losses[-2]
            ),
            "A loss that rises counts as converged here: the difference is negative, and so it is "
            "below every bound. That is how a diverging run stops after one step and looks fine.",
        ),
        Mistake(
            lambda losses, tolerance: len(losses) > 1 and losses[-2] - losses[-1] <= tolerance,
            "Two things: a loss that rises counts as converged, and the bound doesn't grow with "
            "the loss. This is the test we set out to mend.",
        ),
        Mistake(
            lambda losses, tolerance: len(losses) > 1 and 0 <= losses[-2] - losses[-1] <= tolerance,
            "The bound is absolute: a small loss seems settled while it still falls by a fifth, "
            "and a large one never settles. Multiply the tolerance by the loss.",
        ),
        Mistake(
            lambda losses, tolerance: (
                len(losses) > 1 and abs(losses[-2] - losses[-1]) <= tolerance * losses[-2]
            ),
            "With `abs`, a loss that rises a little counts as converged. Rising never counts.",
        ),
        Mistake(
            lambda losses, tolerance: (
                len(losses) > 1 and 0 <= losses[0] - losses[-1] <= tolerance * losses[0]
            ),
            "You compared the last loss with the first one; the last two tell whether it still "
            "falls.",
        ),
        Mistake(
            lambda losses, tolerance: len(losses) > 1 and losses[-1] <= tolerance,
            "You compared the loss itself with the tolerance. A good fit may have a loss of 890: "
            "what counts is how much it still falls.",
        ),
        Mistake(
            lambda losses, tolerance: 0 <= losses[-2] - losses[-1] <= tolerance * losses[-2],
            "With a single loss there is no `losses[-2]`, and this raises. Ask for `len(losses)` "
            "first.",
        ),
        Mistake(
            lambda losses, tolerance: (
                len(losses) < 2 or 0 <= losses[-2] - losses[-1] <= tolerance * losses[-2]
            ),
            "Nearly: with a single loss nothing is known yet, so the answer is `False`.",
        ),
    ),
)


# --- the largest rate

WALL = 2 / np.linalg.eigvalsh(2 / len(x) * np.array([[x @ x, x.sum()], [x.sum(), len(x)]]))[-1]


lesson.exercise(
    "rate",
    title="The largest rate that still converges",
    question="""
        Find the largest learning rate at which gradient descent still converges for a line on this
        lesson's data, `x = 1 ... 100`, to within one percent. Try rates until you have it between
        two, or compute it: the largest eigenvalue of the Hessian of the cost tells.
    """,
    skeleton="my_rate = ...",
    solution="""
        my_rate = 2 / max(
            np.linalg.eigvalsh(
                [[2 * np.mean(x * x), 2 * np.mean(x)], [2 * np.mean(x), 2]],
            )
        )
    """,
    shown="Below 2 divided by the largest curvature every step shrinks the error, above it every "
    "step makes it grow; the wall stands at 2.955e-4.",
    hints=(
        "Take two rates, one that converges and one that explodes, and try the one in the middle. "
        "Which half is the wall in?",
        "A step multiplies the error along a direction of curvature `c` by `1 - rate * c`. When is "
        "that between -1 and 1?",
        "The Hessian of the mean squared error of a line is `2/n` times "
        "`[[sum(x*x), sum(x)], [sum(x), n]]`; `np.linalg.eigvalsh` gives its eigenvalues.",
    ),
    right=lambda rate: 0.99 * WALL <= rate <= WALL * (1 + 1e-6),
    mistakes=(
        Mistake(
            -1e-4,
            "A negative rate climbs: the cost grows at every step.",
            when=lambda rate: rate < 0,
        ),
        Mistake(0.0, "With a rate of 0 nothing moves.", when=lambda rate: rate == 0),
        Mistake(
            2 * WALL,
            "Twice the wall: the Hessian of the *mean squared* error has a factor 2 in front, from "
            "the derivative of the square.",
            when=lambda rate: abs(rate / WALL - 2) < 0.01,
        ),
        Mistake(
            WALL / 2,
            "Half of it. 1 divided by the largest eigenvalue goes to the bottom of the steep "
            "direction in one step; up to twice that the steps overshoot but still shrink.",
            when=lambda rate: abs(rate / WALL - 0.5) < 0.005,
        ),
        Mistake(
            WALL / len(x),
            "`n` times too small: the Hessian of a *mean* is divided by `n`.",
            when=lambda rate: abs(rate / WALL * len(x) - 1) < 0.01,
        ),
        Mistake(
            2 / np.linalg.eigvalsh([[2 * np.mean(x * x), 2 * x.mean()], [2 * x.mean(), 2]])[0],
            "This is 2 divided by the *smallest* eigenvalue: the flat direction would bear it, the "
            "steep one explodes.",
            when=lambda rate: 3 < rate < 5,
        ),
        Mistake(
            6767.0,
            "This is a curvature, not a rate: the wall is 2 divided by it.",
            when=lambda rate: 6000 < rate < 7500,
        ),
        Mistake(
            3e-4,
            "Too large: at this rate the cost grows from step to step. Run it for a few thousand "
            "steps and look at the last losses, not at the first.",
            when=lambda rate: rate > WALL * (1 + 1e-6),
        ),
        Mistake(
            1e-4,
            "It converges, but it isn't the largest: more than one percent is left to gain.",
            when=lambda rate: 0 < rate < 0.99 * WALL,
        ),
    ),
)


# --- a model of your own


def coffee(rng=None):
    """Return hours and temperatures (in degrees Celsius) of a cup that cools in a room.

    41 readings in two hours with a noise of 0.5 degrees; without a generator, always the same ones.
    """
    rng = np.random.default_rng(1) if rng is None else rng
    hours = np.linspace(0, 2, 41)
    return hours, temperature(hours) + rng.normal(0, 0.5, hours.size)


def temperature(hours):
    """Return the law behind the readings: the difference to the room decays."""
    return 21 + 68 * np.exp(-1.6 * hours)


@dataclass(eq=False)
class Cooling:
    """The solution's model, for the mistakes below."""

    room: float
    excess: float
    rate: float

    def __call__(self, hours):
        """Return the temperature after so many hours."""
        return self.room + self.excess * np.exp(-self.rate * hours)


@dataclass(eq=False)
class Fixed:
    """A model that holds no parameters."""

    def __call__(self, hours):
        """Return the law, with its numbers written into the code."""
        return temperature(hours)


def quality(model):
    """Return `(fields, shape, error)`: number of parameters, shape and mse at times not seen."""
    if isinstance(model, (tuple, type)):
        return ("tuple" if isinstance(model, tuple) else "class", None, None)
    hours = np.sort(np.random.default_rng(7).uniform(0, 2, 30))
    prediction = np.asarray(model(hours), dtype=float)
    error = np.mean((prediction - temperature(hours)) ** 2) if prediction.shape == (30,) else None
    return (len(parameters(model)), prediction.shape, error)


lesson.exercise(
    "model",
    title="A model of your own",
    question="""
        A cup of coffee was measured for two hours: `hours, degrees = coffee()`. Write a dataclass
        of your own that can be called with hours and returns degrees, fit it with the very same
        `gradient` and `train`, and call what came out `my_model`. It passes when it is less than
        one degree off (root of the mean squared error) at times that it has not seen. A line won't
        do.
    """,
    skeleton='''
        from course.exercises.lesson_01 import coffee

        hours, degrees = coffee()


        @dataclass(eq=False)
        class MyModel:
            """Which parameters does it have?"""

            def __call__(self, hours):
                """The temperature after so many hours."""
                ...


        my_model = ...
    ''',
    solution="""
        from course.exercises.lesson_01 import coffee


        @dataclass(eq=False)
        class CoolingSolution:
            room: float
            excess: float
            rate: float

            def __call__(self, hours):
                return self.room + self.excess * np.exp(-self.rate * hours)


        my_model = train(
            loss,
            CoolingSolution(20.0, 70.0, 1.0),  # where it ends, how far above it starts, a guess
            [coffee()],
            Descent(1e-3),
            epochs=1_000,
            progress=False,
        )[0]
    """,
    shown="A model is anything with parameters that can be called: nothing else had to change.",
    hints=(
        "Plot the data: it falls fast, then slowly, towards a level. Which curve that you know "
        "does?",
        "The difference to the room's temperature decays: `room + excess * np.exp(-rate * hours)`; "
        "or take a polynomial of degree 3 or more.",
        "Each parameter is a field with the type `float`; start from guesses read off the plot, "
        "and if the loss explodes, make the learning rate smaller.",
    ),
    use=quality,
    right=lambda q: isinstance(q[0], int) and q[0] > 0 and q[2] is not None and q[2] < 1.0,
    mistakes=(
        Mistake(
            (Cooling(21.0, 68.0, 1.6), None),
            "This is a tuple: `train` gives back the model and its history. "
            "Write `my_model, history = train(...)`.",
            when=lambda q: q[0] == "tuple",
        ),
        Mistake(
            Cooling,
            "This is the class, not a model: `MyModel(...)` with first guesses makes one, and "
            "`train` gives back a fitted one.",
            when=lambda q: q[0] == "class",
        ),
        Mistake(
            Fixed(),
            "This model has no parameters that could be learned: make them fields of the "
            "dataclass, `rate: float`, and read them as `self.rate`.",
            when=lambda q: q[0] == 0,
        ),
        Mistake(
            Cooling(21.0, 68.0, np.array([[1.6]])),
            "Called with an array of hours of shape `(n,)` it has to give back `(n,)`, one "
            "temperature for each.",
            when=lambda q: isinstance(q[0], int) and q[2] is None,
        ),
        Mistake(
            Cooling(np.nan, 68.0, 1.6),
            "Its predictions are NaN: the training has diverged. Take a smaller learning rate.",
            when=lambda q: not np.isfinite(q[2]),
        ),
        Mistake(
            Line(-31.0, 76.0),
            "A straight line, or nearly: it can't bend as the data does. Give it a curve.",
            when=lambda q: q[0] == 2 and 20 < q[2] < 150,
        ),
        Mistake(
            Parabola(22.0, -74.0, 86.0),
            "Near, but more than a degree off. A parabola comes up again where the coffee goes on "
            "cooling; another curve, better first guesses, or more steps?",
            when=lambda q: 1 <= q[2] <= 20,
        ),
        Mistake(
            Cooling(20.0, 40.0, 0.1),
            "It is many degrees off: has it been trained, and long enough? Plot it over the data.",
            when=lambda q: q[2] > 20,
        ),
    ),
)
