"""Exercises of lesson 05: momentum, its forms, and rules of the learner's own."""

from dataclasses import dataclass

import numpy as np

from course import Adam
from course.exercises.exercise import Lesson, Mistake

lesson = Lesson(
    "05",
    "Momentum optimizers",
    setup="""
from dataclasses import dataclass

import numpy as np
""",
)


# --- momentum


def one_step(rng):
    """A point, a velocity, a gradient, a rate and a momentum."""
    return [
        (rng.normal(size=n), rng.normal(size=n), rng.normal(size=n), rate, momentum)
        for n, rate, momentum in ((2, 0.1, 0.9), (3, 0.03, 0.5))
    ]


def pair(step):
    """Return a mistake's `my_step` from its new velocity and, if it has one, its own step."""

    def my_step(p, velocity, g, rate, momentum):
        new = step(velocity, g, rate, momentum)
        return p - new, new

    return my_step


lesson.exercise(
    "step",
    title="One step with momentum",
    question="""
        Write `my_step(p, velocity, g, learning_rate, momentum)`: one step of the heavy ball in
        this course's form, where the rate stands inside the velocity. It gives back two things,
        the new point and the new velocity: `return p, velocity`.
    """,
    skeleton='''
        def my_step(p, velocity, g, learning_rate, momentum):
            """The new point and the new velocity."""
            ...
            return p, velocity
    ''',
    solution="""
        def my_step(p, velocity, g, learning_rate, momentum):
            velocity = momentum * velocity + learning_rate * g
            return p - velocity, velocity
    """,
    shown="Two lines, and one number more to remember for each parameter.",
    hints=(
        "Two lines, in this order: first the velocity, then the point.",
        "Keep a share of the old velocity, and add the push of this slope: rate times gradient.",
        "`velocity = momentum * velocity + learning_rate * g`, and then the point moves against "
        "it: `p - velocity`.",
    ),
    inputs=one_step,
    mistakes=(
        Mistake(
            lambda p, v, g, rate, k: (p - v, k * v + rate * g),
            "The point moved by the *old* velocity. Compute the new one first, then step with it.",
        ),
        Mistake(
            lambda p, v, g, rate, k: (p + k * v + rate * g, k * v + rate * g),
            "The point moves *against* this velocity, which is made of slopes uphill: "
            "`p - velocity`.",
        ),
        Mistake(
            lambda p, v, g, rate, k: (p - rate * (k * v + g), k * v + g),
            "This is form A, PyTorch's: the rate stands outside of the velocity. Here it belongs "
            "inside: `momentum * velocity + learning_rate * g`.",
        ),
        Mistake(
            lambda p, v, g, rate, k: (p - rate * (k * v + (1 - k) * g), k * v + (1 - k) * g),
            "This is form C, an average of gradients. Here the whole of `learning_rate * g` is "
            "added to the velocity.",
        ),
        Mistake(
            pair(lambda v, g, rate, k: k * v + (1 - k) * rate * g),
            "The new gradient counts in full: `learning_rate * g`, without a factor "
            "`1 - momentum`.",
        ),
        Mistake(
            pair(lambda v, g, rate, k: v + rate * g),
            "Nothing is lost here: without friction the ball never comes to rest. Keep only "
            "`momentum` times the old velocity.",
        ),
        Mistake(
            pair(lambda v, g, rate, k: rate * g),
            "This is plain descent: the old velocity is forgotten.",
        ),
        Mistake(
            lambda p, v, g, rate, k: (p - rate * g, k * v + rate * g),
            "The velocity is right, but the point moved by `learning_rate * g` alone.",
        ),
        Mistake(
            lambda p, v, g, rate, k: (k * v + rate * g, p - (k * v + rate * g)),
            "The right two, in the wrong order: the point comes first, the velocity second.",
        ),
    ),
)


# --- from a factor to a number of steps


