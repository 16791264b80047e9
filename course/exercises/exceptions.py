"""What an exception usually means, for people who meet it for the first time."""

import re

MEANINGS = [
    (
        NameError,
        "",
        "A name that isn't defined here: check its spelling, and that it is an argument or was "
        "made in a line above.",
    ),
    (TypeError, "ellipsis|Ellipsis", "There is still a `...` where a value is needed."),
    (TypeError, "NoneType", "Something here is `None`: a function without `return`, perhaps."),
    (
        TypeError,
        "positional argument|required positional|unexpected keyword",
        "A function was called with other arguments than it takes.",
    ),
    (
        TypeError,
        "not callable",
        "Something that isn't a function is called with `( )`; a missing `*`, perhaps.",
    ),
    (TypeError, "not subscriptable", "Something that has no elements is indexed with `[ ]`."),
    (TypeError, "not iterable|unpack", "A single value stands where several are expected."),
    (
        TypeError,
        "unsupported operand|can't multiply",
        "Two things are combined that don't go together; a list is no array: `np.array(...)` "
        "makes one.",
    ),
    (AttributeError, "NoneType", "Something here is `None`: a function without `return`, perhaps."),
    (
        AttributeError,
        "",
        "The value has no attribute of that name: check the spelling, and what the value is.",
    ),
    (
        ValueError,
        "broadcast|shapes|mismatch|aligned",
        "The lengths don't fit: perhaps a variable of the notebook was used instead of an "
        "argument.",
    ),
    (ValueError, "ambiguous", "An array stands where one `True` or `False` is needed."),
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
    (
        NotImplementedError,
        "",
        "The place to fill in still raises this error: put your answer there.",
    ),
    (SystemExit, "", "`exit()` would end the notebook's kernel; leave it out."),
]


def meaning(error):
    """Return what an exception usually means, or nothing for an unusual one."""
    for type_, pattern, text in MEANINGS:
        if isinstance(error, type_) and re.search(pattern, str(error)):
            return text
    return ""
