"""A picture in words: each function leaves a sentence on its axes, and `show` prints it."""

import base64
import io
import textwrap

from course.plots.style import pyplot


def show(*axes):
    """Show the picture that the axes belong to, and print what is seen below it.

    The sentences are also the picture's alternative text where a notebook is made a web page.
    """
    from IPython.display import display
    from PIL import Image

    figure = axes[0].figure
    sentence = "\n".join(describe(ax) for ax in axes)
    pyplot().close(figure)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=100, bbox_inches="tight", facecolor="white")
    png = small_png(Image.open(buffer), optimize=True)
    picture = {"image/png": base64.b64encode(png).decode(), "text/plain": sentence}
    display(picture, raw=True, metadata={"image/png": {"alt": sentence}})
    for line in sentence.splitlines():
        print(textwrap.fill(line, 72, break_on_hyphens=False))


def describe(ax):
    """What is seen in a picture, in words: the sentence that its function left on the axes."""
    try:
        return ax.description
    except AttributeError:
        raise ValueError(
            f"these axes, titled {ax.get_title()!r}, have no description. Draw them with a "
            "function of course.plots, or say it yourself: ax.description = '...'."
        ) from None


def number(value):
    """Write a number for a sentence: three digits, thousands with commas.

    >>> number(86_123.4), number(0.00123456)
    ('86,100', '0.00123')
    """
    value = float(f"{value:.3g}") + 0.0
    return f"{value:,.0f}" if 1000 <= abs(value) < 1e7 else f"{value:.3g}"


def begin(sentence):
    """Write a sentence's first letter large; the capitals of its names stay as they are.

    >>> begin("wrong side against XOR")
    'Wrong side against XOR'
    """
    return sentence[:1].upper() + sentence[1:]


def say(ax, sentence):
    """Leave a sentence on axes; the axes."""
    ax.description = sentence
    return ax


def small_png(picture, **options):
    """A PNG with 256 colours that miss none: a third of the bytes of a full-colour one."""
    from PIL import Image

    few = picture.convert("RGB").quantize(256, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    buffer = io.BytesIO()
    few.save(buffer, "PNG", **options)
    return buffer.getvalue()
