"""The four things a learner calls: check, hint, solution, progress."""

import difflib
import re

from IPython import get_ipython

from course.exercises import diagnoses
from course.exercises.diagnoses import not_started
from course.exercises.feedback import Feedback
from course.exercises.lessons import exercises
from course.exercises.record import Progress
from course.exercises.trial import Attempt, learners_line, trial_of
from course.exercises.values import show

given_hints = {}  # how many hints of an exercise were given, in this kernel
unreadable = {}  # name -> what Python said of the last cell that was to bind it
BINDS = re.compile(r"^(?:def|class)\s+(\w+)|^(\w+)\s*=(?!=)", re.M)


def check(exercise, answer=None, *, mark=True):
    """Say whether an answer is right, or what is wrong with it. Never raises.

    Parameters
    ----------
    exercise : str
        The exercise's id: "01-mse".
    answer : object
        What was asked for: a function, a number, a model. It is run on inputs it has not seen.
    mark : bool
        Whether a right answer counts in `progress()`; the notebook's own solutions don't.

    Returns
    -------
    Feedback

    Notes
    -----
    An answer that runs for more than a few seconds is ended. A loop that catches every exception
    and a call into compiled code that never comes back can't be: press the stop button.
    """
    found = find(exercise)
    if found is None:
        return unknown(exercise)
    if found.name in unreadable and answer is get_ipython().user_ns.get(found.name):
        return Feedback(exercise, "wrong", unreadable[found.name])
    if untouched(found, answer):
        return Feedback(
            exercise,
            "not started",
            f"Fill in `{found.name}` in the cell above, run that cell, then this one again.",
        )
    feedback = guarded(found, answer)
    if feedback.right and not mark:
        return Feedback(exercise, "right", f"The solution, `{found.solution_name}`, is right.")
    if feedback.right:
        Progress.here().add(exercise)
    return feedback


def note_cell(result):
    """Remember of a cell whether Python could read it: if not, the answer is an old one."""
    error, source = result.error_before_exec, result.info.raw_cell or ""
    for name in {first or second for first, second in BINDS.findall(source)}:
        unreadable.pop(name, None)
        if isinstance(error, SyntaxError):
            # Python 3.13 has a class of its own, `_IncompleteInputError`, for an open bracket.
            kind = (
                type(error).__name__ if not type(error).__name__.startswith("_") else "SyntaxError"
            )
            unreadable[name] = (
                f"The cell above didn't run: Python can't read its line {error.lineno} "
                f"(`{kind}: {error.msg}`), so that `{name}` is still what it was "
                "before. Mend the line, run that cell, then this one again."
            )


if get_ipython() is not None:
    get_ipython().events.register("post_run_cell", note_cell)


def find(id):
    """Return the exercise of that id, or None."""
    return exercises().get(id) if isinstance(id, str) else None


def untouched(exercise, answer):
    """Whether an answer is still the skeleton, as far as it can be looked at."""
    try:
        return not_started(exercise, answer)
    except KeyboardInterrupt:
        raise
    except BaseException:
        return False


def guarded(exercise, answer):
    """Judge an answer; one that can't be looked at (made of itself, endlessly deep) is wrong."""
    try:
        return judge(exercise, answer)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Feedback(
            exercise.id,
            "wrong",
            f"What came can't be looked at: `{type(error).__name__}`. Is it made of itself, or of "
            "lists in lists in lists without end?",
        )


def judge(exercise, answer):
    """Return the feedback on an answer that has been started."""
    early = Attempt(exercise, answer, None)
    for diagnosis in diagnoses.BEFORE_RUNNING:
        if message := diagnosis(early):
            return Feedback(exercise.id, "wrong", message)
    tried = Attempt(exercise, answer, trial_of(exercise, answer))
    if tried.right:
        return Feedback(exercise.id, "right", exercise.shown, printed(tried))
    for diagnosis in diagnoses.AFTER_RUNNING:
        if message := diagnosis(tried):
            state = "time" if diagnosis is diagnoses.endless else "wrong"
            return Feedback(
                exercise.id, state, message, details(tried, getattr(message, "case", None))
            )
    raise AssertionError("the last diagnosis always says something")


def details(tried, index=None):
    """Return what makes a message concrete: the line that raised, or one call and its result."""
    if tried.trial.error is not None:
        line = learners_line(tried.trial.error)
        return ((f"line {line[0]}:  {line[1]}",) if line else ()) + printed(tried)
    return example(tried, index) + printed(tried)


def example(tried, index=None):
    """Return a call whose result is wrong, with the right result, as one text.

    The call that the message is about, or else the smallest.
    """
    found = tried.example
    if found is None or tried.exercise.right:
        return ()
    if index is not None:
        found = tried.exercise.cases[index], *tried.pairs[index]
    case, *both = found
    call = f"{tried.name}({', '.join(map(show, case))})"
    came, wanted = (show(value) for value in both)
    if came == wanted:
        came, wanted = (show(value, 12) for value in both)
    if tried.exercise.use:
        return (
            f"used with {', '.join(map(show, case))}\n  gives     {came}\n  should be {wanted}",
        )
    return (f"{call}\n  gives     {came}\n  should be {wanted}",)


def printed(tried):
    """Return what the answer printed while it was checked."""
    text = tried.trial.printed.strip()
    lines = text.splitlines()
    more = ["..."] if len(lines) > 8 or len(text) >= 1900 else []
    return ("\n".join(["it printed:", *lines[:8], *more]),) if text else ()


def hint(exercise):
    """Give the next hint of an exercise; after the last one, say where the solution is."""
    found = find(exercise)
    if found is None:
        return unknown(exercise)
    count = len(found.hints)
    given = given_hints.get(exercise, 0)
    if given >= count:
        given_hints[exercise] = 0
        return Feedback(
            exercise,
            "hint",
            f'Those were all {count} hints. `solution("{exercise}")` shows the solution; '
            "another call of `hint` starts again.",
        )
    given_hints[exercise] = given + 1
    return Feedback(exercise, "hint", f"{given + 1} of {count}: {found.hints[given]}")


def solution(exercise):
    """Show the solution of an exercise."""
    found = find(exercise)
    if found is None:
        return unknown(exercise)
    return Feedback(exercise, "solution", found.title, (found.solution,))


def progress(restore=None):
    """Show, lesson by lesson, which exercises are done.

    What is done is kept in `downhill_progress.json` beside the notebook. Where that folder is
    forgotten (Binder), download the file with the link shown, and next time upload it into the
    notebook's folder, or restore it from wherever it is.

    Parameters
    ----------
    restore : str or path, optional
        A downloaded file, or the text that stands in it. What is done there is added.
    """
    here = Progress.here()
    if restore is not None:
        here.restore(restore)
    return here


def unknown(exercise):
    """Say which exercises there are that are called nearly like this."""
    known = list(exercises())
    text = exercise if isinstance(exercise, str) else repr(exercise)
    near = difflib.get_close_matches(text, known, 3, 0.5)
    near += [id for id in known if id[3:] == text and id not in near]
    names = ", ".join(f'"{id}"' for id in near or known)
    return Feedback(text[:60], "unknown", f"{'Did you mean' if near else 'There are'} {names}?")