def journeys(rng):
    """Factors of a step, and distances to begin with."""
    return [(0.5, 100.0), (0.99995, 145.0), (0.983, rng.uniform(50, 150)), (0.9, 2.0)]


def counted(formula):
    """Return a mistake's `my_count`, rounded up like the right one."""
    return lambda factor, distance: int(np.ceil(formula(factor, distance)))


lesson.exercise(
    "count",
    title="How many steps?",
    question="""
        A step multiplies the distance to the minimum by `factor`, below 1. Write
        `my_count(factor, distance)`: how many steps it takes from `distance` until at most 0.001
        is left; a whole number. With it, the map's shades are steps.
    """,
    skeleton='''
        def my_count(factor, distance):
            """The smallest number of steps after which at most 0.001 is left."""
            ...
    ''',
    solution="""
        def my_count(factor, distance):
            return int(np.ceil(np.log(0.001 / distance) / np.log(factor)))
    """,
    shown="For factors near 1 this is about log(distance / 0.001) / (1 - factor): halve what is "
    "missing to 1, and you double the steps.",
    hints=(
        "After k steps the distance is `distance * factor**k`. For which k is that 0.001?",
        "Take the logarithm of both sides, and k comes down from the exponent.",
        "`np.log(0.001 / distance) / np.log(factor)`, rounded up with `np.ceil`, as an `int`.",
    ),
    inputs=journeys,
    mistakes=(
        Mistake(
            lambda factor, distance: int(np.log(0.001 / distance) / np.log(factor)),
            "Rounded down, you stop a step too early: the distance is still above 0.001. Use "
            "`np.ceil`.",
        ),
        Mistake(
            lambda factor, distance: float(np.log(0.001 / distance) / np.log(factor)),
            "Nobody takes half a step: round up with `np.ceil`, and make it an `int`.",
        ),
        Mistake(
            counted(lambda factor, distance: np.log(0.001) / np.log(factor)),
            "This counts to a *thousandth* of the distance that you began with. Bring `distance` "
            "in: `0.001 / distance`.",
        ),
        Mistake(
            counted(lambda factor, distance: np.log(distance / 0.001) / (1 - factor)),
            "A good approximation when the factor is close to 1, and only then. Divide by "
            "`np.log(factor)` instead, and mind the sign.",
        ),
        Mistake(
            counted(lambda factor, distance: np.log(distance / 0.001) / np.log(factor)),
            "A negative number of steps: the logarithm of a factor below 1 is negative. Turn the "
            "fraction over: `0.001 / distance`.",
        ),
        Mistake(
            counted(lambda factor, distance: distance / (0.001 * (1 - factor))),
            "The distance doesn't shrink by equal amounts but by equal *ratios*: this asks for a "
            "logarithm.",
        ),
    ),
)


# --- a number to be found with the explorer


