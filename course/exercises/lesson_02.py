"""Exercises of lesson 02: stochastic gradient descent, one idea of it after the other."""

import numpy as np

from course import Line, Standardize, data, gradient, mse
from course.exercises.exercise import Lesson, Mistake

lesson = Lesson(
    "02",
    "Stochastic gradient descent",
    setup="""
import numpy as np

from course import Line, Standardize, data, gradient, mse

x, y = data.line(np.random.default_rng(0))
z = Standardize.fit(x)(x)


def loss(model, x, y):
    return mse(model(x), y)
""",
)


def loss(model, x, y):
    """Return the mean squared error of a model, as the lesson defines it."""
    return mse(model(x), y)


# --- the gradient of a few


def lines_and_rows(rng):
    """A line, data of two lengths, and the rows to look at, out of order."""
    cases = []
    for n, rows in ((6, [4, 1]), (9, [7, 2, 5])):
        x, y = rng.normal(1, 1, n), rng.normal(3, 1, n)
        cases.append((Line(rng.normal(), rng.normal()), x, y, np.array(rows)))
    return cases


def by_hand(line, x, y, mean=np.mean):
    """The gradient of the mean squared error of a line."""
    residual = line(x) - y
    return Line(mean(2 * residual * x), mean(2 * residual))


def halved(line, x, y, rows):
    """The mistake without the 2."""
    g = by_hand(line, x[rows], y[rows])
    return Line(g.m / 2, g.b / 2)


lesson.exercise(
    "few",
    title="The gradient of a few",
    question="""
        Write `my_batch_gradient(line, x, y, rows)`: the gradient of the mean squared error over
        *some* of the samples only. `rows` is an array of their numbers, for instance
        `np.array([4, 1])`. Give back a `Line(dm, db)`.
    """,
    skeleton='''
        def my_batch_gradient(line, x, y, rows):
            """The gradient of a few samples, as a Line."""
            ...
    ''',
    solution="""
        def my_batch_gradient(line, x, y, rows):
            few_x, few_y = x[rows], y[rows]
            residual = line(few_x) - few_y
            return Line(np.mean(2 * residual * few_x), np.mean(2 * residual))
    """,
    shown="A batch's gradient is the same formula, given fewer samples: nothing else is needed.",
    hints=(
        "An array can be indexed by an array: it gives the elements of those numbers.",
        "`x[rows]` and `y[rows]` are the few samples. Each x needs *its own* y.",
        "From there on it is the lesson's `gradient_by_hand`, with the few in place of all.",
    ),
    inputs=lines_and_rows,
    mistakes=(
        Mistake(
            lambda line, x, y, rows: by_hand(line, x, y),
            "You looked at all samples: `rows` says which few are meant.",
        ),
        Mistake(
            lambda line, x, y, rows: by_hand(line, x[rows], y[rows], lambda v: np.sum(v) / len(x)),
            "You divided by the number of all samples. The mean of a few is divided by how many "
            "they are; this guess would be too small every time, and so no longer honest.",
        ),
        Mistake(
            lambda line, x, y, rows: by_hand(line, x[rows], y[rows], np.sum),
            "You added the few without dividing: a larger batch would mean a larger step.",
        ),
        Mistake(
            lambda line, x, y, rows: by_hand(line, x[rows], y[: len(rows)]),
            "x and y belong to different samples: index both with `rows`.",
        ),
        Mistake(
            lambda line, x, y, rows: by_hand(line, x[: len(rows)], y[: len(rows)]),
            "You took the *first* few samples. `rows` holds the numbers of those that are meant.",
        ),
        Mistake(
            halved,
            "The 2 is missing: the derivative of `r ** 2` is `2 * r`.",
        ),
        Mistake(
            lambda line, x, y, rows: by_hand(line, x[rows[0]], y[rows[0]]),
            "Only the first of the few was looked at.",
        ),
    ),
)


# --- the square-root law


def opinions_and_sizes(rng):
    """The gradients of single samples, of two lengths, and a batch size."""
    return [(rng.normal(3, 2, 8), 4), (rng.normal(-1, 5, 30), 10)]


