"""Exercises of lesson 04: hidden units, their gradient, their start, and when to stop."""

from itertools import pairwise

import numpy as np

from course import Dense, cross_entropy, parameters, relu, tanh
from course.exercises.exercise import Lesson, Mistake

lesson = Lesson(
    "04",
    "Multilayer perceptrons",
    setup="""
import autograd.numpy as np

from course import Chain, Dense, cross_entropy, parameters, relu, tanh


def loss(model, x, y):
    return cross_entropy(model(x), y)
""",
)


def networks(rng):
    """Points and the four arrays of a network, of two sizes."""
    return [
        (
            rng.normal(size=(n, 2)),
            rng.normal(size=(2, k)),
            rng.normal(size=k),
            rng.normal(size=(k, 3)),
            rng.normal(size=3),
        )
        for n, k in ((4, 5), (6, 4))
    ]


lesson.exercise(
    "hidden",
    title="A hidden layer",
    question="""
        Write `my_network(x, W, b, V, c)`: points `x` of shape `(n, 2)` go through a hidden layer
        of `k` units and come out as scores `(n, 3)`. `W` is `(2, k)`, `b` `(k,)`, `V` `(k, 3)`,
        `c` `(3,)`.

        $$h = \\mathrm{relu}(x W + b), \\qquad z = h V + c$$
    """,
    skeleton='''
        def my_network(x, W, b, V, c):
            """The scores of each row of x."""
            h = ...
            return ...
    ''',
    solution="""
        def my_network(x, W, b, V, c):
            h = relu(x @ W + b)
            return h @ V + c
    """,
    shown="A network is two lines of code: a layer, a bend, a layer.",
    hints=(
        "Two steps: from the points to the hidden units, from these to the scores.",
        "A table times a table is `x @ W`; the bias is added to each row by itself. The bend comes "
        "after the bias.",
        "`relu(x @ W + b)` first. The second step looks the same, with `V` and `c`, and no bend.",
    ),
    inputs=networks,
    mistakes=(
        Mistake(
            lambda x, W, b, V, c: (x @ W + b) @ V + c,
            "The bend is missing. Without `relu`, a line of lines is a line, and can't do what a "
            "line can't.",
        ),
        Mistake(
            lambda x, W, b, V, c: (relu(x @ W) + b) @ V + c,
            "The bias comes inside the bend, `relu(x @ W + b)`: it says where the unit switches "
            "on. Outside, every unit's line would go through the origin.",
        ),
        Mistake(
            lambda x, W, b, V, c: relu(relu(x @ W + b) @ V + c),
            "The scores are bent too. A score must be free to be negative: no `relu` at the end.",
        ),
        Mistake(
            lambda x, W, b, V, c: x @ W @ V + relu(b) @ V + c,
            "You bent the bias alone. The bend takes the whole sum, `relu(x @ W + b)`.",
        ),
        Mistake(
            lambda x, W, b, V, c: relu(x @ W) @ V + c,
            "The hidden units' bias `b` is missing.",
        ),
        Mistake(
            lambda x, W, b, V, c: relu(x @ W + b) @ V,
            "The scores' bias `c` is missing.",
        ),
        Mistake(
            lambda x, W, b, V, c: tanh(x @ W + b) @ V + c,
            "The right structure with another bend: this is `tanh`, and `relu` is asked for.",
        ),
        Mistake(
            lambda x, W, b, V, c: relu(x @ W + b),
            "These are the hidden units, `(n, k)`. The second step, `h @ V + c`, is missing.",
        ),
    ),
)


def hidden_layers(rng):
    """Points, what tanh units gave, their outgoing weights, the scores' derivatives."""
    cases = []
    for n, k in ((4, 5), (6, 2)):
        h = np.tanh(rng.normal(0, 0.7, (n, k)))
        cases.append((rng.normal(size=(n, 2)), h, rng.normal(size=(k, 3)), rng.normal(size=(n, 3))))
    return cases


def slope(factor):
    """Return a mistake's `my_backward` from what it takes for the slope of tanh."""

    def wrong(x, h, V, d_z):
        d_a = d_z @ V.T * factor(h)
        return x.T @ d_a, d_a.sum(axis=0)

    return wrong