lesson.exercise(
    "friction",
    title="The best friction for a rate",
    question="""
        Suppose the learning rate must stay at 1e-4. Which momentum of the heavy ball makes the
        flat direction fastest, so that a step multiplies its distance by the smallest number? Find
        it with the explorer (leave the rate at 1e-4, drag the momentum and read the sentence), or
        with a loop over `factor`. Three digits after the point will do.
    """,
    skeleton="my_momentum = ...",
    solution="""
        my_momentum = 0.986  # (1 - sqrt(1e-4 * 0.4924))**2: the flat direction just doesn't ring
    """,
    shown="Each rate has its own best friction: just enough that the flat direction doesn't ring, "
    "(1 - sqrt(rate * curvature))**2.",
    hints=(
        "Start at 0.9 and drag to the right: the number falls, and then it rises again. Where does "
        "it turn?",
        "It lies above 0.98. Typing into the number box is finer than dragging.",
        "It is just below 0.987.",
    ),
    right=lambda value: 0.9855 <= value <= 0.987,
    mistakes=(
        Mistake(
            0.9665,
            "That is theory's best momentum, but it belongs to theory's best *rate*, 5.81e-4. At "
            "1e-4 the ball is slower, and needs less friction.",
            when=lambda value: 0.96 <= value <= 0.97,
        ),
        Mistake(
            0.9,
            "That is the usual one, and it takes 24,000 steps here. Try more.",
            when=lambda value: 0.89 <= value <= 0.91,
        ),
        Mistake(
            1e-4,
            "This looks like the learning rate; the momentum is asked for, between 0 and 1.",
            when=lambda value: 0 < value < 0.01,
        ),
        Mistake(
            98.6,
            "A momentum is a share, from 0 to below 1: did you mean per cent?",
            when=lambda value: value > 1,
        ),
        Mistake(
            0.995,
            "Too little friction: the flat direction overshoots and rings. Try a little less "
            "momentum.",
            when=lambda value: 0.987 < value <= 1,
        ),
        Mistake(
            0.975,
            "Too much friction still: the flat direction creeps without ever overshooting. Try a "
            "little more momentum.",
            when=lambda value: 0.01 <= value < 0.9855,
        ),
    ),
)


# --- which form is it?


def form(kind, keep):
    """Return `step(p, v, g, rate)` of one of the three forms."""

    def step(p, v, g, rate):
        share = {"A": 1.0, "B": rate, "C": 1 - keep}[kind]
        v = keep * v + share * g
        return p - v * (1.0 if kind == "B" else rate), v

    return step


def unknown_rules(rng):
    """One rule of each form, in an order that can't be guessed, and with other momenta."""
    return [
        (form(kind, keep),) for kind, keep in zip("BACBAC", rng.uniform(0.5, 0.95, 6), strict=True)
    ]


def two_steps(step):
    """Return the lengths of a step at rate 1 and then of one at rate 0, for slopes 1 and 0."""
    p, v = step(0.0, 0.0, 1.0, 1.0)
    return -p, p - step(p, v, 0.0, 0.0)[0]


lesson.exercise(
    "form",
    title="Which form is it?",
    question="""
        Write `my_form(step)`, a test that tells the three forms apart. It is given a function
        `step(p, v, g, learning_rate) -> (p, v)` of numbers, whose momentum you don't know (it is
        between 0.5 and 0.95), and gives back `"A"`, `"B"` or `"C"`. You may call `step` as often as
        you like; start with `p = 0.0` and `v = 0.0`.
    """,
    skeleton='''
        def my_form(step):
            """Which form of momentum a step is: "A", "B" or "C"."""
            ...
    ''',
    solution="""
        def my_form(step):
            p, v = step(0.0, 0.0, 1.0, 1.0)  # the first step, at slope 1 and rate 1
            if abs(p) < 0.99:
                return "C"  # only a share of the gradient came in
            coasted, _ = step(p, v, 0.0, 0.0)  # no slope, and a rate of 0
            return "B" if coasted != p else "A"
    """,
    shown="Two steps tell: the first one how much of a gradient comes in, a rate of zero whether "
    "the velocity remembers the old rate.",
    hints=(
        "Which of the three forms takes a shorter first step than the others, from rest?",
        "A and B do the same as long as the rate doesn't change. So change it: what does each do "
        "when the rate is suddenly 0?",
        "From rest, at slope 1 and rate 1, A and B move by 1 and C by less. Then at rate 0, A "
        "stands still at once, and B coasts on.",
    ),
    inputs=unknown_rules,
    mistakes=(
        Mistake(
            lambda step: "C" if two_steps(step)[0] < 0.99 else "A",
            "A and C are told apart, and every B is taken for an A: they only differ once the "
            "rate changes. Take a second step with another rate.",
        ),
        Mistake(
            lambda step: "C" if two_steps(step)[0] < 0.99 else "B",
            "B and C are told apart, and every A is taken for a B: they only differ once the "
            "rate changes. Take a second step with another rate.",
        ),
        Mistake(
            lambda step: "B" if two_steps(step)[1] else "A",
            "Every C is taken for an A: both stop when the rate is 0. Look at the length of the "
            "first step, too.",
        ),
        Mistake(
            lambda step: "B" if two_steps(step)[1] else "C",
            "Every A is taken for a C: both stop when the rate is 0. Look at the length of the "
            "first step, too.",
        ),
        Mistake(
            lambda step: "C" if two_steps(step)[0] < 0.99 else "A" if two_steps(step)[1] else "B",
            "A and B are swapped: it is in B that the velocity holds the old rate, and coasts on.",
        ),
    ),
)


