"""What the learner reads: one answer, as plain text and as HTML that needs no colour."""

import html
import re
from dataclasses import dataclass

# state: mark, word, colour, JupyterLab's variable for it (so that a dark theme is followed)
STATES = {
    "right": ("✓", "Right", "#2e7d32", "success-color1"),
    "wrong": ("✗", "Not yet", "#c62828", "error-color1"),
    "not started": ("○", "Not started yet", "#616161", "ui-font-color2"),
    "time": ("✗", "Stopped", "#c62828", "error-color1"),
    "hint": ("?", "Hint", "#1565c0", "info-color1"),
    "solution": ("=", "Solution", "#1565c0", "info-color1"),
    "unknown": ("!", "No such exercise", "#b25e00", "warn-color1"),
}


def coloured(property, state):
    """Return CSS that gives a property, whose last word is its colour, the colour of a state.

    Twice: of a saved notebook that isn't trusted, JupyterLab keeps the plain colour only.
    """
    _, _, colour, variable = STATES[state]
    return f"{property} {colour}; {property} var(--jp-{variable}, {colour})"


@dataclass(frozen=True, repr=False)
class Feedback:
    """What a check, a hint or a solution answers.

    Attributes
    ----------
    exercise : str
        The exercise's id.
    state : str
        "right", "wrong", "not started", "time", "hint", "solution" or "unknown".
    message : str
        What there is to say, in one or a few sentences; code between backticks.
    details : tuple of str
        An example, the line that raised, what was printed: shown as preformatted text.
    """

    exercise: str
    state: str
    message: str
    details: tuple = ()

    @property
    def right(self):
        """Whether the answer is right."""
        return self.state == "right"

    def __repr__(self):
        mark, word, *_ = STATES[self.state]
        return "\n".join([f"{mark} {word} · {self.exercise}", self.message, *self.details])

    def _repr_html_(self):
        mark, word, *_ = STATES[self.state]
        colour = coloured("color:", self.state)
        sign = f'<span aria-hidden="true" style="{colour}; font-weight: bold">{mark}</span>'
        details = "".join(f'<pre style="{PRE}">{html.escape(text)}</pre>' for text in self.details)
        return (
            f'<div role="status" aria-label="{word}: exercise {html.escape(self.exercise)}" '
            f'style="{coloured("border-left: 5px solid", self.state)}; '
            'padding: 0.3em 0.9em; max-width: 52em">'
            f"<div>{sign} <strong>{word}</strong> · {html.escape(self.exercise)}</div>"
            f'<div style="margin-top: 0.3em">{inline(self.message)}</div>{details}</div>'
        )


PRE = "margin: 0.4em 0 0 0; padding: 0; background: transparent; white-space: pre-wrap"


def inline(text):
    """Return text as HTML: `code` between backticks, *stress* between stars, paragraphs.

    >>> inline("a < `b * c * d`, *not* 2 * 3 * 4")
    'a &lt; <code>b * c * d</code>, <em>not</em> 2 * 3 * 4'
    """
    pieces = re.split(r"`([^`]+)`", html.escape(text, quote=False))  # every second one is code
    pieces[::2] = [STRESSED.sub(r"<em>\1</em>", piece) for piece in pieces[::2]]
    pieces[1::2] = [f"<code>{piece}</code>" for piece in pieces[1::2]]
    return "".join(pieces).replace("\n\n", "<br><br>")


STRESSED = re.compile(r"(?<![\w*])\*(?![\s*])([^*]*[^\s*])\*(?![\w*])")