lesson.exercise(
    "backward",
    title="Back through tanh",
    question="""
        The same network with tanh instead of relu: $h = \\tanh(x W + b)$, $z = h V + c$. Write
        `my_backward(x, h, V, d_z)`, which gives the pair `(d_W, d_b)`, of shapes `(2, k)` and
        `(k,)`. `x` is `(n, 2)`, `h` `(n, k)` is what the hidden units gave, `V` is `(k, 3)`,
        and `d_z` `(n, 3)` is the derivative of the loss by the scores (already divided by `n`).
        The slope of tanh is $1 - \\tanh^2$, and `h` *is* the tanh.
    """,
    skeleton='''
        def my_backward(x, h, V, d_z):
            """The derivatives of the loss by W and by b."""
            d_a = ...
            return ..., ...
    ''',
    solution="""
        def my_backward(x, h, V, d_z):
            d_a = d_z @ V.T * (1 - h**2)
            return x.T @ d_a, d_a.sum(axis=0)
    """,
    shown="Another bend changes one factor. What was computed on the way forward is used again on "
    "the way back.",
    hints=(
        "Take `gradient_by_hand` and find the one place where relu's slope stands.",
        "There it is `(h > 0)`. Here the slope is 1 minus the square of what the unit gave.",
        "`d_a` is `d_z @ V.T` times that slope; `d_W` and `d_b` follow from it as before.",
    ),
    inputs=hidden_layers,
    mistakes=(
        Mistake(
            slope(lambda h: h > 0),
            "This is relu's slope, 1 where the unit is on. The slope of tanh is `1 - h**2`.",
        ),
        Mistake(
            slope(lambda h: 1.0),
            "The slope of the bend is missing: `d_z @ V.T` is what comes back to `h`; to get to "
            "`x W + b`, multiply by `1 - h**2`.",
        ),
        Mistake(
            slope(lambda h: h * (1 - h)),
            "`h * (1 - h)` is the slope of the logistic function. For tanh it is `1 - h**2`.",
        ),
        Mistake(
            slope(lambda h: 1 - np.tanh(h) ** 2),
            "You took the tanh twice: `h` is already the tanh, so the slope is `1 - h**2`.",
        ),
        Mistake(
            slope(lambda h: (1 - h) ** 2),
            "Parentheses: the slope is one minus the square, `1 - h**2`, and not the square of "
            "`1 - h`.",
        ),
        Mistake(
            lambda x, h, V, d_z: (x.T @ (d_z @ V.T * (1 - h**2)), (d_z @ V.T * (1 - h**2)).mean(0)),
            "`d_W` is right. In `d_b` the rows are added, not averaged: `d_z` has been divided by "
            "`n` already.",
        ),
        Mistake(
            lambda x, h, V, d_z: (
                x.T @ (d_z @ V.T * (1 - h**2)) / len(x),
                (d_z @ V.T * (1 - h**2)).sum(0) / len(x),
            ),
            "Divided by `n` twice: `d_z` has been divided already.",
        ),
        Mistake(
            lambda x, h, V, d_z: (x.T @ (d_z @ V.T * (1 - h**2)), (d_z @ V.T).sum(0)),
            "`d_W` is right. `d_b` is the sum of the rows of the same `d_a`, slope included.",
        ),
        Mistake(
            lambda x, h, V, d_z: (h.T @ d_z, d_z.sum(axis=0)),
            "These are `d_V` and `d_c`, the last layer's. Go one layer further back.",
        ),
    ),
)


UNITS = 7  # by the explorer's own computing, which a test of it repeats

lesson.exercise(
    "units",
    title="A number from the explorer",
    question="""
        In the explorer above keep the start *He*, a learning rate of 1 and 1,000 steps. What is
        the smallest number of hidden units with which more than 95% of the points are on the right
        side? (On the way, look at 4 and 5: more units aren't always better, and the sentence below
        the picture may tell why.)
    """,
    skeleton="""
        my_units = ...
    """,
    solution=f"""
        my_units = {UNITS}
    """,
    shown="Seven lines, cleverly added, follow three spirals. Which lines, nobody told them.",
    hints=(
        "Press *reset*, then go down from 8 hidden units with the arrow key, and read the share.",
        "With 6 units it is 93.3%, which isn't enough.",
        "One more than six.",
    ),
    mistakes=(
        Mistake(
            8,
            "With 8 it is more than 95%, true, but go one down: there is a smaller number.",
        ),
        Mistake(
            6,
            "With 6 units 280 of 300 points are right, which is 93.3%: not yet more than 95%.",
        ),
        Mistake(
            11,
            "With 11 all points are right. Asked for is more than 95%, which fewer can do.",
        ),
        Mistake(
            3,
            "Three units reach 70% in 1,000 steps. There is one for each spiral, but a spiral "
            "needs more than one straight cut.",
            when=lambda units: 1 <= units <= 5,
        ),
        Mistake(
            95,
            "This looks like the share. Asked for is the number of hidden units, from 1 to 32.",
            when=lambda units: units > 32 or 0 < units < 1,
        ),
    ),
)


