"""Exercises that say what you got wrong.

`check("01-mse", my_mse)` runs an answer on inputs it has not seen and says whether it is right, or
which mistake it makes. `hint("01-mse")` gives one hint after the other, `solution("01-mse")` the
solution, `progress()` what is done so far.

An exercise is a Markdown file, `lessons/01/mse.md`; `python -m course.exercises` puts them into the
lesson's notebook, and makes versions of it for teachers.

An answer that runs too long is ended after a few seconds. Two things can't be: a loop that catches
every exception (`except:` alone), and one call into compiled code that never comes back. The stop
button of JupyterLab ends those, or else Kernel, Restart.
"""

from course.exercises.checking import check, hint, progress, solution

__all__ = ["check", "hint", "progress", "solution"]