# --- a schedule


def moments(rng):
    """Steps of a schedule, its peak, its warm-up and its length."""
    return [(k, 0.1, 10, 100) for k in (0, 4, 9, 10, 55, 99, 100, 250)] + [(30, 0.3, 20, 60)]


def scheduled(rising, falling):
    """Return a mistake's `my_schedule` from its two halves."""
    return lambda step, peak, warm, steps: (
        rising(step, peak, warm) if step < warm else falling(step, peak, warm, steps)
    )


def rising(step, peak, warm):
    """Return the rate while it rises."""
    return peak * (step + 1) / warm


def falling(step, peak, warm, steps):
    """Return the rate while it falls."""
    return peak * max(0.0, (steps - step) / (steps - warm))


lesson.exercise(
    "schedule",
    title="A schedule of your own",
    question="""
        Write `my_schedule(step, peak, warm, steps)`, a learning rate for each step, counted from
        0. In the first `warm` steps it rises in a straight line, `peak * (step + 1) / warm`. From
        step `warm` on it falls in a straight line, from `peak` at step `warm` to 0 at step
        `steps`, and stays 0.
    """,
    skeleton='''
        def my_schedule(step, peak, warm, steps):
            """The learning rate of a step."""
            ...
    ''',
    solution="""
        def my_schedule(step, peak, warm, steps):
            if step < warm:
                return peak * (step + 1) / warm
            return peak * max(0.0, (steps - step) / (steps - warm))
    """,
    shown="A schedule is a function; `Momentum(lambda k: my_schedule(k, 0.1, 20, 500))` uses it.",
    hints=(
        "Two cases: the steps before `warm`, and the rest.",
        "The falling half is a share of the way still to go: the steps left over all steps of the "
        "fall. At step `warm` it is 1.",
        "`(steps - step) / (steps - warm)`, but never below 0: `max(0.0, ...)`.",
    ),
    inputs=moments,
    mistakes=(
        Mistake(
            scheduled(
                rising, lambda step, peak, warm, steps: peak * (steps - step) / (steps - warm)
            ),
            "After the last step the rate turns negative, and descent would climb: never below 0.",
        ),
        Mistake(
            scheduled(lambda step, peak, warm: peak * step / warm, falling),
            "The rise begins at a rate of 0, so the first step is lost: steps are counted from 0, "
            "hence `step + 1`.",
        ),
        Mistake(
            falling,
            "The warm-up is missing.",
        ),
        Mistake(
            scheduled(rising, lambda step, peak, warm, steps: peak),
            "The warm-up is right; after it the rate has to fall.",
        ),
        Mistake(
            scheduled(
                rising, lambda step, peak, warm, steps: peak * max(0.0, (steps - step) / steps)
            ),
            "At step `warm` the rate jumps down from its peak: the fall is `steps - warm` steps "
            "long, not `steps`.",
        ),
        Mistake(
            scheduled(rising, lambda step, peak, warm, steps: falling(step, 1.0, warm, steps)),
            "The fall lacks the factor `peak`.",
        ),
    ),
)


# --- rules of the learner's own


