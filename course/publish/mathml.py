"""Formulas as MathML, made when a page is built: browsers draw it themselves, with no script."""

import re

from docutils.nodes import SkipNode
from latex2mathml.converter import convert

__all__ = ["Formulas", "mathml", "setup"]

FORMULA = re.compile(r"\$\$(.+?)\$\$|(?<![\\$\w])\$(?!\s)([^$\n]+?)(?<![\s\\])\$(?![\w$])", re.S)
CODE = re.compile(r"(```.*?```|`[^`\n]*`)", re.S)
MARK = re.compile(r"formula(\d+)here")


def mathml(latex, display="inline"):
    """Return a formula as MathML."""
    return convert(latex.strip(), display=display)


class Formulas:
    """Formulas of Markdown text, taken out before it becomes HTML and put back as MathML."""

    def __init__(self):
        self.made = []

    def take_out(self, text):
        """Return Markdown with a mark in place of each formula; code is left alone."""
        parts = CODE.split(text)
        parts[::2] = [FORMULA.sub(self._mark, part) for part in parts[::2]]
        return "".join(parts)

    def put_back(self, page):
        """Return HTML with the formulas in place of their marks."""
        return MARK.sub(lambda match: self.made[int(match[1])], page)

    def _mark(self, match):
        block, inline = match.groups()
        self.made.append(mathml(block, "block") if block else mathml(inline))
        return f"formula{len(self.made) - 1}here"


def _visit_inline(self, node):
    self.body.append(mathml(node.astext()))
    raise SkipNode


def _visit_block(self, node):
    self.body.append(f'<div class="math">{mathml(node.astext(), "block")}</div>')
    raise SkipNode


def setup(app):
    """Register as Sphinx's renderer `mathml`."""
    app.add_html_math_renderer("mathml", (_visit_inline, None), (_visit_block, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