def widths(rng):
    """Numbers of features that come in, all different."""
    return [(int(n),) for n in rng.permutation([3, 50, 784])]


lesson.exercise(
    "spread",
    title="He's rule",
    question="""
        Write `my_spread(n_in)`: the standard deviation of the start weights of a relu layer into
        which `n_in` features come, by He's rule. The rule says that their *variance* is
        $2 / n_{in}$.
    """,
    skeleton='''
        def my_spread(n_in):
            """The standard deviation of He's start weights."""
            ...
    ''',
    solution="""
        def my_spread(n_in):
            return np.sqrt(2 / n_in)
    """,
    shown="Its square, times the number of terms, times the half that relu lets through, is one: "
    "the size of the numbers stays.",
    hints=(
        "A standard deviation is the root of a variance.",
        "The root of the whole fraction.",
        "`np.sqrt(...)` of 2 divided by `n_in`.",
    ),
    inputs=widths,
    mistakes=(
        Mistake(
            lambda n_in: 2 / n_in,
            "This is the variance. `rng.normal` wants the standard deviation, its root: with 784 "
            "pixels you would start twenty times too small.",
        ),
        Mistake(
            lambda n_in: np.sqrt(1 / n_in),
            "This keeps the size of numbers without a bend. Relu throws half away; the 2 makes up "
            "for it.",
        ),
        Mistake(
            lambda n_in: np.sqrt(2) / n_in,
            "The root is of the 2 alone here. Take the root of the whole fraction.",
        ),
        Mistake(
            lambda n_in: 2 / np.sqrt(n_in),
            "The root is of `n_in` alone here. Take the root of the whole fraction, 2 included.",
        ),
        Mistake(
            lambda n_in: np.sqrt(2 * n_in),
            "The more features come in, the *smaller* the weights must be: divide by `n_in`.",
        ),
        Mistake(
            lambda n_in: np.sqrt(6 / n_in),
            "This is the bound of a uniform distribution with that variance. Asked for is the "
            "standard deviation.",
        ),
    ),
)


def layers_with_dead(rng):
    """What relu layers gave, some of their units dead, some only lazy."""
    cases = []
    for n, k, dead in ((6, 5, 2), (4, 7, 3), (5, 3, 0)):
        h = np.maximum(rng.normal(0, 1, (n, k)), 0)
        h[0] = 0.0  # a sample for which all units are off
        h[1] = rng.uniform(0.5, 1.0, k)
        h[:, rng.permutation(k)[:dead]] = 0.0
        cases.append((h,))
    return cases


lesson.exercise(
    "dead",
    title="Counting the dead",
    question="""
        Write `my_dead(h)`. `h` is `(n, k)`: what a relu layer of `k` units gives for `n` samples.
        What comes back is how many units are dead: 0 for *every* sample.
    """,
    skeleton='''
        def my_dead(h):
            """How many units are off for every sample."""
            ...
    ''',
    solution="""
        def my_dead(h):
            return np.sum(np.all(h == 0, axis=0))
    """,
    shown="A unit that is off for some samples is doing its work. One that is off for all has no "
    "gradient left.",
    hints=(
        "Rows are samples, columns are units. Look at one column: when is it dead?",
        "`h == 0` is a table of true and false; `np.all(..., axis=0)` asks down each column.",
        "Then count the columns that said true: `np.sum`.",
    ),
    inputs=layers_with_dead,
    mistakes=(
        Mistake(
            lambda h: np.sum(np.any(h == 0, axis=0)),
            "You counted units that are off for *some* sample. That is what relu is for; dead is "
            "who is off for all: `np.all`.",
        ),
        Mistake(
            lambda h: np.sum(np.all(h == 0, axis=1)),
            "You counted samples for which all units are off. Units are columns: `axis=0`.",
        ),
        Mistake(
            lambda h: np.sum(h == 0),
            "You counted single zeros. Ask each column first whether *all* of it is zero.",
        ),
        Mistake(
            lambda h: np.sum(np.any(h > 0, axis=0)),
            "You counted the living.",
        ),
        Mistake(
            lambda h: np.mean(np.all(h == 0, axis=0)),
            "This is the share of the dead. Asked for is their number: `np.sum`.",
        ),
        Mistake(
            lambda h: np.all(h == 0, axis=0),
            "This says of each unit whether it is dead. Count them.",
        ),
    ),
)