def gradients(rng):
    """Gradients of two parameters, step after step: noise, a shrinking slope, a sudden change."""
    shrinking = np.outer(0.7 ** np.arange(8), [5.0, -1.0])
    sudden = np.array([[1.0, 1.0]] * 10 + [[-0.05, -0.05]] + [[0.3, -2.0]] * 2)
    between = np.array([[1.0, 1.0]] * 10 + [[-0.817, -0.5]])
    return [(rng.normal(size=(6, 2)),), (shrinking,), (sudden,), (between,)]


def use_rule(answer, given):
    """Where a rule goes at rate 0.02 when it is handed these gradients, one after the other."""
    rule = answer(0.02) if isinstance(answer, type) else answer
    p, path = np.array([0.5, -0.5]), []
    state = rule.start(p)
    for g in given:
        p, state = rule.step(p, g, state)
        path.append(p)
    return np.array(path)


@dataclass(frozen=True)
class Like:
    """A mistake's rule: Adam's two averages, and a step made of them and of what it remembers."""

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8

    def start(self, parameter):
        """Averages, what is remembered, and the count."""
        return (*3 * (np.zeros_like(parameter),), 0)

    def step(self, parameter, gradient, state):
        """One step of the size that the kind of rule says."""
        m, v, kept, t = state
        m = self.beta1 * m + (1 - self.beta1) * gradient
        v = self.beta2 * v + (1 - self.beta2) * gradient**2
        size, kept = self.size(m, v, kept, t + 1, gradient)
        return parameter - self.learning_rate * size, (m, v, kept, t + 1)


class LargestSquare(Like):
    """AMSGrad with the largest squared gradient in place of the largest average."""

    def size(self, m, v, kept, t, g):
        """Remember the largest square."""
        kept = np.maximum(kept, g**2)
        return m / (np.sqrt(kept) + self.epsilon), kept


class Corrected(Like):
    """AMSGrad with Adam's corrections, as PyTorch has it."""

    def size(self, m, v, kept, t, g):
        """Correct both."""
        kept = np.maximum(kept, v)
        root = np.sqrt(kept / (1 - self.beta2**t)) + self.epsilon
        return m / (1 - self.beta1**t) / root, kept


class Forgetful(Like):
    """AMSGrad that doesn't carry its largest average along."""

    def size(self, m, v, kept, t, g):
        """Compare with zero each time."""
        return m / (np.sqrt(np.maximum(kept, v)) + self.epsilon), kept


class Smallest(Like):
    """AMSGrad with the smallest average."""

    def size(self, m, v, kept, t, g):
        """Remember the smallest."""
        kept = v if t == 1 else np.minimum(kept, v)
        return m / (np.sqrt(kept) + self.epsilon), kept


class NoRoot(Like):
    """AMSGrad without the root."""

    def size(self, m, v, kept, t, g):
        """Divide by the average itself."""
        kept = np.maximum(kept, v)
        return m / (kept + self.epsilon), kept


FROM_ADAM = "The class has `start(parameter) -> state` and `step(parameter, gradient, state)`."

