import base64
import io
import subprocess
import sys
from types import SimpleNamespace

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from course import plots
from course.models import Line

matplotlib.use("Agg")
X = np.arange(1.0, 101.0)
Y = 2 * X + 10
OPTIMIZERS = ["Descent", "Momentum", "Nesterov", "AdaGrad", "RMSProp", "Adam", "AdamW"]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def bowl(m, b):
    return (m - 1) ** 2 + 10 * (b - 2) ** 2 + 1


GRID = np.linspace(-3, 5, 41)

PICTURES = {
    "fit": lambda **kw: plots.fit(X, Y, {"start": Line(0.5, 0.5), "model": Line(2.0, 9.0)}, **kw),
    "residuals": lambda **kw: plots.residuals(X, Y, Line(2.0, 9.0), **kw),
    "costs": lambda **kw: plots.costs({"slow": [9, 8, 7], "fast": [9, 3, 1]}, best=0.5, **kw),
    "history": lambda **kw: plots.history(trained(), **kw),
    "surface": lambda **kw: plots.surface(bowl, GRID, GRID, **kw),
    "paths": lambda **kw: plots.paths(bowl, GRID, GRID, [(0, 0), (1, 1)], best=(1, 2), **kw),
}


def trained(validation=(3.0, 2.0, 2.5)):
    return SimpleNamespace(epochs=[4.0, 2.0, 1.0], validation=list(validation))


# what all pictures have in common


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_every_picture_has_title_labels_and_words(picture):
    ax = picture()
    assert ax.get_title()
    assert ax.get_xlabel()
    assert ax.get_ylabel()
    assert plots.describe(ax).endswith(".")


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_every_picture_takes_axes_and_gives_them_back(picture):
    projection = "3d" if picture is PICTURES["surface"] else None
    ax = plt.figure().add_subplot(projection=projection)
    assert picture(ax=ax, title="The one message") is ax
    assert ax.get_title() == "The one message"
    assert len(plt.get_fignums()) == 1


@pytest.mark.parametrize("name", ["fit", "costs", "history", "paths"])
def test_legends_stand_beside_the_axes(name):
    ax = PICTURES[name]()
    ax.figure.canvas.draw()
    legend = ax.get_legend().get_window_extent()
    assert legend.x0 >= ax.get_window_extent().x1


@pytest.mark.parametrize("picture", PICTURES.values(), ids=PICTURES)
def test_nothing_is_cut_off(picture):
    ax = picture()
    figure = ax.figure
    figure.canvas.draw()
    inside = figure.get_tightbbox()
    assert inside.x0 >= 0
    assert inside.y0 >= 0
    assert inside.x1 <= figure.get_size_inches()[0]
    assert inside.y1 <= figure.get_size_inches()[1]


# colours


def test_styles_differ_by_colour_and_by_line_or_marker():
    for names in (OPTIMIZERS, ["model", "best", "start"], ["training", "validation"]):
        styles = [plots.STYLES[name] for name in names]
        assert len({style["color"] for style in styles}) == len(names)
        other = [(str(style["linestyle"]), style.get("marker")) for style in styles]
        assert len(set(other)) == len(names)


def test_a_name_with_a_meaning_keeps_its_colour():
    ax = plots.costs({"a run": [3, 2], "Adam": [3, 1], "Momentum": [3, 2.5]})
    colours = {line.get_label(): line.get_color() for line in ax.lines}
    assert colours["Adam"] == plots.COLORS["Adam"]
    assert colours["Momentum"] == plots.COLORS["Momentum"]


def test_one_alone_has_the_colour_of_what_it_is():
    assert plots.fit(X, Y, Line(2.0, 9.0)).lines[1].get_color() == plots.COLORS["model"]
    assert plots.costs([3, 2, 1]).lines[0].get_color() == plots.COLORS["training"]
    assert plots.paths(bowl, GRID, GRID, [(0, 0)]).lines[0].get_color() == plots.COLORS["path"]


# what each draws and says


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0, "0"),
        (-0.0, "0"),
        (3.14159, "3.14"),
        (85_613.2, "85,600"),
        (999.9, "1,000"),
        (1.97e83, "1.97e+83"),
        (1e-7, "1e-07"),
        (-2345, "-2,340"),
    ],
)
def test_numbers_are_said_with_three_digits(value, said):
    assert plots.number(value) == said


def test_axes_without_words_say_how_to_give_them_some():
    with pytest.raises(ValueError, match=r"titled 'mine', have no description.*ax\.description"):
        plots.describe(plt.subplots()[1].set(title="mine")[0].axes)


# showing


def test_show_prints_the_words_and_gives_them_as_alternative_text(monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: shown.append((data, kw)))
    left, right = plt.subplots(1, 2)[1]
    plots.show(plots.fit(X, Y, ax=left), plots.costs([3, 2, 1], ax=right))
    words = "100 points, y from 12 to 210.\ncost: from 3 to 1 in 3 steps."
    ((data, options),) = shown
    assert data["text/plain"] == words
    assert data["image/png"].startswith("iVBOR")
    assert options["metadata"]["image/png"]["alt"] == words
    assert capsys.readouterr().out == words + "\n"
    assert plt.get_fignums() == []  # so that the notebook doesn't show it again


def test_a_shown_picture_has_few_colours_and_keeps_those_that_mean_something(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: shown.append(data))
    plots.show(plots.fit(X, Y, {"model": Line(2.0, 9.0)}))
    picture = Image.open(io.BytesIO(base64.b64decode(shown[0]["image/png"])))
    colors = {color for _, color in picture.convert("RGB").getcolors(256)}
    assert tuple(round(255 * c) for c in to_rgb(plots.COLORS["model"])) in colors
    assert (255, 255, 255) in colors


def test_long_sentences_break_at_words(monkeypatch, capsys):
    monkeypatch.setattr("IPython.display.display", lambda data, **kw: None)
    ax = plots.fit(X, Y, {"start": Line(0.5, 0.5), "model": Line(2.0, 9.0)})
    plots.show(ax)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 1
    assert max(map(len, lines)) <= 72
    assert " ".join(lines) == plots.describe(ax)


def test_importing_plots_does_not_import_pyplot():
    code = "import sys, course.plots; print('matplotlib.pyplot' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert io.StringIO(run.stdout).readline() == "False\n"