lesson.exercise(
    "noise",
    title="The noise of a batch",
    question="""
        Write `my_noise(gradients, size)`: the standard deviation to expect of the mean of `size`
        samples, drawn independently. `gradients`, of shape `(n,)`, holds one derivative for each
        sample there is. Use the square-root law; nothing needs to be drawn.
    """,
    skeleton='''
        def my_noise(gradients, size):
            """The standard deviation of the mean of a batch of `size` samples."""
            ...
    ''',
    solution="""
        def my_noise(gradients, size):
            return np.std(gradients) / np.sqrt(size)
    """,
    shown="Four times the samples, half the noise: that is why small batches are the bargain.",
    hints=(
        "How much does a single sample's gradient vary? That is a batch of one.",
        "`np.std(gradients)` is the noise of one. The mean of `size` has less: how much less?",
        "Divide by the square root of `size`.",
    ),
    inputs=opinions_and_sizes,
    mistakes=(
        Mistake(
            lambda g, size: np.std(g) / size,
            "You divided by the batch size, and it would be too good to be true: divide by its "
            "square root.",
        ),
        Mistake(
            lambda g, size: np.std(g),
            "This is the noise of a single sample: the batch size doesn't come in yet.",
        ),
        Mistake(
            lambda g, size: np.var(g) / size,
            "This is the variance, the square of what is asked for: take its root.",
        ),
        Mistake(
            lambda g, size: np.std(g) * np.sqrt(size),
            "With this, a larger batch is noisier: divide by the root, don't multiply.",
        ),
        Mistake(
            lambda g, size: np.std(g) / np.sqrt(len(g)),
            "You took the root of the number of all samples; the size of the *batch* is meant.",
        ),
        Mistake(
            lambda g, size: np.std(g, ddof=1) / np.sqrt(size),
            "You divided by n - 1 inside (`ddof=1`), as one does for a sample of something larger. "
            "Here `gradients` is all there is, so plain `np.std` is right.",
        ),
        Mistake(
            lambda g, size: np.std(g[:size]),
            "These are the first few and how they vary; what is asked is how their *mean* varies.",
        ),
    ),
)


# --- dealing the cards


def packs(rng):
    """Data, a batch size that leaves a rest, one that doesn't, and an order."""
    cases = []
    for n, size in ((7, 3), (6, 2), (4, 9)):
        x = rng.normal(size=n)
        order = np.roll(rng.permutation(n), 1)
        cases.append((x, 10 * x + rng.normal(size=n), size, order))
    return cases


def dealt(x, y, size, order, starts=None):
    """The batches that begin at `starts`."""
    starts = range(0, len(order), size) if starts is None else starts
    return [(x[order[i : i + size]], y[order[i : i + size]]) for i in starts]


lesson.exercise(
    "batches",
    title="Dealing the cards",
    question="""
        Write `my_batches(x, y, size, order)`: a list of batches `(batch_x, batch_y)`. The samples
        come in the order of `order`, a shuffled array of all row numbers; each batch has `size` of
        them, the last one what is left. (The order is given, so that your cards can be compared.)
    """,
    skeleton='''
        def my_batches(x, y, size, order):
            """A list of pairs (x, y), `size` samples each, the last one maybe fewer."""
            batches = []
            ...
            return batches
    ''',
    solution="""
        def my_batches(x, y, size, order):
            batches = []
            for start in range(0, len(order), size):
                rows = order[start : start + size]
                batches.append((x[rows], y[rows]))
            return batches
    """,
    shown="Every sample comes once in an epoch, with its own y: a pack of cards, dealt out.",
    hints=(
        "Which places of `order` belong to the first batch? To the second?",
        "`range(0, len(order), size)` counts where the batches start.",
        "A slice that goes beyond the end just stops there: `order[start : start + size]` is the "
        "short last batch without any `if`.",
    ),
    inputs=packs,
    mistakes=(
        Mistake(
            lambda x, y, size, order: dealt(
                x, y, size, order, range(0, len(order) - len(order) % size, size)
            ),
            "The last, shorter batch is missing: those samples would never be looked at in this "
            "epoch.",
        ),
        Mistake(
            lambda x, y, size, order: dealt(x, y, size, np.arange(len(x))),
            "The samples come as they stand in the table: `order` isn't used.",
        ),
        Mistake(
            lambda x, y, size, order: [
                (a, b)
                for (a, _), (_, b) in zip(
                    dealt(x, y, size, order), dealt(x, y, size, np.arange(len(x))), strict=True
                )
            ],
            "x is shuffled and y is not, so each x meets the y of another sample. Nothing would "
            "raise, and nothing would be learned.",
        ),
        Mistake(
            lambda x, y, size, order: [
                (x[rows], y[rows]) for rows in np.array_split(order, min(size, len(order)))
            ],
            "You made `size` batches; batches of `size` samples are meant.",
        ),
        Mistake(
            lambda x, y, size, order: dealt(x, y, size, order, range(len(order))),
            "The batches overlap: the next one starts `size` places further on, not one.",
        ),
        Mistake(
            lambda x, y, size, order: dealt(x, y, size, np.argsort(order)),
            "`order` says which row comes first, which second. You used it the other way round, "
            "as the place that each row goes to.",
        ),
        Mistake(
            lambda x, y, size, order: [a for a, _ in dealt(x, y, size, order)],
            "Each batch is a pair: `(x[rows], y[rows])`. The y are missing.",
        ),
        Mistake(
            lambda x, y, size, order: tuple(
                list(part) for part in zip(*dealt(x, y, size, order), strict=True)
            ),
            "These are all x, and then all y. A list of pairs is meant, so that a loop can say "
            "`for batch_x, batch_y in ...`.",
        ),
    ),
)


