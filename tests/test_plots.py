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


def test_many_runs_are_all_drawn():
    ax = plots.costs({f"run {i}": [3, 2, 1] for i in range(20)})
    assert len(ax.lines) == 20


# what each draws and says


def test_fit_draws_what_the_model_says():
    ax = plots.fit(X, Y, Line(2.0, 9.0))
    data, model = ax.lines
    np.testing.assert_allclose(data.get_ydata(), Y)
    np.testing.assert_allclose(model.get_ydata(), 2 * model.get_xdata() + 9)
    assert plots.describe(ax) == (
        "100 points, y from 12 to 210. Model goes from 11 at x = 1 to 209 at x = 100; "
        "root-mean-square error 1."
    )


def test_fit_draws_data_alone_and_a_constant_model():
    assert len(plots.fit(X, Y).lines) == 1
    assert "Model goes from 7 at x = 1 to 7" in plots.describe(plots.fit(X, Y, lambda x: 7.0))


def test_residuals_are_data_minus_model():
    ax = plots.residuals(X, Y, Line(2.0, 9.0))
    np.testing.assert_allclose(ax.lines[0].get_ydata(), 1.0)
    assert "from 1 to 1; their mean is 1 in the lower" in plots.describe(ax)


def test_costs_choose_logarithmic_axes_where_values_span_much():
    axes = [plots.costs(run) for run in ([3, 2, 1], [1e6, 1e3, 1], np.linspace(3, 1, 1000))]
    scales = [(ax.get_xscale(), ax.get_yscale()) for ax in axes]
    assert scales == [("linear", "linear"), ("linear", "log"), ("log", "linear")]
    assert plots.costs([1e6, 1e3, 1], log="").get_yscale() == "linear"


def test_an_exploding_run_does_not_flatten_the_others():
    runs = {"good": np.geomspace(100, 1, 50), "bad": 100 * 4.0 ** np.arange(50)}
    ax = plots.costs(runs, best=0.5)
    low, high = ax.get_ylim()
    assert low < 0.5
    assert high == 1000 * 100


def test_costs_stop_where_they_are_no_longer_numbers():
    ax = plots.costs({"bad": [2.0, 4.0, np.inf, np.nan]})
    assert ax.lines[0].get_ydata().tolist() == [2.0, 4.0]
    assert "from 2 to 4 in 2 steps, after which it is no longer a number" in plots.describe(ax)


def test_history_shows_validation_where_there_is_some():
    ax = plots.history(trained())
    assert [line.get_label() for line in ax.lines] == ["training", "validation"]
    assert "validation: from 3 to 2.5 in 3 epochs, lowest 2 in epoch 2." in plots.describe(ax)
    assert len(plots.history(trained(validation=())).lines) == 1


def test_surface_and_paths_find_the_lowest_point():
    for ax in (plots.surface(bowl, GRID, GRID), plots.paths(bowl, GRID, GRID)):
        assert "from 1, near m = 1 and b = 2, up to 267" in plots.describe(ax)


def test_a_surface_is_logarithmic_or_plain_and_said_alike():
    tall, plain = plots.surface(bowl, GRID, GRID), plots.surface(bowl, GRID, GRID, log=False)
    assert plots.describe(tall) == plots.describe(plain)
    assert tall.get_zlim()[1] < 3 < 200 < plain.get_zlim()[1]


def test_paths_are_drawn_and_said():
    ax = plots.paths(bowl, GRID, GRID, {"Adam": [(0, 0), (1, 1), (1, 2)]}, labels=("u", "v"))
    assert ax.lines[0].get_xdata().tolist() == [0, 1, 1]
    assert "Adam: 2 steps from (0, 0) to (1, 2)." in plots.describe(ax)
    assert ax.get_xlabel() == "u"


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


def test_models_with_free_styles_are_told_from_the_data_by_colour():
    ax = plots.fit(X, Y, {"line": Line(2.0, 9.0), "steeper line": Line(3.0, 0.0)})
    data, *models = (line.get_color() for line in ax.get_lines())
    assert data not in models


def test_costs_with_free_styles_are_told_from_the_lowest_by_colour():
    ax = plots.costs({f"run {k}": [k + 3, k + 2] for k in range(4)}, best=1.0)
    *runs, lowest = (line.get_color() for line in ax.get_lines())
    assert lowest not in runs


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


# regions, confusion, calibration


def halves(x):
    """A logit that is positive where x2 is."""
    return 4 * x[:, 1]


SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0], [1.0, 1.0], [0.0, 0.5]])
SIDES = np.array([0, 0, 1, 1, 0])  # the last is on the wrong side