def classified(rng):
    """A layer whose bias isn't zero, points and labels, of two sizes."""
    cases = []
    for n, k in ((6, 2), (9, 4)):
        model = Dense.from_arrays(rng.normal(size=(k, 3)), rng.normal(size=3))
        cases.append((model, rng.normal(size=(n, k)), np.arange(n) % 3))
    return cases


def decay(penalty):
    """Return a mistake's `my_loss` from its penalty on the list of parameters."""
    return lambda model, x, y: cross_entropy(model(x), y) + penalty(parameters(model))


lesson.exercise(
    "l2",
    title="A line against large weights",
    question="""
        Write `my_loss(model, x, y)`: the cross-entropy of the model's logits, plus 0.01 times the
        sum of the squares of *all* its parameters. `parameters(model)` is a list of arrays.
    """,
    skeleton='''
        def my_loss(model, x, y):
            """Cross-entropy with L2."""
            penalty = ...
            return cross_entropy(model(x), y) + 0.01 * penalty
    ''',
    solution="""
        def my_loss(model, x, y):
            penalty = sum(np.sum(p**2) for p in parameters(model))
            return cross_entropy(model(x), y) + 0.01 * penalty
    """,
    shown="Regularization is no switch. It is a line in a loss, and the gradient takes care of "
    "the rest.",
    hints=(
        "One array's share of the penalty is the sum of its squared numbers. Then over all arrays.",
        "`np.sum(p**2)` for one array; `for p in parameters(model)` goes through all.",
        "`sum(... for p in parameters(model))` adds them up.",
    ),
    inputs=classified,
    mistakes=(
        Mistake(
            lambda model, x, y: cross_entropy(model(x), y),
            "This is the cross-entropy alone: the penalty is zero.",
        ),
        Mistake(
            decay(lambda ps: 0.01 * sum(np.sum(np.abs(p)) for p in ps)),
            "These are absolute values, which is L1, another remedy. L2 takes the squares.",
        ),
        Mistake(
            decay(lambda ps: 0.01 * sum(np.sum(p) ** 2 for p in ps)),
            "First square, then add: `np.sum(p**2)`. The sum of an array may be near zero although "
            "its numbers are large.",
        ),
        Mistake(
            decay(lambda ps: 0.01 * sum(np.mean(p**2) for p in ps)),
            "You averaged within each array. Asked for is the sum, in which every number counts "
            "the same.",
        ),
        Mistake(
            decay(lambda ps: 0.01 * np.sum(ps[-1] ** 2)),
            "Only the last array is punished: is there a `sum` around the loop?",
        ),
        Mistake(
            decay(lambda ps: 0.01 * sum(np.sum(p**2) for p in ps if np.ndim(p) == 2)),
            "Only the weights are punished. Many leave the biases out, for good reasons, but here "
            "all of `parameters(model)` count.",
        ),
        Mistake(
            decay(lambda ps: 0.01 * np.sqrt(sum(np.sum(p**2) for p in ps))),
            "A root too many: this is the length of all parameters, and its square is asked for.",
        ),
        Mistake(
            decay(lambda ps: -0.01 * sum(np.sum(p**2) for p in ps)),
            "The penalty is subtracted: this rewards large weights.",
        ),
        Mistake(
            decay(lambda ps: sum(np.sum(p**2) for p in ps)),
            "The factor 0.01 is missing: the weights would count more than the data.",
        ),
    ),
)


def validations(rng):
    """Validation losses and a patience: a dip, a relapse, a better valley that comes too late."""
    small = rng.uniform(0, 0.01)
    return [
        ([3.0, 2.0, 1.0 + small, 1.5, 1.2, 1.1, 0.9, 1.3, 1.3, 1.3, 1.3, 0.5], 3),
        ([2.0, 1.5, 1.8, 1.4, 1.6, 1.2 + small, 1.3, 1.25, 1.22, 1.3, 1.3, 0.1], 2),
        ([1.0, 0.9 + small, 0.95, 0.8, 0.7], 2),
    ]


def patient(validation, patience, *, after=0, previous=False, forget=True):
    """Return the best epoch and the last one, with one thing or another done wrong."""
    best, since = 0, 0
    for epoch in range(1, len(validation)):
        against = validation[epoch - 1] if previous else validation[best]
        if validation[epoch] < against:
            best, since = epoch, 0 if forget else since
        else:
            since += 1
        if since >= patience + after:
            return best, epoch
    return best, len(validation) - 1