# --- one epoch


def epochs(rng):
    """A line, a list of batches, a rate."""
    cases = []
    for sizes in ((2, 3, 1), (4, 4)):
        batches = [(rng.normal(1, 1, n), rng.normal(3, 1, n)) for n in sizes]
        cases.append((Line(rng.normal(), rng.normal()), batches, 0.05))
    return cases


def stepped(line, batches, rate):
    """The lines of an epoch, the first one included."""
    lines = [line]
    for batch in batches:
        g = gradient(loss, lines[-1], *batch)
        lines.append(Line(lines[-1].m - rate * g.m, lines[-1].b - rate * g.b))
    return lines


def all_from_the_start(line, batches, rate):
    """The mistake of taking every gradient at the line that the epoch began with."""
    found = [gradient(loss, line, *batch) for batch in batches]
    return Line(
        line.m - rate * sum(g.m for g in found),
        line.b - rate * sum(g.b for g in found),
    )


def in_one_step(line, batches, rate):
    """The mistake of taking one step with everything."""
    x, y = (np.concatenate(part) for part in zip(*batches, strict=True))
    return stepped(line, [(x, y)], rate)[-1]


lesson.exercise(
    "epoch",
    title="One epoch",
    question="""
        Write `my_epoch(line, batches, rate)`: go once through the batches, a list of pairs
        `(x, y)`, and take one step of gradient descent after each. `gradient(loss, line, x, y)`
        gives the gradient, and `loss` is the lesson's. Give back the line after the last step; the
        line that was given must stay as it was.
    """,
    skeleton='''
        def my_epoch(line, batches, rate):
            """The line after one pass over the batches."""
            ...
            return line
    ''',
    solution="""
        def my_epoch(line, batches, rate):
            for batch_x, batch_y in batches:
                g = gradient(loss, line, batch_x, batch_y)
                line = Line(line.m - rate * g.m, line.b - rate * g.b)
            return line
    """,
    shown="That is all of stochastic descent: the loop of lesson 01 with a `for batch in`.",
    hints=(
        "The step is the one of lesson 01. What stands around it is a loop over the batches.",
        "Each gradient is taken at the line as it is *by then*, with one batch's x and y.",
        "`line = Line(line.m - rate * g.m, ...)` makes a new line under the same name, and the "
        "next batch's gradient is taken there.",
    ),
    inputs=epochs,
    mistakes=(
        Mistake(
            lambda line, batches, rate: line,
            "The line that came back is the one that was given: no step was taken.",
        ),
        Mistake(
            all_from_the_start,
            "All gradients were taken at the line that the epoch started from. Move after each "
            "batch, and take the next gradient at the new line.",
        ),
        Mistake(
            in_one_step,
            "You put all batches together and took one step: that is full-batch descent.",
        ),
        Mistake(
            lambda line, batches, rate: stepped(line, batches, rate)[1],
            "Only the first batch was used: is the `return` inside the loop?",
        ),
        Mistake(
            lambda line, batches, rate: stepped(line, batches[-1:], rate)[-1],
            "Only the last batch counts: each step starts from the given line, not from the line "
            "that the step before has made.",
        ),
        Mistake(
            lambda line, batches, rate: stepped(line, batches, -rate)[-1],
            "Uphill: the step goes *against* the gradient, so subtract it.",
        ),
        Mistake(
            lambda line, batches, rate: stepped(line, batches, 1.0)[-1],
            "The rate is missing: each step is the whole gradient.",
        ),
        Mistake(
            lambda line, batches, rate: stepped(line, batches, rate / len(batches))[-1],
            "You divided the rate by the number of batches. Each batch's gradient is a guess of "
            "the whole one and takes a whole step.",
        ),
        Mistake(
            stepped,
            "This is the list of all lines; only the last one is asked for.",
        ),
    ),
)


