"""What the code of an answer tells, without running it."""

import dis
import types

from course.exercises.values import number, parts


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
