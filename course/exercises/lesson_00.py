"""Exercises of lesson 00: the first one, which can't fail."""

from course.exercises.exercise import Lesson

lesson = Lesson("00", "Start here")

lesson.exercise(
    "first",
    title="Your first check",
    question="""
        Put anything you like in place of the three dots: a number, or your name between quotes.
        Run the cell, then the one below it, which checks it.
    """,
    skeleton="my_answer = ...",
    solution="my_answer = 42",
    shown="That is all there is to it: replace the dots, run the cell, run the check.",
    hints=(
        "`...` is Python's way to say that something belongs here.",
        "`my_answer = 42` will do; so will any other value. Shift+Enter runs a cell.",
    ),
    right=lambda answer: True,
)
