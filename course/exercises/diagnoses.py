"""What is wrong with an answer: mistakes that are the same in every exercise, told by what they do.

Each diagnosis looks at an `Attempt` and returns a message, or None if it isn't the case.
"""

import ast
import dis
import inspect
import re
import textwrap
import tokenize
import types

import numpy as np

from course.exercises.limit import TimeIsUp
from course.exercises.trial import holds, learners_line, trial_of
from course.exercises.values import capital, kind, number, parts, same


class Said(str):
    """A message about one of the calls."""

    def __new__(cls, text, case):
        """Keep the text, and which call it is about, counted from 0."""
        said = super().__new__(cls, text)
        said.case = case
        return said


def not_of_the_kind(attempt):
    """A number where a function is asked for, or the other way round."""
    reference, answer = attempt.exercise.reference, attempt.answer
    if attempt.exercise.use or attempt.exercise.right:
        return None
    if isinstance(reference, type) and not isinstance(answer, type):
        return f"A class is asked for; this is {kind(answer)}. Pass `{attempt.name}` itself."
    if callable(reference) and not callable(answer):
        return (
            f"{'A function' if code_of(reference) else 'A model that can be called'} is asked for; "
            f"this is {kind(answer)}. Pass `{attempt.name}` itself, without parentheses."
        )
    if not callable(reference) and callable(answer):
        return f"{capital(kind(reference))} is asked for; this is {kind(answer)}."
    return None


def wrong_signature(attempt):
    """A function that can't be called the way the exercise calls it."""
    reference = attempt.exercise.reference
    if attempt.exercise.use or not isinstance(reference, types.FunctionType):
        return None
    case = attempt.exercise.cases[0]
    try:
        inspect.signature(attempt.answer).bind(*case)
    except TypeError:
        wanted = ", ".join(inspect.signature(reference).parameters)
        given = ", ".join(inspect.signature(attempt.answer).parameters)
        return (
            f"Your function can't be called with {len(case)} arguments: it is written as "
            f"`{attempt.name}({given})`, and the exercise calls `{attempt.name}({wanted})`."
        )
    except ValueError:
        return None  # compiled code that doesn't tell its signature
    return None


def endless(attempt):
    """The time limit was reached."""
    if isinstance(attempt.trial.error, TimeIsUp):
        return (
            f"Your code was still running after {attempt.exercise.seconds:g} seconds and was "
            "ended; nothing else was lost. A loop that never gets to its end? Look at what "
            "changes from one pass to the next, and at the condition that stops it."
        )
    return None


def declared(attempt):
    """One of the exercise's own mistakes: its wrong version did exactly the same."""
    for mistake in attempt.exercise.mistakes:
        if mistake.when:
            results = attempt.trial.results
            if results and all(holds(mistake.when, result) for result in results):
                return mistake.message
        elif attempt.trial.does_the_same_as(trial_of(attempt.exercise, mistake.wrong)):
            return mistake.message
    return None


def used_a_global(attempt):
    """An argument is never read, and data of the notebook is read instead."""
    unread, data = unread_arguments(attempt.answer), global_data(attempt.answer)
    if unread and data:
        return (
            f"Your function never uses its argument `{unread[0]}`; it reads `{data[0]}`, a "
            "variable of the notebook, instead. It would give the same answer for other data: "
            f"use `{unread[0]}`."
        )
    return None


def raised(attempt):
    """An exception: what it usually means."""
    error = attempt.trial.error
    if error is None:
        return None
    line = learners_line(error)
    if line is None and attempt.exercise.use:
        return f"Your answer is {kind(attempt.answer)}, and using it failed: {error}"
    place = f"At line {line[0]} of your cell, " if line else ""
    what = f"`{type(error).__name__}`" + (f": {shortened(str(error))}." if error.args else ".")
    why = hidden_name(attempt.answer, line, error) or meaning(error)
    return f"{place}{'your' if place else 'Your'} code raised {what} {why}".strip()


