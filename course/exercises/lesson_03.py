"""Exercises of lesson 03: from a threshold to probabilities, and what keeps them honest."""

import numpy as np

from course import Line, sigmoid
from course.exercises.exercise import Lesson, Mistake

lesson = Lesson(
    "03",
    "Classification",
    setup="""
import autograd.numpy as np

from course import Line, sigmoid
""",
)


def signs(rng):
    """Scores, of two lengths, on both sides of 0."""
    return [(rng.normal(0, 2, n),) for n in (3, 5)]


lesson.exercise(
    "sigmoid",
    title="The logistic function",
    question="""
        Write `my_sigmoid(score)` for an array of scores of any shape; what comes back has the same
        shape and lies between 0 and 1:

        $$\\sigma(z) = \\frac{1}{1 + e^{-z}}$$
    """,
    skeleton='''
        def my_sigmoid(score):
            """The probability that belongs to each score."""
            ...
    ''',
    solution="""
        def my_sigmoid(score):
            return 1 / (1 + np.exp(-score))
    """,
    shown="Any score becomes a probability, and a small change of the score always changes it.",
    hints=(
        "Read the formula from the inside: a power of e, plus one, one over it.",
        "`np.exp` takes a whole array. Mind the sign in front of the score.",
        "One line: 1 divided by `(1 + np.exp(...))`.",
    ),
    inputs=signs,
    mistakes=(
        Mistake(
            lambda z: 1 / (1 + np.exp(z)),
            "The minus in the exponent is missing: this falls from 1 to 0 as the score rises, and "
            "gives the probability of *no*.",
        ),
        Mistake(
            lambda z: 1 / 1 + np.exp(-z),
            "Parentheses: this is `(1 / 1) + exp(-score)`, which is never below 1. Divide by the "
            "whole sum.",
        ),
        Mistake(
            lambda z: 1 / (1 - np.exp(-z)),
            "A minus where the plus belongs: at a score of 0 this divides by zero.",
        ),
        Mistake(
            np.tanh,
            "This is the hyperbolic tangent, a relative that goes from -1 to 1. The logistic "
            "function goes from 0 to 1.",
        ),
        Mistake(
            lambda z: np.where(z > 0, 1.0, 0.0),
            "This is the hard threshold again: it has no slope to go down.",
        ),
    ),
)


def answers(rng):
    """Probabilities and what was true, of two lengths."""
    return [(rng.uniform(0.05, 0.95, n), np.arange(n) % 2) for n in (3, 5)]


