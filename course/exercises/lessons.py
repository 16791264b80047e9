"""All exercises of the course, read from their files: lessons/01/mse.md and the others.

An exercise as it is written: a Markdown file, a little code between the words.

    # The title

    The question, and the cell that the learner gets. Without a section "Solution" it is the
    solution, and the learner gets its head, its docstring and `...`.

    > What a right answer has shown.

    ## Solution     the cell that is right, where the learner's cell holds more than `...`
    ## Tried on     a list of arguments for the calls, made with `rng`; or `inputs`, `use`, `right`
    ## Hints        1. The first hint.
    ## Mistakes     - `a wrong answer`: what to say to whoever wrote it.

What is wrong in a file is a `ValueError` that names the file and the line.
"""

import ast
import re
import textwrap
import traceback
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from course.exercises.exercise import Exercise, Lesson, Mistake

SECTIONS = ("Solution", "Tried on", "Hints", "Mistakes")
CODE = r"(^| or | for | and | when )`([^`]+)`"
MISTAKE = re.compile(rf"((?:{CODE})+):? +(.+)", re.S)


@dataclass(frozen=True)
class Piece:
    """Some lines of a file, and where they stand: the first one's number."""

    path: str
    line: int
    text: str

    def error(self, what, line=0):
        """Return the error that names this place."""
        return ValueError(f"{self.path}, line {line or self.line}: {what}")

    def part(self, start, end):
        """Return the piece between two places of the text."""
        return Piece(self.path, self.line + self.text.count("\n", 0, start), self.text[start:end])

    @property
    def one_line(self):
        """The text with single spaces for all white space."""
        return " ".join(self.text.split())

    @property
    def blocks(self):
        """The Python blocks, as pieces of their own."""
        found = [
            (match, self.part(match.start(2), match.end(2)))
            for match in re.finditer(r"^( *)```python\n(.*?)^ *```$", self.text, re.S | re.M)
        ]
        return [Piece(b.path, b.line, textwrap.dedent(b.text).strip()) for _, b in found]

    def tree(self, mode="exec"):
        """Return the syntax tree of the code, at the file's own line numbers."""
        text = self.text.strip()
        try:
            return ast.increment_lineno(ast.parse(text, self.path, mode), self.line - 1)
        except SyntaxError as error:
            raise self.error(f"{error.msg}: {text.splitlines()[(error.lineno or 1) - 1]}") from None

    def run(self, tree, names):
        """Run a syntax tree in a namespace, or return its value if it is an expression."""
        code = compile(ast.fix_missing_locations(tree), self.path, "eval" if _one(tree) else "exec")
        try:
            return eval(code, names)
        except Exception as error:
            raise self.raised(error) from error

    def raised(self, error):
        """Return the error that names the line of this file at which another one was raised."""
        frames = traceback.extract_tb(error.__traceback__)
        lines = [frame.lineno for frame in frames if frame.filename == self.path]
        return self.error(f"{type(error).__name__}: {error}", lines[-1] if lines else 0)


def _one(tree):
    return isinstance(tree, ast.Expression)


def read_lesson(folder):
    """Return the lesson in a folder: `lesson.md`, and a file for each exercise.

    `lesson.md` has the lesson's title, the code that the notebook has run before its exercises, and
    a numbered list of the exercises in their order; those it doesn't list come last.
    """
    path = folder / "lesson.md"
    text = Piece(str(path), 1, path.read_text(encoding="utf-8"))
    title = re.match(r"# +(.+)\n", text.text)
    if not title:
        raise text.error("the first line is the lesson's title, `# Gradient descent`")
    end = (text.text + "\n## ").index("\n## ")
    own, shared = text.part(0, end), text.part(end, len(text.text)).blocks
    setup = "\n".join(block.text for block in own.blocks)
    listed = [item.one_line for item in items(own, r"\d+\. ")]
    there = sorted(file.stem for file in folder.glob("*.md") if file != path)
    if missing := [id for id in listed if id not in there]:
        raise text.error(f"there is no file {missing[0]}.md in {folder.name}/")
    order = listed + [id for id in there if id not in listed]
    exercises = [
        read_exercise(folder / f"{id}.md", f"{folder.name}-{id}", setup, shared) for id in order
    ]
    return Lesson(folder.name, title[1].strip(), setup, exercises)