# --- counting


lesson.exercise(
    "count",
    title="Steps and samples",
    question="""
        Write `my_count(n, size, epochs)`: how many steps are taken, and how many samples have been
        seen, when `n` samples are gone through `epochs` times in batches of `size`, the last of
        each pass being shorter if it must? Give back both: `return steps, samples`.
    """,
    skeleton='''
        def my_count(n, size, epochs):
            """Steps and samples of a training."""
            steps = ...
            samples = ...
            return steps, samples
    ''',
    solution="""
        def my_count(n, size, epochs):
            steps = epochs * -(-n // size)
            samples = epochs * n
            return steps, samples
    """,
    shown="An epoch costs the same for every batch size, and holds up to n times as many steps.",
    hints=(
        "How many batches has one pass over 10 samples in batches of 4? Draw it.",
        "The number of batches is n / size, rounded *up*: `-(-n // size)` does that, or "
        "`math.ceil(n / size)`.",
        "Every epoch begins with a new pass, so the short batch comes in each of them. And in "
        "each, every sample is seen once.",
    ),
    inputs=lambda rng: [(10, 4, 1), (392, 32, 10), (100, 10, 3), (7, 7, 2), (5, 2, 4)],
    mistakes=(
        Mistake(
            lambda n, size, epochs: (epochs * (n // size), epochs * n),
            "The samples are right. In the steps the short last batch of each epoch is missing: "
            "round up, not down.",
        ),
        Mistake(
            lambda n, size, epochs: (epochs * (n // size + 1), epochs * n),
            "Right only where a rest is left: 100 samples in batches of 10 are 10 steps, not 11.",
        ),
        Mistake(
            lambda n, size, epochs: (-(-n * epochs // size), epochs * n),
            "Nearly: a batch doesn't reach over the end of an epoch. Round up for one epoch first, "
            "then multiply.",
        ),
        Mistake(
            lambda n, size, epochs: (epochs * -(-n // size), size * epochs * -(-n // size)),
            "The steps are right. Steps times batch size counts the short batches as full ones: "
            "each epoch sees every sample once.",
        ),
        Mistake(
            lambda n, size, epochs: (-(-n // size), n),
            "This is one epoch; there are `epochs` of them.",
        ),
        Mistake(
            lambda n, size, epochs: (epochs * n / size, epochs * n),
            "There are no parts of steps: the number of batches in an epoch is rounded up.",
        ),
        Mistake(
            lambda n, size, epochs: (epochs * n, epochs * -(-n // size)),
            "Both are right, in the wrong order: steps first, then samples.",
        ),
        Mistake(
            lambda n, size, epochs: (epochs, epochs * n),
            "One step an epoch is full-batch descent. Here a step comes after each batch.",
        ),
    ),
)


# --- a schedule


lesson.exercise(
    "schedule",
    title="A rate that falls",
    question="""
        Write the schedule `my_schedule(step, first, half)`: a rate that is `first` at step 0, half
        of it at step `half`, a third at step `2 * half`, a quarter at `3 * half`, and so on,
        falling a little at each step in between:

        $$\\eta_k = \\frac{\\text{first}}{1 + k / \\text{half}}$$
    """,
    skeleton='''
        def my_schedule(step, first, half):
            """The learning rate of a step, counted from 0."""
            ...
    ''',
    solution="""
        def my_schedule(step, first, half):
            return first / (1 + step / half)
    """,
    shown="Steps that shrink as 1 / k can still reach any goal, and their noise dies out.",
    hints=(
        "Try it on paper with first = 1 and half = 10: what are the rates of steps 0, 10, 20, 30?",
        "The denominator is 1 at step 0, 2 at step `half`, 3 at step `2 * half`.",
        "The denominator is `1 + step / half`.",
    ),
    inputs=lambda rng: [(0, 0.1, 50), (50, 0.1, 50), (100, 0.3, 50), (7, 1.0, 4), (999, 0.02, 8)],
    mistakes=(
        Mistake(
            lambda step, first, half: first / (1 + step // half),
            "With `//` the rate falls in stairs. It should fall a little at each step: `/`.",
        ),
        Mistake(
            lambda step, first, half: first * 0.5 ** (step / half),
            "This halves again every `half` steps: exponential decay. It is a quarter at "
            "`2 * half`, where a third is meant, and soon too small to arrive anywhere.",
        ),
        Mistake(
            lambda step, first, half: first / (1 + (step + 1) / half),
            "One step ahead: steps are counted from 0, and at step 0 the rate is `first` itself.",
        ),
        Mistake(
            lambda step, first, half: first / (1 + step * half),
            "`half` is multiplied where it should divide: the rate falls far too fast.",
        ),
        Mistake(
            lambda step, first, half: first / (step / half),
            "The 1 is missing, and so at step 0 you divide by zero.",
        ),
        Mistake(
            lambda step, first, half: first / 1 + step / half,
            "The brackets are missing: `first / 1 + step / half` grows. Write "
            "`first / (1 + step / half)`.",
        ),
        Mistake(
            lambda step, first, half: first / (half + step),
            "`first / (half + step)` has the right shape, but starts at `first / half`: multiply "
            "it by `half`.",
        ),
        Mistake(
            lambda step, first, half: first * (1 - step / (2 * half)),
            "A straight line: half at `half`, but nothing left at `2 * half`, and negative beyond.",
        ),
        Mistake(
            lambda step, first, half: first / np.sqrt(1 + step / half),
            "With the root it falls more slowly than asked: leave the root out.",
        ),
    ),
)


# --- the largest rate whose floor is low enough

X, Y = data.line(np.random.default_rng(0))
Z = Standardize.fit(X)(X)
LIMIT = 20.0  # above the lowest cost


def settled(rate, size=1, passes=20):
    """The mean cost above the lowest in the last quarter of a run with a constant rate.

    >>> round(settled(0.1))
    230
    """
    m, b, rng, costs = 0.0, 0.0, np.random.default_rng(1), []
    lowest = np.mean((np.polyval(np.polyfit(Z, Y, 1), Z) - Y) ** 2)
    for _ in range(passes):
        order = rng.permutation(len(Z))
        for rows in np.split(order, np.arange(size, len(Z), size)):
            residual = m * Z[rows] + b - Y[rows]
            m -= rate * 2 * np.mean(residual * Z[rows])
            b -= rate * 2 * np.mean(residual)
            costs.append(np.mean((m * Z + b - Y) ** 2) - lowest)
    return np.mean(costs[-(len(costs) // 4) :])


def settles_below(rate, low, high):
    """Whether a run with this rate settles between two costs above the lowest."""
    return 0 < rate < 0.4 and low <= settled(rate) <= high


lesson.exercise(
    "rate",
    title="The largest rate for a low floor",
    question="""
        Take the explorer above: batch size 1, a constant rate. What is the largest learning rate at
        which the cost in the last five passes lies no more than 20 above the lowest possible? Read
        it off the slider to about a tenth of itself. (Or write a loop that finds it.)
    """,
    skeleton="my_rate = ...",
    solution="""
        def settled_solution(rate):
            (m, b), costs, rng = (0.0, 0.0), [], np.random.default_rng(1)
            for i in np.concatenate([rng.permutation(100) for _ in range(20)]):
                residual = m * z[i] + b - y[i]
                m, b = m - 2 * rate * residual * z[i], b - 2 * rate * residual
                costs.append(np.mean((m * z + b - y) ** 2))
            return np.mean(costs[-500:])


        lowest_solution = np.mean((np.polyval(np.polyfit(z, y, 1), z) - y) ** 2)
        rates_solution = np.geomspace(0.005, 0.05, 31)
        costs_solution = np.array(list(map(settled_solution, rates_solution)))
        my_rate = max(rates_solution[costs_solution <= lowest_solution + 20])
    """,
    shown="A low floor has its price: the smaller the rate, the slower the way down to it.",
    hints=(
        "Set the batch size to 1 and read the sentence above the picture while you drag the rate: "
        "“In the last five the cost lies ... above the lowest possible”.",
        "At a rate of 0.1 it says 230, at 0.01 it says 7.73: somewhere between the two.",
        "Look between 0.015 and 0.02, and take the largest one that doesn't say more than 20.",
    ),
    right=lambda rate: settles_below(rate, 0.85 * LIMIT, 1.02 * LIMIT),
    mistakes=(
        Mistake(
            0.404,
            "This is the wall: the largest rate that is *stable* for one sample a step. Its floor "
            "is far too high.",
            when=lambda rate: 0.35 < rate < 0.45,
        ),
        Mistake(
            1.0,
            "At this rate the run explodes. Look at the dashed wall in the explorer.",
            when=lambda rate: rate >= 0.45,
        ),
        Mistake(
            -0.01,
            "A negative rate climbs, and with a rate of 0 nothing moves.",
            when=lambda rate: rate <= 0,
        ),
        Mistake(
            0.0005,
            "With so small a rate the run hasn't arrived after twenty passes: what you see is how "
            "far it still has to go, not its floor.",
            when=lambda rate: rate < 0.002,
        ),
        Mistake(
            0.1,
            "The floor of this rate is too high: more than 20 above the lowest possible.",
            when=lambda rate: settled(rate) > 1.02 * LIMIT,
        ),
        Mistake(
            0.005,
            "The floor is low enough, but a larger rate would do: go on until the sentence says "
            "nearly 20.",
            when=lambda rate: settled(rate) < 0.85 * LIMIT,
        ),
    ),
)


# --- no peeking


def two_tables(rng):
    """Training and test rows, whose means and spreads differ."""
    return [
        (rng.normal([1, 100], [1, 30], (n, 2)), rng.normal([2, 80], [2, 10], (k, 2)))
        for n, k in ((6, 4), (9, 3))
    ]


def standardised(x, by, spread=np.std):
    """The rows of x on the scale of the rows of `by`."""
    return (x - by.mean(axis=0)) / spread(by, axis=0)


lesson.exercise(
    "leak",
    title="No peeking",
    question="""
        Write `my_standardise(x_train, x_test)`: both tables, of shapes `(n, features)` and
        `(k, features)`, standardised honestly. Each feature has its own mean and its own standard
        deviation (numpy's `std`), and what is to be tested on must not be looked at. Give back
        both: `return z_train, z_test`.
    """,
    skeleton='''
        def my_standardise(x_train, x_test):
            """Both tables, on one scale."""
            z_train = ...
            z_test = ...
            return z_train, z_test
    ''',
    solution="""
        def my_standardise(x_train, x_test):
            mean, scale = x_train.mean(axis=0), x_train.std(axis=0)
            z_train = (x_train - mean) / scale
            z_test = (x_test - mean) / scale
            return z_train, z_test
    """,
    shown="One ruler, made from the training data, measures everything that comes later.",
    hints=(
        "Which of the two tables may you look at to find the means and the standard deviations?",
        "`x_train.mean(axis=0)` has one mean for each feature (each column).",
        "Subtract the *training* mean and divide by the *training* standard deviation, in both "
        "tables.",
    ),
    inputs=two_tables,
    mistakes=(
        Mistake(
            lambda a, b: (standardised(a, a), standardised(b, b)),
            "The test table was standardised with its own numbers. That is another ruler: the same "
            "car would get other values in the two tables. Use the training numbers for both.",
        ),
        Mistake(
            lambda a, b: tuple(standardised(v, np.vstack([a, b])) for v in (a, b)),
            "You peeked: mean and deviation were taken over both tables together. The test rows "
            "must have no say in them.",
        ),
        Mistake(
            lambda a, b: (standardised(a, a, np.var), standardised(b, a, np.var)),
            "You divided by the variance; divide by its root, the standard deviation.",
        ),
        Mistake(
            lambda a, b: ((a - a.mean()) / a.std(), (b - a.mean()) / a.std()),
            "One mean for the whole table: each feature has its own unit and so needs its own. "
            "`axis=0` takes the mean down each column.",
        ),
        Mistake(
            lambda a, b: (standardised(a, a), b),
            "The test table came back as it was: the model would get it in other units.",
        ),
        Mistake(
            lambda a, b: (a - a.mean(axis=0), b - a.mean(axis=0)),
            "The means are gone; now divide by the standard deviations as well.",
        ),
        Mistake(
            lambda a, b: tuple(standardised(v, b) for v in (a, b)),
            "The numbers of the *test* table were used: it is the training table that may be "
            "looked at.",
        ),
        Mistake(
            lambda a, b: tuple(standardised(v, a) * np.sqrt(1 - 1 / len(a)) for v in (a, b)),
            "You divided by n - 1 inside the deviation (`ddof=1`); numpy's plain `std` is asked "
            "for, which is also what `Standardize` does.",
        ),
    ),
)