lesson.exercise(
    "amsgrad",
    title="A rule of your own: AMSGrad",
    question="""
        Adam forgets: after a rare, large gradient its $v$ sinks and its steps grow again. AMSGrad
        (Reddi, Kale and Kumar 2018) divides by the *largest* $v$ so far. Write it as a class
        `MyAMSGrad`, in the form of the paper, which has no bias correction (PyTorch's has):

        $$ m \\leftarrow \\beta_1 m + (1 - \\beta_1) g, \\qquad
           v \\leftarrow \\beta_2 v + (1 - \\beta_2) g^2 $$

        $$ \\hat v \\leftarrow \\max(\\hat v, v), \\qquad
           p \\leftarrow p - \\eta \\frac{m}{\\sqrt{\\hat v} + \\epsilon} $$
    """,
    skeleton='''
        @dataclass(frozen=True)
        class MyAMSGrad:
            learning_rate: float = 0.001
            beta1: float = 0.9
            beta2: float = 0.999
            epsilon: float = 1e-8

            def start(self, parameter):
                """Both averages and the largest one, all zero."""
                return ...

            def step(self, parameter, gradient, state):
                """The new parameter and the new state."""
                ...
                return parameter, state
    ''',
    solution="""
        @dataclass(frozen=True)
        class MyAMSGrad:
            learning_rate: float = 0.001
            beta1: float = 0.9
            beta2: float = 0.999
            epsilon: float = 1e-8

            def start(self, parameter):
                zero = np.zeros_like(parameter)
                return zero, zero, zero

            def step(self, parameter, gradient, state):
                m, v, largest = state
                m = self.beta1 * m + (1 - self.beta1) * gradient
                v = self.beta2 * v + (1 - self.beta2) * gradient**2
                largest = np.maximum(largest, v)
                step = self.learning_rate * m / (np.sqrt(largest) + self.epsilon)
                return parameter - step, (m, v, largest)
    """,
    shown="A rule needs no base class: yours works in `train` and `update`, and can race in "
    "`contest`.",
    hints=(
        "Start from Adam's `step`, shown above: which line is new, and which two go?",
        "The state holds three arrays now: m, v, and the largest v so far; no count is needed.",
        "`largest = np.maximum(largest, v)`, elementwise; the root is taken of `largest`.",
    ),
    inputs=gradients,
    use=use_rule,
    mistakes=(
        Mistake(
            Adam,
            "This is Adam: nothing remembers the largest `v`, and the paper has no bias "
            "correction.",
        ),
        Mistake(
            Corrected,
            "This is PyTorch's form, with Adam's bias correction. The paper's has none: leave out "
            "both divisions by `1 - beta**t`.",
        ),
        Mistake(
            Forgetful,
            "The largest `v` is computed and then forgotten: it has to be part of the state that "
            "you give back.",
        ),
        Mistake(
            LargestSquare,
            "You keep the largest squared gradient; the largest *average* `v` is meant.",
        ),
        Mistake(Smallest, "You keep the smallest `v`: `np.maximum`, so that steps can't grow."),
        Mistake(NoRoot, "The root is missing: divide by `np.sqrt(largest) + epsilon`."),
    ),
)


class NesterovWithoutAhead(Like):
    """NAdam that corrects m with t instead of t + 1."""

    def size(self, m, v, kept, t, g):
        """Both parts corrected alike."""
        part = (self.beta1 * m + (1 - self.beta1) * g) / (1 - self.beta1**t)
        return part / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon), kept


class Uncorrected(Like):
    """NAdam with no corrections."""

    def size(self, m, v, kept, t, g):
        """Neither is corrected."""
        part = self.beta1 * m + (1 - self.beta1) * g
        return part / (np.sqrt(v) + self.epsilon), kept


class WithBeta2(Like):
    """NAdam with the factor beta2 that Flux keeps under the root."""

    def size(self, m, v, kept, t, g):
        """An extra beta2."""
        part = self.beta1 * m / (1 - self.beta1 ** (t + 1))
        part = part + (1 - self.beta1) * g / (1 - self.beta1**t)
        return part / (np.sqrt(self.beta2 * v / (1 - self.beta2**t)) + self.epsilon), kept


class OldM(Like):
    """NAdam that looks ahead with the average from before this gradient."""

    def size(self, m, v, kept, t, g):
        """Use the m of the step before."""
        old = (m - (1 - self.beta1) * g) / self.beta1
        part = self.beta1 * old / (1 - self.beta1 ** (t + 1))
        part = part + (1 - self.beta1) * g / (1 - self.beta1**t)
        return part / (np.sqrt(v / (1 - self.beta2**t)) + self.epsilon), kept