def read_exercise(path, id, setup, shared=()):
    """Return the exercise in a Markdown file.

    `setup` is what the lesson has run before it, `shared` what the lesson's checks have in common.
    """
    head, parts = sections(Piece(str(path), 1, path.read_text(encoding="utf-8")))
    title, question, shown = read_head(head)
    first = head.blocks[-1]
    solution = one_block(parts["Solution"], "the solution")[0] if "Solution" in parts else None
    skeleton, solution = (first.text, solution) if solution else (blank(first), bare(first))
    blocks = [*shared, *(parts["Tried on"].blocks if "Tried on" in parts else ())]
    names = checks(blocks, setup)
    new = Exercise(
        id=id,
        title=title,
        question=question,
        skeleton=skeleton,
        solution=solution.text,
        shown=shown,
        hints=tuple(item.one_line for item in items(parts["Hints"], r"\d+\. ")),
        setup=setup,
        **{key: names[key] for key in ("inputs", "use", "right", "seconds") if key in names},
    )
    try:
        if not all(isinstance(case, tuple) for case in new.cases):
            raise TypeError("the arguments of each call are a tuple: `(x, y)`, `(x,)`")
    except Exception as error:
        raise parts.get("Tried on", head).raised(error) from error
    found = items(parts["Mistakes"], "- ") if "Mistakes" in parts else []
    mistakes = [one for item in found for one in read_mistakes(item, new, solution, names)]
    object.__setattr__(new, "mistakes", tuple(mistakes))
    return new


def sections(file):
    """Return the piece before the first `## `, and the pieces after each by their headings."""
    code = [match.span() for match in re.finditer(r"^ *```.*?^ *```$", file.text, re.S | re.M)]
    starts = [
        match
        for match in re.finditer(r"^## +(.*?) *$", file.text, re.M)
        if not any(a < match.start() < b for a, b in code)
    ]
    ends = [match.start() for match in starts[1:]] + [len(file.text)]
    parts = {}
    for match, end in zip(starts, ends, strict=True):
        piece = file.part(match.end() + 1, end)
        if match[1] not in SECTIONS:
            raise file.part(match.start(), end).error(
                f"there is no section “{match[1]}”; there are {', '.join(SECTIONS)}"
            )
        parts[match[1]] = piece
    if "Hints" not in parts:
        raise file.error("the section “## Hints” is missing, a numbered list")
    return file.part(0, starts[0].start()), parts


def read_head(head):
    """Return title, question and what a right answer has shown."""
    title = re.match(r"# +(.+)\n", head.text)
    shown = re.search(r"^> .*(?:\n>.*)*", head.text, re.M)
    if not title:
        raise head.error("the first line is the title, `# The mean squared error`")
    if not shown:
        raise head.error("what a right answer has shown is missing: a line that begins with `> `")
    if not head.blocks:
        raise head.error("the learner's cell is missing, between ```python and ```")
    question = head.text[title.end() : head.text.rfind("```python")].strip()
    return title[1].strip(), question, " ".join(re.sub(r"^>", "", shown[0], flags=re.M).split())


def one_block(piece, what):
    """Return the only Python block of a piece, in a list."""
    if len(piece.blocks) != 1:
        raise piece.error(f"one Python block is expected here, {what}; found {len(piece.blocks)}")
    return piece.blocks


def blank(solution):
    """Return the solution with `...` in the place of all but its head and docstring."""
    function = _function(solution)
    lines = solution.text.splitlines()[: function.body[0].end_lineno - solution.line + 1]
    return "\n".join([*lines, " " * function.body[0].col_offset + "..."])


