"""What an array's shape tells about how it was made."""

import numpy as np


def shape_message(came, meant):
    """Say what probably happened when an array of shape `came` stands for one of shape `meant`."""
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
        f"An array of shape {meant} is asked for; what came is {what}: summed over the wrong axis, "
        "or a step missing?"
    )