def shortened(text):
    """Return an error's own words, cut where they are long."""
    return text.rstrip(".") if len(text) <= 300 else text[:297] + "..."


def hidden_name(function, line, error):
    """A name that the function uses for a value of its own is called like a function."""
    if not isinstance(function, types.FunctionType) or line is None:
        return ""
    called = set(re.findall(r"(?<![\w.])([a-zA-Z_]\w*)\(", line[1]))
    code = function.__code__
    arguments = set(code.co_varnames[: code.co_argcount])
    own = called & set(code.co_varnames)
    if isinstance(error, UnboundLocalError) and own:
        return (
            f"The function gives `{sorted(own)[0]}` a value of its own, and so the name means that "
            "value in all its lines: call the value something else."
        )
    calling = isinstance(error, TypeError) and re.search("callable|argument", str(error))
    if not calling or not own:
        return ""
    name = sorted(own)[0]
    if f"{name}() " in str(error):
        return ""  # it is a function, and was called with other arguments than it takes
    if name in arguments and line[1].replace(" ", "").count(f"{name}=") == 0:
        return (
            f"`{name}` is an argument here, which hides a function of that name: use the argument "
            "as the value that it is."
        )
    return f"`{name}` was given another value in this function, which hides the function."


def returned_in_a_loop(attempt):
    """A `return` at the end of a loop's body, so that the loop has one pass."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(attempt.answer)))
    except (TypeError, OSError, SyntaxError, tokenize.TokenError):
        return None  # not something that was written in a cell
    loops = [node for node in ast.walk(tree) if isinstance(node, ast.For | ast.While)]
    once = [
        loop
        for loop in loops
        if isinstance(loop.body[-1], ast.Return)
        and not any(isinstance(inner, ast.Continue) for inner in ast.walk(loop))
    ]
    if once:
        return (
            "The `return` stands inside the loop, and so the function ends in the loop's first "
            "pass: move it to the left, in line with the loop."
        )
    return None


def still_dots(attempt):
    """Some of what came back is still `...`."""
    for result, _ in attempt.pairs:
        if result is Ellipsis or any(part is Ellipsis for _, part in parts(result)):
            return "Not all is filled in: there is still a `...` in what came back."
    return None


def returned_nothing(attempt):
    """A function that gives `None`."""
    for result, truth in attempt.pairs:
        if result is None and truth is not None:
            return "Your function gives back `None`: is the `return` missing?"
        names = [name for name, part in parts(result) if part is None]
        if names and type(result) is type(truth):
            return f"One part of what came back is `None`: {names[0]}."
    return None


def changed_argument(attempt):
    """An argument was changed in place."""
    if attempt.trial.changed:
        name = attempt.trial.changed[0]
        return (
            f"Your function changes its argument `{name}` in place, so that the caller's `{name}` "
            "is another one afterwards, and the same call gives another answer the next time. "
            "Make a new value instead: `a = a - b` makes one, `a -= b` may change the old one."
        )
    return None


def wrong_type(attempt):
    """A value of another kind than asked for: text, an array instead of a pair."""
    for index, (result, truth) in enumerate(attempt.pairs):
        if same(result, truth):
            continue
        numeric = number(result) is not None, number(truth) is not None
        names = [[name for name, _ in parts(value)] for value in (result, truth)]
        several = isinstance(truth, (tuple, list))
        if several and isinstance(result, (tuple, list)):
            other = len(result) != len(truth)
        elif several:
            other = isinstance(truth, tuple) or np.shape(result) != np.shape(truth)
        else:
            other = numeric != (True, True) and (any(numeric) or names[0] != names[1])
        if other:
            return Said(f"{capital(kind(truth))} is asked for; what came is {kind(result)}.", index)
    return None


def wrong_shape(attempt):
    """The numbers are arranged in another way."""
    for index, (result, truth) in enumerate(attempt.pairs):
        inside = zip(parts(result), parts(truth), strict=False)
        for a, b in [(result, truth), *((p, q) for (_, p), (_, q) in inside)]:
            x, y = number(a), number(b)
            if x is not None and y is not None and x.shape != y.shape:
                return Said(shape_message(x.shape, y.shape), index)
    return None


def not_finite(attempt):
    """NaN or infinity where the truth is a number."""
    for index, (a, b, _) in enumerate(attempt.numbers or ()):
        if np.isfinite(b).all() and not np.isfinite(a).all():
            what = "NaN (not a number)" if np.isnan(a).any() else "infinity"
            steps = {"rate", "learning_rate", "optimizer"} & set(arguments(attempt.exercise))
            why = (
                "A step that is too large, or that goes uphill, makes each larger than the last."
                if steps
                else "0 divided by 0 and the logarithm of 0 do it, and `np.exp` of more than 709."
            )
            return Said(f"What came has {what} in it, where numbers are meant. {why}", index)
    return None


def arguments(exercise):
    """Return the names of a function's arguments; none where no function is asked for."""
    code = getattr(exercise.reference, "__code__", None)
    return code.co_varnames[: code.co_argcount] if code else ()