lesson.exercise(
    "best",
    title="Patience",
    question="""
        Write `my_best(validation, patience)`. `validation` is a list of losses, one for each epoch.
        Go through it from the front, as training would: stop when `patience` epochs in a row
        have brought no loss below the best so far, or at the end of the list. What comes back is
        the index of the best epoch seen until then.
    """,
    skeleton='''
        def my_best(validation, patience):
            """The epoch whose model early stopping gives back."""
            best = 0
            for epoch in range(len(validation)):
                ...
            return best
    ''',
    solution="""
        def my_best(validation, patience):
            best = 0
            for epoch in range(len(validation)):
                if validation[epoch] < validation[best]:
                    best = epoch
                if epoch - best >= patience:
                    break
            return best
    """,
    shown="Early stopping in five lines. It can miss a better valley that comes later: that is "
    "what patience is the price of.",
    hints=(
        "Keep the index of the best epoch. A lower loss makes the present epoch the best.",
        "How many epochs have gone by without a new best? `epoch - best`.",
        "If that is `patience` or more, `break`.",
    ),
    inputs=validations,
    mistakes=(
        Mistake(
            lambda v, patience: int(np.argmin(v)),
            "You looked at the whole list, also at epochs after training would have stopped. Go "
            "from the front, and `break`.",
        ),
        Mistake(
            lambda v, patience: patient(v, patience)[1],
            "This is the epoch at which training stops. Asked for is the best one before it: that "
            "model comes back.",
        ),
        Mistake(
            lambda v, patience: v[patient(v, patience)[0]],
            "This is the best loss. Asked for is its index, the epoch.",
        ),
        Mistake(
            lambda v, patience: patient(v, patience, after=1)[0],
            "One epoch too patient: after `patience` epochs without a new best it is over, `>=`.",
        ),
        Mistake(
            lambda v, patience: patient(v, patience, after=-1)[0],
            "One epoch too impatient: `patience` epochs in a row may pass without a new best.",
        ),
        Mistake(
            lambda v, patience: patient(v, patience, previous=True)[0],
            "You compared each epoch with the one before. Compare it with the *best* so far: a "
            "loss that recovers a little is no new best.",
        ),
        Mistake(
            lambda v, patience: patient(v, patience, forget=False)[0],
            "You counted all epochs without a new best. Only those *in a row* count: a new best "
            "starts the count again.",
        ),
    ),
)


def sizes(rng):
    """Sizes of layers, of two and three layers."""
    return [
        ([int(n) for n in rng.integers(2, 40, 3)],),
        ([784, 64, 64, 10],),
        ([int(n) for n in rng.permutation([3, 7, 20, 11])],),
    ]


lesson.exercise(
    "count",
    title="How many parameters?",
    question="""
        Write `my_count(sizes)`: how many parameters a chain of `Dense` layers has. `sizes` is a
        list of widths, from the inputs to the outputs: `[784, 64, 64, 10]` is the chain above.
    """,
    skeleton='''
        def my_count(sizes):
            """The number of weights and biases in a chain of Dense layers."""
            total = 0
            for k in range(len(sizes) - 1):
                n_in, n_out = sizes[k], sizes[k + 1]
                ...
            return total
    ''',
    solution="""
        def my_count(sizes):
            total = 0
            for k in range(len(sizes) - 1):
                n_in, n_out = sizes[k], sizes[k + 1]
                total += n_in * n_out + n_out
            return total
    """,
    shown="For `[784, 64, 64, 10]` that is 55,050, and 50,240 of them are in the first layer.",
    hints=(
        "One layer has a table of weights and a row of biases.",
        "The table has `n_in * n_out` numbers. There is one bias for each number that comes out.",
        "Add `n_in * n_out + n_out` for each layer.",
    ),
    inputs=sizes,
    mistakes=(
        Mistake(
            lambda s: sum(a * b for a, b in pairwise(s)),
            "The biases are missing: one for each number that comes out of a layer.",
        ),
        Mistake(
            lambda s: sum(a * b + a for a, b in pairwise(s)),
            "A layer has a bias for each number that comes *out*, `n_out`, not for each that goes "
            "in.",
        ),
        Mistake(
            lambda s: sum(a * b + 1 for a, b in pairwise(s)),
            "You counted one bias for each layer. Each of its units has one of its own: `n_out`.",
        ),
        Mistake(
            lambda s: s[-2] * s[-1] + s[-1],
            "This is the last layer alone: add up with `+=`.",
        ),
        Mistake(
            lambda s: sum(a + b for a, b in pairwise(s)),
            "Each number that goes in is joined with each that comes out: `n_in * n_out`, a "
            "product.",
        ),
    ),
)