lesson.exercise(
    "nadam",
    title="A rule of your own: NAdam",
    question="""
        Adam holds momentum; give it Nesterov's look ahead, and it is NAdam (Dozat 2016). Take
        Adam's $m$, $v$ and $t$, and use in place of $\\hat m$ the average that the *next* step
        would have:

        $$ \\hat m = \\frac{\\beta_1 m}{1 - \\beta_1^{t+1}}
           + \\frac{(1 - \\beta_1)\\, g}{1 - \\beta_1^t} $$

        $$ p \\leftarrow p - \\eta \\frac{\\hat m}{\\sqrt{v / (1 - \\beta_2^t)} + \\epsilon} $$

        with $t = 1$ at the first step. This is the paper's rule for a constant $\\beta_1$.
        (Libraries differ: PyTorch lets $\\beta_1$ grow from step to step, as the paper also
        suggests, and Flux has one more $\\beta_2$ under the root.) Write it as a class `MyNAdam`.
    """,
    skeleton='''
        @dataclass(frozen=True)
        class MyNAdam:
            learning_rate: float = 0.001
            beta1: float = 0.9
            beta2: float = 0.999
            epsilon: float = 1e-8

            def start(self, parameter):
                """Both averages and the count, all zero."""
                return ...

            def step(self, parameter, gradient, state):
                """The new parameter and the new state."""
                ...
                return parameter, state
    ''',
    solution="""
        @dataclass(frozen=True)
        class MyNAdam:
            learning_rate: float = 0.001
            beta1: float = 0.9
            beta2: float = 0.999
            epsilon: float = 1e-8

            def start(self, parameter):
                return np.zeros_like(parameter), np.zeros_like(parameter), 0

            def step(self, parameter, gradient, state):
                m, v, t = state
                t = t + 1
                m = self.beta1 * m + (1 - self.beta1) * gradient
                v = self.beta2 * v + (1 - self.beta2) * gradient**2
                ahead = self.beta1 * m / (1 - self.beta1 ** (t + 1))
                m_hat = ahead + (1 - self.beta1) * gradient / (1 - self.beta1**t)
                v_hat = v / (1 - self.beta2**t)
                step = self.learning_rate * m_hat / (np.sqrt(v_hat) + self.epsilon)
                return parameter - step, (m, v, t)
    """,
    shown="Nesterov's idea in Adam's clothes: only `m_hat` has changed.",
    hints=(
        "Copy Adam's `step`: a single line of it changes.",
        "The old average is corrected for one step more, `t + 1`; the gradient for `t`.",
        "`m_hat = beta1 * m / (1 - beta1**(t + 1)) + (1 - beta1) * gradient / (1 - beta1**t)`, "
        "with the *new* m.",
    ),
    inputs=gradients,
    use=use_rule,
    mistakes=(
        Mistake(Adam, "This is Adam itself: `m_hat` has no look ahead yet."),
        Mistake(
            NesterovWithoutAhead,
            "Nearly: `beta1 * m` belongs to the next step, so it is corrected with "
            "`1 - beta1**(t + 1)`.",
        ),
        Mistake(Uncorrected, "The look ahead is right; the bias corrections are missing."),
        Mistake(
            WithBeta2,
            "This is Flux's form, with one more `beta2` under the root. Correct `v` as Adam does: "
            "`v / (1 - beta2**t)`.",
        ),
        Mistake(
            OldM,
            "You looked ahead with the `m` from before this gradient: update `m` first, then use "
            "the new one.",
        ),
    ),
)


@dataclass(frozen=True)
class Signs:
    """A mistake's Lion: what is stepped with, and what is remembered."""

    learning_rate: float = 0.001
    beta1: float = 0.9
    beta2: float = 0.99

    def start(self, parameter):
        """A zero average."""
        return np.zeros_like(parameter)

    def step(self, parameter, gradient, state):
        """One step as `direction` and `remember` say."""
        m, g, b1, b2 = state, gradient, self.beta1, self.beta2
        return parameter - self.learning_rate * self.direction(m, g, b1, b2), self.remember(
            m, g, b1, b2
        )


