"""The four things a learner calls: check, hint, solution, progress."""

import difflib

from course.exercises import diagnoses
from course.exercises.diagnoses import not_started
from course.exercises.feedback import Feedback
from course.exercises.lessons import exercises
from course.exercises.record import Progress
from course.exercises.trial import Attempt, learners_line, trial_of
from course.exercises.values import same, show

given_hints = {}  # how many hints of an exercise were given, in this kernel


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
    if not_started(found, answer):
        return Feedback(
            exercise,
            "not started",
            f"Fill in `{found.name}` in the cell above, run that cell, then this one again.",
        )
    feedback = judge(found, answer)
    if feedback.right and not mark:
        return Feedback(exercise, "right", f"The solution, `{found.solution_name}`, is right.")
    if feedback.right:
        Progress.here().add(exercise)
    return feedback


def find(id):
    """Return the exercise of that id, or None."""
    return exercises().get(id) if isinstance(id, str) else None


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
            return Feedback(exercise.id, state, message, details(tried))
    raise AssertionError("the last diagnosis always says something")


def details(tried):
    """Return what makes a message concrete: the line that raised, or one call and its result."""
    if tried.trial.error is not None:
        line = learners_line(tried.trial.error)
        return ((f"line {line[0]}:  {line[1]}",) if line else ()) + printed(tried)
    return example(tried) + printed(tried)


def example(tried):
    """Return the first call whose result is wrong, with the right result, as one text."""
    if tried.exercise.use or tried.exercise.inputs is None:
        return ()
    for case, (result, truth) in zip(tried.exercise.cases, tried.pairs, strict=False):
        if not same(result, truth):
            call = f"{tried.name}({', '.join(map(show, case))})"
            return (f"{call}\n  gives     {show(result)}\n  should be {show(truth)}",)
    return ()


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
            f'That were all {count} hints. `solution("{exercise}")` shows the solution; '
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