lesson.exercise(
    "cross-entropy",
    title="The cross-entropy",
    question="""
        Write `my_cross_entropy(p, y)`. `p` holds the probabilities of *yes*, strictly between 0
        and 1; `y` holds 1 for yes and 0 for no; both have the shape `(n,)`. What comes back is one
        number, the mean surprise at what was true:

        $$-\\frac{1}{n} \\sum_i \\big( y_i \\log p_i + (1 - y_i) \\log(1 - p_i) \\big)$$
    """,
    skeleton='''
        def my_cross_entropy(p, y):
            """The mean surprise at the true answers."""
            ...
    ''',
    solution="""
        def my_cross_entropy(p, y):
            return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))
    """,
    shown="Being sure and right costs nearly nothing; being sure and wrong costs without limit.",
    hints=(
        "For each sample only one of the two terms is alive. Which one, when the answer is yes?",
        "`y * np.log(p)` for the yes, its mirror image for the no, added sample by sample.",
        "The mean of the sum, and a minus in front: logarithms of numbers below 1 are negative.",
    ),
    inputs=answers,
    mistakes=(
        Mistake(
            lambda p, y: np.mean(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "The minus is missing: the logarithm of a probability is negative, and a cost that "
            "sinks when the model gets worse has the wrong sign.",
        ),
        Mistake(
            lambda p, y: -np.mean(y * np.log(p)),
            "Only the samples whose answer is yes count here: a model that says yes to everything "
            "would be perfect. Add the term for the no.",
        ),
        Mistake(
            lambda p, y: -np.sum(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "You added the surprises and did not divide by `n`. All of our losses are means.",
        ),
        Mistake(
            lambda p, y: -np.mean(p * np.log(y + 1e-12) + (1 - p) * np.log(1 - y + 1e-12)),
            "`p` and `y` have changed places: the logarithm is taken of the probability, and the "
            "truth says which one counts.",
        ),
        Mistake(
            lambda p, y: -np.mean((1 - y) * np.log(p) + y * np.log(1 - p)),
            "The two answers are mixed up: where `y` is 1, the probability of yes counts, "
            "`np.log(p)`.",
        ),
        Mistake(
            lambda p, y: -np.mean(y * np.log2(p) + (1 - y) * np.log2(1 - p)),
            "Right, but in bits: `np.log2` where the natural logarithm, `np.log`, is meant.",
        ),
        Mistake(
            lambda p, y: np.mean((p - y) ** 2),
            "These are the squares, the cost that this one replaces.",
        ),
        Mistake(
            lambda p, y: -(y * np.log(p) + (1 - y) * np.log(1 - p)),
            "These are the surprises, one for each sample. Their mean is one number.",
        ),
    ),
)


def lines_and_labels(rng):
    """A line that gives scores, x, and labels, of two lengths."""
    return [
        (Line(rng.normal(), rng.normal()), rng.normal(1, 1, n), np.arange(n) % 2) for n in (4, 7)
    ]


def slopes(m, b):
    """Return a mistake's `my_gradient` from its two derivatives, of p, y and x."""

    def wrong(line, x, y):
        p = sigmoid(line(x))
        return Line(m(p, y, x), b(p, y, x))

    return wrong


lesson.exercise(
    "gradient",
    title="The gradient of logistic regression",
    question="""
        With one measurement `x` the score can be a line, `line(x) = line.m * x + line.b`, and the
        probability `sigmoid(line(x))`. Write `my_gradient(line, x, y)`: the derivatives of the
        cross-entropy with respect to `m` and to `b`, as a `Line`. The derivative of one sample's
        cost by its score is `p - y`.
    """,
    skeleton='''
        def my_gradient(line, x, y):
            """The derivatives of the cross-entropy by line.m and line.b, as a Line."""
            p = ...
            return Line(..., ...)
    ''',
    solution="""
        def my_gradient(line, x, y):
            p = sigmoid(line(x))
            return Line(np.mean((p - y) * x), np.mean(p - y))
    """,
    shown="It is the gradient of a fitted line, with `p - y` where the residual was: the error, "
    "times what it was multiplied by.",
    hints=(
        "The chain rule once more: the derivative by the score, times the score's own derivative.",
        "The score changes by `x` for each unit of `m` and by 1 for each unit of `b`.",
        "The mean over all samples of `(p - y) * x`, and of `p - y`.",
    ),
    inputs=lines_and_labels,
    mistakes=(
        Mistake(
            lambda line, x, y: Line(np.mean((line(x) - y) * x), np.mean(line(x) - y)),
            "You subtracted `y` from the score. The logistic function must come first: "
            "`p = sigmoid(line(x))`.",
        ),
        Mistake(
            slopes(lambda p, y, x: 2 * np.mean((p - y) * x), lambda p, y, x: 2 * np.mean(p - y)),
            "Twice too large: the 2 belongs to the derivative of a square, and nothing is squared "
            "here.",
        ),
        Mistake(
            slopes(
                lambda p, y, x: np.mean((p - y) * p * (1 - p) * x),
                lambda p, y, x: np.mean((p - y) * p * (1 - p)),
            ),
            "The factor `p * (1 - p)` is one too many. It is in the derivative of the squares; in "
            "the cross-entropy's it has cancelled, and that is why we take it.",
        ),
        Mistake(
            slopes(lambda p, y, x: np.mean((y - p) * x), lambda p, y, x: np.mean(y - p)),
            "Right size, opposite sign: it is probability minus truth, `p - y`.",
        ),
        Mistake(
            slopes(lambda p, y, x: np.mean(p - y), lambda p, y, x: np.mean(p - y)),
            "The derivative by `b` is right. In the other one, each sample's error is multiplied "
            "by its `x` before the mean is taken.",
        ),
        Mistake(
            slopes(lambda p, y, x: np.mean(p - y) * np.mean(x), lambda p, y, x: np.mean(p - y)),
            "The derivative by `b` is right. In the other one you multiplied two means; multiply "
            "sample by sample, then average.",
        ),
        Mistake(
            slopes(lambda p, y, x: np.sum((p - y) * x), lambda p, y, x: np.sum(p - y)),
            "You added the samples' derivatives and did not divide by `n`.",
        ),
    ),
)


def rows_of_scores(rng):
    """Ordinary scores, then a table whose rows lie a thousand apart."""
    far = rng.normal(0, 1, (4, 3)) + np.array([[1000.0], [-1000.0], [0.0], [500.0]])
    return [(rng.normal(0, 2, (2, 3)),), (far,)]


def largest(z):
    """Return the largest of each row, as a column."""
    return np.max(z, axis=1, keepdims=True)


lesson.exercise(
    "logsumexp",
    title="Two lines against NaN",
    question="""
        Write `my_logsumexp(scores)`. `scores` has the shape `(n, k)`; what comes back has the shape
        `(n,)`: for each row the logarithm of the sum of the exponentials of its `k` scores. It must
        be right for rows of scores near 1000 and near -1000 as well, even in the same table.

        $$\\log \\sum_k e^{z_k} = m + \\log \\sum_k e^{z_k - m}, \\qquad m = \\max_k z_k$$
    """,
    skeleton='''
        def my_logsumexp(scores):
            """The logarithm of each row's sum of exponentials."""
            ...
    ''',
    solution="""
        def my_logsumexp(scores):
            m = np.max(scores, axis=1, keepdims=True)
            return m[:, 0] + np.log(np.sum(np.exp(scores - m), axis=1))
    """,
    shown="Shifted by its maximum, each row has an `exp(0) = 1` in its sum: it can't overflow, and "
    "its logarithm can't be that of 0.",
    hints=(
        "Each row has a maximum of its own.",
        "`np.max(scores, axis=1, keepdims=True)` is a column `(n, 1)`, which can be subtracted "
        "from the table.",
        "After the shift: exponentials, their sum along `axis=1`, the logarithm, and the maximum "
        "comes back, `m[:, 0]`.",
    ),
    inputs=rows_of_scores,
    mistakes=(
        Mistake(
            lambda z: np.log(np.sum(np.exp(z), axis=1)),
            "This is the formula as it stands: `exp(1000)` is infinite and `exp(-1000)` is 0. "
            "Subtract each row's maximum first.",
        ),
        Mistake(
            lambda z: np.max(z) + np.log(np.sum(np.exp(z - np.max(z)), axis=1)),
            "You shifted all rows by the largest score of the whole table. A row far below it "
            "becomes `exp(-2000) = 0`, and the logarithm of 0 is minus infinity. Each row needs "
            "its own maximum: `axis=1`.",
        ),
        Mistake(
            lambda z: np.log(np.sum(np.exp(z - largest(z)), axis=1)),
            "You subtracted the maximum and did not add it again at the end.",
        ),
        Mistake(
            lambda z: np.max(z, axis=1),
            "This is only the maximum. It is close when one score is far above the others; the "
            "logarithm of the shifted sum is missing.",
        ),
        Mistake(
            lambda z: largest(z) + np.log(np.sum(np.exp(z - largest(z)), axis=1, keepdims=True)),
            "The right numbers, in a column `(n, 1)`. Drop the second axis of the maximum: "
            "`m[:, 0]`, and sum without `keepdims`.",
        ),
        Mistake(
            lambda z: np.max(z, axis=0) + np.log(np.sum(np.exp(z - np.max(z, axis=0)), axis=0)),
            "You summed down the columns (`axis=0`): rows are samples, and each row has one sum "
            "(`axis=1`).",
        ),
        Mistake(
            lambda z: largest(z)[:, 0] * np.log(np.sum(np.exp(z - largest(z)), axis=1)),
            "The maximum is added, not multiplied: the logarithm of a product is a sum.",
        ),
    ),
)


STEPS = 256  # by the explorer's own computing, which a test of it repeats

lesson.exercise(
    "steps",
    title="A number from the explorer",
    question="""
        In the explorer above choose *penguins, in mm* and a learning rate of 0.003, a little below
        the wall. After how many steps are at least 94% of the penguins on the right side for the
        first time? (The number boxes take any value; halve the interval in which it must be.) Then
        look how many it takes for *penguins, standardised* at a rate of 5, a little below the wall
        there. The first of the two numbers is the answer.
    """,
    skeleton="""
        my_steps = ...
    """,
    solution="""
        my_steps = 256
    """,
    shown="Standardised, one step does it. The valley of lesson 01 is in classification, too.",
    hints=(
        "Read the share of points on the right side in the sentence above the picture.",
        "At 100 steps it is below 94%, at 1000 above. Try the middle; then the middle of the half "
        "in which the answer must be.",
        f"It lies between {STEPS - 30} and {STEPS + 30}.",
    ),
    mistakes=(
        Mistake(
            1,
            "That is the number for *penguins, standardised*. Choose *penguins, in mm*.",
            when=lambda steps: steps == 1,
        ),
        Mistake(
            STEPS - 1,
            "Very near: one step earlier it is still just below 94%.",
            when=lambda steps: steps == STEPS - 1,
        ),
        Mistake(
            STEPS + 1,
            "Very near: look one step earlier, it was reached by then.",
            when=lambda steps: steps == STEPS + 1,
        ),
        Mistake(
            0.95,
            "The number of steps is asked for, not the share: a whole number of at least 1.",
            when=lambda steps: 0 < steps < 1,
        ),
        Mistake(
            100,
            "Too few: so early less than 94% are right. Is the learning rate 0.003, and are the "
            "points the penguins in mm?",
            when=lambda steps: 1 < steps < STEPS - 1,
        ),
        Mistake(
            1000,
            "By then it is so, but not for the first time: go back.",
            when=lambda steps: STEPS + 1 < steps <= 1000,
        ),
    ),
)


def two_parts(rng):
    """What is to be standardised, and the training part, of different lengths and three columns."""
    scale = np.array([1.0, 10.0, 100.0])
    return [
        (rng.normal(2, 1, (n, 3)) * scale, rng.normal(1, 2, (m, 3)) * scale)
        for n, m in ((2, 5), (4, 7))
    ]


lesson.exercise(
    "standardise",
    title="With the training set's numbers only",
    question="""
        Write `my_standardise(x, x_train)`. Both are tables with the same columns, `(n, k)` and
        `(m, k)`. Give back `x` shifted and scaled, column by column, by the mean and the standard
        deviation (`np.std`) of the columns of `x_train`.
    """,
    skeleton='''
        def my_standardise(x, x_train):
            """x on the scale on which x_train has mean 0 and standard deviation 1."""
            ...
    ''',
    solution="""
        def my_standardise(x, x_train):
            mean, scale = np.mean(x_train, axis=0), np.std(x_train, axis=0)
            return (x - mean) / scale
    """,
    shown="The training part sets the scale once; everything that comes later is measured on it, "
    "even a single sample.",
    hints=(
        "Whose mean is it? Only one of the two tables may be asked.",
        "Means of columns: `axis=0`.",
        "Subtract the mean from `x` and divide the difference, in parentheses, by the deviation.",
    ),
    inputs=two_parts,
    mistakes=(
        Mistake(
            lambda x, train: (x - x.mean(axis=0)) / x.std(axis=0),
            "You used the mean and deviation of `x` itself. Then the same penguin gets other "
            "numbers in other company, and alone it is always 0.",
        ),
        Mistake(
            lambda x, train: (
                (x - np.concatenate([x, train]).mean(axis=0))
                / np.concatenate([x, train]).std(axis=0)
            ),
            "You used both tables together: what is tested on has then been looked at. Only "
            "`x_train` may be asked.",
        ),
        Mistake(
            lambda x, train: (x - train.mean()) / train.std(),
            "One mean and one deviation for the whole table: millimetres and grams were mixed. "
            "Take those of each column, `axis=0`.",
        ),
        Mistake(
            lambda x, train: x - train.mean(axis=0) / train.std(axis=0),
            "Parentheses: only the mean was divided. Divide the difference.",
        ),
        Mistake(
            lambda x, train: x - train.mean(axis=0),
            "Shifted, but not scaled: divide by the standard deviations.",
        ),
        Mistake(
            lambda x, train: (x - train.mean(axis=0)) / train.var(axis=0),
            "You divided by the variance, which is the square of the standard deviation.",
        ),
        Mistake(
            lambda x, train: (x - train.mean(axis=0)) / train.std(axis=0, ddof=1),
            "Nearly: this deviation divides by `m - 1`. Use `np.std` as it is.",
        ),
        Mistake(
            lambda x, train: (train - train.mean(axis=0)) / train.std(axis=0),
            "You gave back the training table; `x` is what should be standardised, by its numbers.",
        ),
    ),
)


lesson.exercise(
    "softmax",
    title="The softmax",
    question="""
        Write `my_softmax(scores)`: from scores `(n, k)` to probabilities `(n, k)` whose rows sum
        to 1. Scores near 1000 must not overflow: subtract each row's maximum first, which changes
        nothing in the result.

        $$p_k = \\frac{e^{z_k}}{\\sum_j e^{z_j}}$$
    """,
    skeleton='''
        def my_softmax(scores):
            """Probabilities, one row for each sample."""
            ...
    ''',
    solution="""
        def my_softmax(scores):
            odds = np.exp(scores - np.max(scores, axis=1, keepdims=True))
            return odds / np.sum(odds, axis=1, keepdims=True)
    """,
    shown="Only differences between a row's scores matter: shift them all, and the probabilities "
    "stay.",
    hints=(
        "Exponentials make everything positive; dividing by their sum makes them add up to 1.",
        "The sum is each row's own: `axis=1`, with `keepdims=True` so that it can divide the "
        "table.",
        "`odds = np.exp(scores - maximum)`, then `odds` divided by its sum along the row.",
    ),
    inputs=rows_of_scores,
    mistakes=(
        Mistake(
            lambda z: np.exp(z) / np.sum(np.exp(z), axis=1, keepdims=True),
            "The formula as it stands: `exp(1000)` is infinite, and infinity divided by infinity "
            "is NaN. Subtract each row's maximum first.",
        ),
        Mistake(
            lambda z: np.exp(z - largest(z)) / np.sum(np.exp(z - largest(z))),
            "You divided by the sum over the whole table. Each row is a sample of its own: "
            "`axis=1`.",
        ),
        Mistake(
            lambda z: np.exp(z - np.max(z)) / np.sum(np.exp(z - np.max(z)), axis=1, keepdims=True),
            "You subtracted the maximum of the whole table: a row far below it becomes 0 divided "
            "by 0. Subtract each row's own.",
        ),
        Mistake(
            lambda z: np.exp(z - largest(z)) / np.sum(np.exp(z - largest(z)), axis=0),
            "The columns sum to 1 now, not the rows: sum along `axis=1`.",
        ),
        Mistake(
            lambda z: z / np.sum(z, axis=1, keepdims=True),
            "The exponentials are missing: scores may be negative, probabilities may not.",
        ),
        Mistake(
            lambda z: np.exp(z - largest(z)),
            "Positive, and in the right proportions; but a row should sum to 1. Divide by its sum.",
        ),
        Mistake(
            lambda z: np.eye(z.shape[1])[np.argmax(z, axis=1)],
            "This is a hard choice, 1 for the largest score and 0 for the others. The softmax is "
            "its soft relative: it has a slope.",
        ),
    ),
)


def labels(rng):
    """Predicted and true labels, and how many classes there are."""
    return [
        (np.array([0, 1, 1, 2, 0, 1]), np.array([0, 1, 2, 2, 2, 0]), 3),
        (rng.integers(0, 3, 20), rng.integers(0, 3, 20), 4),
    ]


def counted(predicted, truth, classes):
    """Count which class is taken for which."""
    matrix = np.zeros((classes, classes), dtype=int)
    np.add.at(matrix, (truth, predicted), 1)
    return matrix


lesson.exercise(
    "confusion",
    title="What is taken for what",
    question="""
        Write `my_confusion(predicted, truth, classes)`. `predicted` and `truth` hold integer labels
        `(n,)` from 0 to `classes - 1`. What comes back is a table of counts `(classes, classes)`:
        row `i`, column `j` says how many samples of the true class `i` were taken for class `j`.
    """,
    skeleton='''
        def my_confusion(predicted, truth, classes):
            """Counts: truth in the rows, prediction in the columns."""
            matrix = np.zeros((classes, classes), dtype=int)
            ...
            return matrix
    ''',
    solution="""
        def my_confusion(predicted, truth, classes):
            matrix = np.zeros((classes, classes), dtype=int)
            for i in range(len(truth)):
                matrix[truth[i], predicted[i]] += 1
            return matrix
    """,
    shown="The diagonal is what was right; every other cell names a mistake and counts it.",
    hints=(
        "Go through the samples one by one: each adds 1 to one cell.",
        "A loop over `range(len(truth))`; sample `i` belongs to the row of its true label.",
        "`matrix[truth[i], ...] += 1`, with the predicted label as the column.",
    ),
    inputs=labels,
    mistakes=(
        Mistake(
            lambda predicted, truth, classes: counted(truth, predicted, classes),
            "Transposed: the truth belongs in the rows, the prediction in the columns.",
        ),
        Mistake(
            lambda predicted, truth, classes: np.diag(np.diag(counted(predicted, truth, classes))),
            "Only what was right has been counted. The mistakes belong beside the diagonal.",
        ),
        Mistake(
            lambda predicted, truth, classes: counted(predicted, truth, classes) / len(truth),
            "These are shares; counts are asked for. Add 1 for each sample.",
        ),
        Mistake(
            lambda predicted, truth, classes: np.minimum(counted(predicted, truth, classes), 1),
            "Each cell says only whether it happened. Add 1 each time, `+= 1`; with whole arrays "
            "as indices, numpy adds only once to a cell.",
        ),
        Mistake(
            lambda predicted, truth, classes: float(np.mean(predicted == truth)),
            "This is the accuracy, one number. The table says which classes are mixed up.",
        ),
        Mistake(
            lambda predicted, truth, classes: np.zeros((classes, classes), dtype=int),
            "Nothing has been counted: a loop over the samples is missing.",
        ),
    ),
)
