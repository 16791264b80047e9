"""All exercises of the course, found in the files lesson_00.py, lesson_01.py, ..."""

import importlib
import pkgutil
from functools import cache

import course.exercises


@cache
def lessons():
    """Return the lessons that have exercises, in order."""
    names = sorted(module.name for module in pkgutil.iter_modules(course.exercises.__path__))
    return [
        importlib.import_module(f"course.exercises.{name}").lesson
        for name in names
        if name.startswith("lesson_")
    ]


def exercises():
    """Return all exercises by their id, in order."""
    return {exercise.id: exercise for lesson in lessons() for exercise in lesson.exercises}