def bare(solution):
    """Return the solution without its docstring."""
    doc = _function(solution).body[0]
    lines = solution.text.splitlines()
    del lines[doc.lineno - solution.line : doc.end_lineno - solution.line + 1]
    return Piece(solution.path, solution.line, "\n".join(lines))


def _function(solution):
    last = solution.tree().body[-1]
    if not isinstance(last, ast.FunctionDef) or ast.get_docstring(last) is None:
        raise solution.error(
            "a cell that is no function with a docstring is the learner's; put the right one under "
            "“## Solution”"
        )
    return last


def items(piece, mark):
    """Return the items of a list whose marks match the pattern `mark`."""
    marks = [match.span() for match in re.finditer(rf"^{mark}", piece.text, re.M)]
    ends = [start for start, _ in marks[1:]] + [len(piece.text)]
    return [piece.part(start, end) for (_, start), end in zip(marks, ends, strict=False)]


def checks(blocks, setup):
    """Return the names that the check uses, the lesson's own among them; `np` is plain numpy."""
    names = {"__name__": "exercise"}
    exec(setup, names)
    names["np"] = np
    for block in blocks:
        tree = block.tree()
        if len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            made = Piece(block.path, block.line - 1, f"lambda rng: (\n{block.text}\n)")
            names["inputs"] = made.run(made.tree("eval"), names)
        else:
            block.run(tree, names)
    return names


def read_mistakes(item, exercise, solution, names):
    """Return the mistakes of one item: the code or codes, and then what to say."""
    if item.text.startswith("```python\n"):
        (code,) = one_block(item, "the wrong answer")
        message = " ".join(item.text.rpartition("```")[2].split())
        return [Mistake(answer(code, exercise, names), message)]
    match = MISTAKE.fullmatch(item.one_line)
    if not match:
        raise item.error("a mistake is written “- `wrong answer`: what to say”")
    *_, message = match.groups()
    wrong, when, swaps = [], None, {}
    for word, text in reversed(re.findall(CODE, match[1])):
        code = Piece(item.path, item.line, text)
        if word == " when ":
            test = Piece(item.path, item.line, f"lambda result: {text}")
            when = test.run(test.tree("eval"), names)
        elif word == " for ":
            old = text
            if old not in solution.text:
                raise item.error(f"`{old}` does not stand in the solution")
            swaps[old] = None
        elif None in swaps.values():
            swaps[old] = text
            if word != " and ":
                wrong.append(swapped(solution, swaps))
                swaps = {}
        else:
            wrong.append(code)
    return [Mistake(answer(code, exercise, names), message, when) for code in reversed(wrong)]


def swapped(solution, swaps):
    """Return the solution with one text for another, all at once."""
    pattern = "|".join(map(re.escape, sorted(swaps, key=len, reverse=True)))
    new = re.sub(pattern, lambda match: swaps[match[0]], solution.text)
    return Piece(solution.path, solution.line, new)


def answer(code, exercise, names):
    """Return the answer that some code stands for.

    An expression is what the asked function returns, or the asked value itself; statements are the
    function's body, or a cell in which the asked name is bound.
    """
    tree, name = code.tree(), exercise.name
    bound = {getattr(node, "name", None) for node in tree.body} | {
        getattr(target, "id", None) for node in tree.body for target in getattr(node, "targets", ())
    }
    if name in bound:
        inside = dict(names)
        code.run(tree, inside)
        return inside[name]
    function = ast.parse(exercise.solution).body[-1]
    one = len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr)
    if not isinstance(function, ast.FunctionDef):
        return code.run(code.tree("eval"), names)
    function.body = [ast.Return(tree.body[0].value)] if one else tree.body
    inside = dict(names)
    code.run(ast.Module([function], []), inside)
    return inside[name]


FOLDER = Path(__file__).parent / "lessons"


@cache
def lessons():
    """Return the lessons that have exercises, in order."""
    return [read_lesson(path.parent) for path in sorted(FOLDER.glob("*/lesson.md"))]


@cache
def exercises():
    """Return all exercises by their id, in order."""
    return {exercise.id: exercise for lesson in lessons() for exercise in lesson.exercises}
