"""Lesson 00: whatever one writes is right."""

WRONG = {}
RIGHT = {"00-first": ["42", "'Anna'", "[1, 2]", "np.zeros(3)", "True", "{'a': 1}"]}