def average(m, g, beta):
    """Return a running average."""
    return beta * m + (1 - beta) * g


def signs(direction, remember):
    """Return a wrong Lion's class."""
    body = {"direction": staticmethod(direction), "remember": staticmethod(remember)}
    return type("Lion", (Signs,), body)


lesson.exercise(
    "lion",
    title="A rule of your own: Lion",
    question="""
        Lion (Chen and others 2023) was found by a program that searched through programs. It
        needs a single average, and every parameter moves by exactly the learning rate, up or down:

        $$ p \\leftarrow p - \\eta \\, \\mathrm{sign}\\big(\\beta_1 m + (1 - \\beta_1) g\\big) $$

        $$ \\text{then} \\quad m \\leftarrow \\beta_2 m + (1 - \\beta_2) g $$

        Write it as a class `MyLion`, in this form of the paper (its weight decay left out). Mind
        the order; Flux has the two averages the other way round. The state is $m$.
    """,
    skeleton='''
        @dataclass(frozen=True)
        class MyLion:
            learning_rate: float = 0.0001
            beta1: float = 0.9
            beta2: float = 0.99

            def start(self, parameter):
                """An average that is zero."""
                return ...

            def step(self, parameter, gradient, state):
                """The new parameter and the new average."""
                ...
                return parameter, state
    ''',
    solution="""
        @dataclass(frozen=True)
        class MyLion:
            learning_rate: float = 0.0001
            beta1: float = 0.9
            beta2: float = 0.99

            def start(self, parameter):
                return np.zeros_like(parameter)

            def step(self, parameter, gradient, state):
                direction = np.sign(self.beta1 * state + (1 - self.beta1) * gradient)
                average = self.beta2 * state + (1 - self.beta2) * gradient
                return parameter - self.learning_rate * direction, average
    """,
    shown="One number to remember for each parameter, where Adam needs two, and a step that only "
    "knows up and down.",
    hints=(
        "Two averages of the same `m` and the same gradient, with different betas: one to step "
        "with, one to remember.",
        "Both are made from the *old* m. The first is used for its sign only, and then thrown "
        "away.",
        "`np.sign(self.beta1 * state + (1 - self.beta1) * gradient)` is the direction.",
    ),
    inputs=gradients,
    use=use_rule,
    mistakes=(
        Mistake(
            signs(
                lambda m, g, b1, b2: np.sign(average(m, g, b2)),
                lambda m, g, b1, b2: average(m, g, b1),
            ),
            "The betas are swapped (Flux has them so): step with `beta1`, remember with `beta2`.",
        ),
        Mistake(
            signs(
                lambda m, g, b1, b2: np.sign(average(average(m, g, b2), g, b1)),
                lambda m, g, b1, b2: average(m, g, b2),
            ),
            "You updated `m` first and stepped with the new one: step with the old `m`, then "
            "update it.",
        ),
        Mistake(
            signs(
                lambda m, g, b1, b2: np.sign(average(m, g, b1)),
                lambda m, g, b1, b2: average(m, g, b1),
            ),
            "One average for both: what is remembered is another one, made with `beta2`.",
        ),
        Mistake(
            signs(
                lambda m, g, b1, b2: average(m, g, b1),
                lambda m, g, b1, b2: average(m, g, b2),
            ),
            "The sign is missing: the average only says up or down.",
        ),
        Mistake(
            signs(lambda m, g, b1, b2: np.sign(g), lambda m, g, b1, b2: average(m, g, b2)),
            "You stepped by the sign of this gradient alone: the average decides, with this "
            "gradient in it.",
        ),
        Mistake(
            signs(
                lambda m, g, b1, b2: average(np.sign(m), np.sign(g), b1),
                lambda m, g, b1, b2: average(m, g, b2),
            ),
            "You averaged the signs; the sign of the average is meant.",
        ),
    ),
)