def opposite(attempt):
    """Right, but for the sign; or True for False."""
    pairs = attempt.pairs
    if pairs and all(
        isinstance(value, (bool, np.bool_)) for pair in pairs for value in pair
    ) and all(a != b for a, b in pairs):  # fmt: skip
        return (
            "Just the other way round: `True` where `False` is right, and `False` where `True` is."
        )
    if _all_close(attempt, lambda n: -1):
        return "Right size, opposite sign: every number is minus what it should be."
    return None


def factor(attempt):
    """Right, but for a factor: n, 1/n or a constant."""
    if _all_close(attempt, lambda n: n):
        return "`n` times too large, `n` being the number of samples: a mean is meant, not a sum."
    if _all_close(attempt, lambda n: 1 / n):
        return "`n` times too small, `n` being the number of samples: divided by it once too often."
    if _all_close(attempt, lambda n: -n):
        return "The opposite sign, and `n` times too large: prediction minus target, and a mean."
    if not attempt.numbers:
        return None
    a, b, _ = attempt.numbers[0]
    if attempt.exercise.inputs is None or any(is_whole(truth) for _, truth in attempt.pairs):
        return None  # a count isn't wrong by a factor
    with np.errstate(all="ignore"):
        place = np.argmax(np.abs(b))
        ratio = a[place] / b[place] if b.size else np.nan
    if np.isfinite(ratio) and ratio not in (0, 1) and _all_close(attempt, lambda n: ratio):
        times = f"{abs(ratio):.4g} times" + (" and of opposite sign" if ratio < 0 else "")
        return f"Everything is {times} what it should be: a constant factor is missing or too much."
    return None


def is_whole(value):
    """Whether a value is made of whole numbers."""
    array = number(value)
    return array is not None and array.dtype.kind in "biu"


def _all_close(attempt, scale):
    """Whether each result is the right one times `scale(n)`."""
    numbers = attempt.numbers
    return bool(numbers) and any(np.any(b) for _, b, _ in numbers) and all(
        same(a, scale(n) * b) for a, b, n in numbers
    )  # fmt: skip


def unread_argument(attempt):
    """An argument is never read."""
    unread = unread_arguments(attempt.answer)
    if unread:
        return f"Your function never uses its argument `{unread[0]}`, and the answer depends on it."
    return None


def partly_right(attempt):
    """Some parts of each result are right and others not."""
    verdicts = [
        [(name, same(p, q)) for (name, p), (_, q) in zip(parts(a), parts(b), strict=False)]
        for a, b in attempt.pairs
    ]
    if not verdicts or not all(verdicts):
        return None
    wrong = {name for verdict in verdicts for name, good in verdict if not good}
    good = [name for name, _ in verdicts[0] if name not in wrong]
    if not good or not wrong:
        return None
    say = lambda name: f"number {name + 1}" if isinstance(name, int) else f"`{name}`"  # noqa: E731
    bad = [name for name, _ in verdicts[0] if name in wrong]
    return capital(
        f"{' and '.join(map(say, good))} {'is' if len(good) == 1 else 'are'} right; "
        f"{' and '.join(map(say, bad))} {'is' if len(bad) == 1 else 'are'} not."
    )


