"""All exercises of the course, found in the folders lessons/00, lessons/01, ..."""

from functools import cache
from pathlib import Path

from course.exercises.markdown import read_lesson

FOLDER = Path(__file__).parent / "lessons"


@cache
def lessons():
    """Return the lessons that have exercises, in order."""
    return [read_lesson(path.parent) for path in sorted(FOLDER.glob("*/lesson.md"))]


@cache
def exercises():
    """Return all exercises by their id, in order."""
    return {exercise.id: exercise for lesson in lessons() for exercise in lesson.exercises}