def test_regions_say_how_many_points_are_where_and_on_the_right_side():
    ax = plots.regions(SQUARE, SIDES, halves, names=("low", "high"), curves={"zero": np.zeros_like})
    said = plots.describe(ax)
    assert said.startswith("5 points: 3 low, 2 high. 4 of them are on the side that")
    assert said.endswith("Zero has 60% of the points above it.")
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels == ["low", "high", "boundary", "wrong", "zero"]


def test_wrong_points_are_marked_where_they_are():
    ax = plots.regions(SQUARE, SIDES, halves)
    (wrong,) = [line for line in ax.lines if line.get_label() == "wrong"]
    assert wrong.get_xydata().tolist() == [[0.0, 0.5]]
    shown = [line.get_label() for line in plots.regions(SQUARE, SIDES, halves, wrong=False).lines]
    assert "wrong" not in shown


def test_the_plane_has_the_colour_of_what_the_model_says_there():
    ax = plots.regions(SQUARE, SIDES, halves)
    below, above = np.asarray(ax.images[0].get_array())[[0, -1], 0]
    for colour, style in ((below, plots.CLASSES[0]), (above, plots.CLASSES[1])):
        tint = 1 - np.array(to_rgb(style["color"]))
        assert 1 - colour == pytest.approx(0.42 * tint)


def test_the_boundary_is_where_two_classes_are_as_likely():
    ax = plots.regions(SQUARE, SIDES, halves)
    edge = np.concatenate([path.vertices for path in ax.collections[0].get_paths()])
    assert np.abs(edge[:, 1]).max() < 0.01
    thirds = plots.regions(SQUARE, SIDES, lambda x: np.column_stack([x, np.zeros(len(x))]))
    assert len(thirds.collections) == 3


def test_two_scores_and_one_logit_are_drawn_alike():
    one = plots.regions(SQUARE, SIDES, halves)
    two = plots.regions(SQUARE, SIDES, lambda x: np.stack([0 * x[:, 0], halves(x)], axis=1))
    assert np.array_equal(one.images[0].get_array(), two.images[0].get_array())
    assert plots.describe(one) == plots.describe(two)


def test_classes_are_told_apart_by_colour_and_by_marker():
    assert len({style["color"] for style in plots.CLASSES}) == len(plots.CLASSES)
    assert len({style["marker"] for style in plots.CLASSES}) == len(plots.CLASSES)


def test_confusion_shows_the_counts_and_names_the_mistakes():
    ax = plots.confusion([[5, 1], [3, 7]], ("cat", "dog"))
    cells = [[text.get_text() for text in ax.texts][2 * row : 2 * row + 2] for row in (0, 1)]
    assert cells == [["5", "1"], ["3", "7"]]
    assert np.asarray(ax.images[0].get_array()) == pytest.approx(
        np.array([[5 / 6, 1 / 6], [0.3, 0.7]])  # shares of a row: of those that are cats, dogs
    )
    assert plots.describe(ax) == "12 of 16 are right; 3 dog taken for cat, 1 cat taken for dog."
    assert plots.describe(plots.confusion(np.eye(3, dtype=int))) == "3 of 3 are right."
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true", "predicted")


def test_calibration_draws_shares_over_probabilities():
    given = np.array([0.1, 0.1, 0.1, 0.1, 0.9, 0.9])
    came = np.array([0, 0, 0, 1, 1, 0])
    ax = plots.calibration({"model": (given, came)}, bins=2)
    (dots,) = [container.lines[0] for container in ax.containers]
    assert dots.get_xydata() == pytest.approx(np.array([[0.1, 0.25], [0.9, 0.5]]))
    assert plots.describe(ax) == (
        "model: what it gave 90% came true in 50%; on average probability and share are "
        "23.3 percentage points apart."
    )


def test_probabilities_that_come_true_lie_on_the_diagonal():
    rng = np.random.default_rng(0)
    given = rng.random(200_000)
    came = rng.random(200_000) < given
    ax = plots.calibration({"model": (given, came)})
    dots = ax.containers[0].lines[0].get_xydata()
    assert dots[:, 1] == pytest.approx(dots[:, 0], abs=0.01)


def test_two_forecasters_are_told_apart_without_colour():
    given, came = np.array([0.2, 0.8]), np.array([0, 1])
    ax = plots.calibration({"model": (given, came), "boaster": (given**2, came)})
    one, two = (container.lines[0] for container in ax.containers)
    assert one.get_marker() != two.get_marker()
    assert one.get_linestyle() != two.get_linestyle()