def not_repeatable(attempt):
    """The same calls give other results when they are made again."""
    if not attempt.trial.does_the_same_as(trial_of(attempt.exercise, attempt.answer)):
        return (
            "The same call gives another answer the next time: something is kept between the calls "
            "(a global that is changed, a list as a default), or random numbers are drawn."
        )
    return None


def sometimes_right(attempt):
    """Right for some inputs and not for others."""
    good = [same(a, b) for a, b in attempt.pairs]
    if any(good) and len(good) > 1:
        return (
            f"Right for {sum(good)} of {len(good)} inputs that were tried, not for the others."
            + SMALLEST * bool(attempt.example)
        )
    return None


def something_else(attempt):
    """Nothing that is known."""
    return (
        "The answer isn't what it should be, and this isn't one of the mistakes known here."
        + SMALLEST * bool(attempt.example)
    )


SMALLEST = " This is the smallest call that differs; try it in a cell of your own."


BEFORE_RUNNING = (not_of_the_kind, wrong_signature)
AFTER_RUNNING = (
    endless,
    declared,
    used_a_global,
    raised,
    returned_in_a_loop,
    still_dots,
    returned_nothing,
    wrong_type,
    wrong_shape,
    not_finite,
    changed_argument,
    opposite,
    factor,
    unread_argument,
    not_repeatable,
    partly_right,
    sometimes_right,
    something_else,
)


AUTOGRAD = (
    "The lesson's `np` is autograd's, which doesn't have all that numpy has, and can't go through "
    "all of it: `import numpy` and write `numpy.` there, or do it another way."
)
NONE = "Something here is `None`: a function without `return`, perhaps."

MEANINGS = [
    (
        UnboundLocalError,
        "",
        "The function gives that name a value in a later line, so that it means nothing before: "
        "was another name meant?",
    ),
    (
        NameError,
        "",
        "A name that isn't defined here: check its spelling, and that it is an argument or was "
        "made in a line above.",
    ),
    (TypeError, "ellipsis|Ellipsis", "There is still a `...` where a value is needed."),
    (TypeError, "ArrayBox", AUTOGRAD),
    (TypeError, "NoneType", NONE),
    (TypeError, "bitwise_xor|for \\^", "`^` isn't a power in Python: write `**`."),
    (
        TypeError,
        r"__call__\(\) (takes|missing|got)",
        "A model or a layer was called like a function of several arguments. In "
        "`gradient(loss, model, x, y)` the loss comes first.",
    ),
    (
        TypeError,
        "positional argument|required positional|unexpected keyword",
        "A function was called with other arguments than it takes.",
    ),
    (
        TypeError,
        "'tuple' object is not callable",
        "A pair of values is called like a function: was one name given to the two things that "
        "`update` or `train` gives back? Take them apart: `model, state = update(...)`.",
    ),
    (
        TypeError,
        r"'[A-Z]\w+' object is not callable",
        "An object is called that isn't a function. A rule is applied by "
        "`update(model, gradient, optimizer, state)`.",
    ),
    (
        TypeError,
        "not callable",
        "A value is called like a function, `value(...)`. Is the name also used for a value, or is "
        "a `*` meant?",
    ),
    (
        TypeError,
        "only (length-1|0-dimensional|integer scalar)",
        "A function for single numbers was given a whole array: numpy's own (`np.exp`, `np.log`) "
        "take arrays.",
    ),
    (
        TypeError,
        "must be of ArrayType",
        "A function of numpy was given one argument too many: what comes second is a place for the "
        "result. (`np.log` takes no base: divide by the base's logarithm.)",
    ),
    (
        TypeError,
        "indices must be integers",
        "A place in a list is a whole number: was the value that stands there used as a place?",
    ),
    (TypeError, "not subscriptable", "Something that has no elements is indexed with `[ ]`."),
    (TypeError, "not iterable|unpack", "A single value stands where several are expected."),
    (
        TypeError,
        r"(unsupported operand|can't multiply).*('list'|'tuple'|'str')|can't multiply",
        "Lists don't calculate: take their elements one by one, or make an array of a list of "
        "numbers with `np.array(...)`.",
    ),
    (
        TypeError,
        r"unsupported operand.*'[A-Z]\w+'",
        "A model has no arithmetic of its own: calculate with its fields, `line.m - rate * g.m`, "
        "and make a new one of the results.",
    ),
    (
        TypeError,
        r"A model isn't a number|bad operand type for.*'[A-Z]\w+'|"
        r"loop of ufunc does not support argument 0 of type [A-Z]",
        "A model isn't a number: what it predicts is `line(x)`, its fields are `line.m` and so on.",
    ),
    (
        TypeError,
        "unsupported operand",
        "Two things are combined that don't go together.",
    ),
    (
        AttributeError,
        "cannot assign to field",
        "The dataclass is frozen, so that a rule keeps nothing: what must be remembered is the "
        "state, which `step` gets and gives back.",
    ),
    (AttributeError, "NoneType", NONE),
    (AttributeError, "autograd|'function' object|'primitive'|ArrayBox", AUTOGRAD),
    (NotImplementedError, "VJP|vjp|gradient of", AUTOGRAD),
    (
        AttributeError,
        "",
        "The value has no attribute of that name: check the spelling, and what the value is.",
    ),
    (
        ValueError,
        "ambiguous",
        "An array stands where one `True` or `False` is needed. `if`, `and` and Python's own `max` "
        "and `min` ask for one; for arrays there are `np.where`, `&` (with each comparison in "
        "parentheses), `np.maximum`, and `np.max` with an `axis`.",
    ),
    (
        ValueError,
        "inhomogeneous",
        "Arrays of different shapes don't fit into one array: take them one by one, in a loop.",
    ),
    (
        ValueError,
        "unpack",
        "The number of names on the left isn't the number of values on the right.",
    ),
    (IndexError, "", "A place beyond the end was asked for; remember that counting starts at 0."),
    (KeyError, "", "A dict was asked for a key that it doesn't have."),
    (
        ZeroDivisionError,
        "",
        "Something was divided by 0: an empty list, or a count that starts at 0?",
    ),
    (RecursionError, "", "The function calls itself without end."),
    (MemoryError, "", "More memory was asked for than there is."),
    (
        NotImplementedError,
        "",
        "The place to fill in still raises this error: put your answer there.",
    ),
    (SystemExit, "", "`exit()` would end the notebook's kernel; leave it out."),
]


def meaning(error):
    """Return what an exception usually means, or nothing for an unusual one."""
    if isinstance(error, ValueError) and re.search("broadcast|matmul|mismatch|aligned", str(error)):
        return lengths(str(error))
    for type_, pattern, text in MEANINGS:
        if isinstance(error, type_) and re.search(pattern, str(error)):
            return text
    return ""


def lengths(text):
    """Say what can be wrong where shapes don't fit: it isn't certain, so the shapes come first."""
    found = re.findall(r"\(([\d, ]+)\)", text)
    shapes = [tuple(map(int, re.findall(r"\d+", inside))) for inside in found]
    if "broadcast" not in text:
        return (
            "A matrix product needs as many columns on the left as there are rows on the right: "
            "another order, or a `.T`?"
        )
    if len(shapes) > 1 and len(shapes[0]) == len(shapes[1]) == 2 and shapes[0][1] == shapes[1][0]:
        return "`*` goes element by element; a matrix product is `@`."
    if len(shapes) > 1 and {len(shapes[0]), len(shapes[1])} == {1, 2}:
        table, row = sorted(shapes[:2], key=len, reverse=True)
        if table[0] == row[0]:
            return (
                "One number for each row doesn't spread over the rows by itself: keep it a column, "
                "`(n, 1)`, with `keepdims=True`. Or is it one for each column that is meant, "
                "`axis=0`?"
            )
    rows = [len(shape) for shape in shapes[:2]] == [1, 1]
    each = " Or is each value to meet each of the other's? Then make one a column, `x[:, None]`."
    return (
        "The lengths don't fit: perhaps only one of the two was cut, summed or transposed, or it "
        "is the notebook's own data instead of an argument." + each * rows
    )


def shape_message(came, meant):
    """Say what probably happened when an array of shape `came` stands for one of shape `meant`."""
    if meant == () and np.prod(came) == 1:
        return f"One number is asked for; it came inside a list or array, of shape {came}."
    if np.prod(came) == np.prod(meant) and came[::-1] != meant:
        return (
            f"The shape is {came} where {meant} is meant: the same number of values, arranged in "
            "another way. Subtracting one from the other would make a whole table without a word."
        )
    if meant == ():
        return f"One number is asked for; an array of shape {came} came: is a sum or mean missing?"
    if len(came) == len(meant) == 2 and came[::-1] == meant:
        return f"The shape is {came}, not {meant}: rows and columns are swapped."
    if len(came) == 2 and came[0] == came[1] and meant in ((came[0],), (came[0], 1)):
        return (
            f"A table of shape {came} came where {meant} is meant: somewhere `(n, 1)` met `(n,)`, "
            "and numpy combined each value with every other."
        )
    if len(came) == len(meant) == 1 and abs(came[0] - meant[0]) == 1:
        more = "more" if came > meant else "less"
        return f"{came[0]} values came, and {meant[0]} are meant: one {more}. Off by one step?"
    what = f"{'a number' if came == () else f'an array of shape {came}'}"
    return (
        f"An array of shape {meant} is asked for; what came is {what}. If there is a sum or a mean "
        "in it, look at its `axis`."
    )


def not_started(exercise, answer):
    """Whether an answer is still the skeleton: `...`, None, or code that wasn't changed."""
    if answer is None or answer is Ellipsis:
        return True
    code = code_of(answer)
    return bool(code) and code == code_of(exercise.untouched)


def code_of(value):
    """Return a function's or class's instructions, to compare them; None for other values."""
    if isinstance(value, type):
        inside = {key: code_of(part) for key, part in vars(value).items()}
        return {key: code for key, code in inside.items() if code} or None
    if isinstance(value, types.FunctionType):
        return code_of(value.__code__)
    if isinstance(value, types.CodeType):
        return [
            (step.opname, code_of(step.argval) if hasattr(step.argval, "co_code") else step.argval)
            for step in dis.get_instructions(value)
        ]
    return None


def unread_arguments(function):
    """Return the names of the arguments that a function's code never reads."""
    if not isinstance(function, types.FunctionType):
        return []
    code, read = function.__code__, set(function.__code__.co_cellvars)
    for step in dis.get_instructions(code):
        if "LOAD_FAST" in step.opname:  # the names of two variables from Python 3.13 on
            read.update(step.argval if isinstance(step.argval, tuple) else (step.argval,))
    return [name for name in code.co_varnames[: code.co_argcount] if name not in read]


def global_data(function):
    """Return the names of the notebook's data (numbers, arrays, models) that a function reads."""
    if not isinstance(function, types.FunctionType):
        return []
    values = {name: function.__globals__.get(name) for name in global_names(function.__code__)}
    return [name for name, value in values.items() if number(value) is not None or parts(value)]


def global_names(code):
    """Return the global names in a function's code, inner functions included."""
    inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
    return [*code.co_names, *(name for part in inner for name in global_names(part))]
