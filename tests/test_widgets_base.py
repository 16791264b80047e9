"""The explorers' base, on an explorer of the smallest kind: a power of x."""

import base64
import gc
import gzip
import io
import itertools
import json
import re
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.backends.backend_agg import RendererAgg
from PIL import Image

from course import widgets
from course.widgets.base import (
    Choice,
    Curve,
    Explorer,
    Number,
    Picture,
    Points,
    Raster,
    Words,
    call,
    figure,
    points,
)
from course.widgets.line import explore_line

SVG = "{http://www.w3.org/2000/svg}"
X = np.linspace(0, 1, 11)


def draw(scale="linear"):
    fig, axes = figure([["power"]], (4, 3))
    axes["power"].set(xlim=(0, 1), ylim=(1e-3, 1), yscale=scale)
    return fig


def move(power, scale="linear"):
    return [Curve("power", X, X**power)], f"x to the power of {power} on a {scale} scale."


@pytest.fixture
def explorer():
    return Explorer(
        draw,
        move,
        {"power": Number("power", range(1, 6), 2), "scale": Choice("y is", ["linear", "log"])},
        still=("scale",),
        presets={"cube": {"power": 3}, "logarithm": {"scale": "log", "power": 5}},
        title="power explorer",
    )


@pytest.fixture
def picture():
    return Picture(draw())


def parse(svg):
    return ElementTree.fromstring(svg.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" '))


def pixels(png):
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB")).astype(int)


# controls


@pytest.fixture
def rate():
    return Number("rate", [0.001, 0.01, 0.1, 1.0], 0.01)


def test_any_value_between_the_ends_is_taken(rate):
    rate.value = 0.05
    assert rate.value == 0.05


@pytest.mark.parametrize("value", [50.0, -1.0, float("nan"), "fast"])
def test_out_of_range_is_refused_and_never_another_number(rate, value):
    with pytest.raises(ValueError, match=r"rate goes from 0\.001 to 1"):
        rate.value = value
    assert rate.value == 0.01


def test_whole_numbers_stay_whole():
    steps = Number("steps", [1, 10, 100], 10)
    steps.value = 55.0
    assert isinstance(steps.value, int)
    with pytest.raises(ValueError, match=r"takes whole numbers, and 7\.5 came"):
        steps.value = 7.5


def test_a_start_outside_is_refused():
    with pytest.raises(ValueError, match=r"rate goes from 0\.1 to 1, and 5 came"):
        Number("rate", [0.1, 1.0], 5)


def test_a_choice_is_one_of_its_options():
    scale = Choice("y is", ["linear", "log"])
    assert scale.value == "linear"
    with pytest.raises(ValueError, match=r"no 'cubic' here; choose one of 'linear', 'log'"):
        scale.value = "cubic"


def test_points_have_two_coordinates_and_a_class():
    points = Points("points", ["below", "above"], "plane")
    points.value = [[1, 2, 0], (3.5, 4, 1)]
    assert points.value == ((1.0, 2.0, 0), (3.5, 4.0, 1))
    for bad in ([[1, 2, 2]], [[np.nan, 2, 0]], [[1, 2, 0.5]]):
        with pytest.raises(ValueError, match="with a class from 0 to 1"):
            points.value = bad


# a picture: still below, moving above


def vertices(picture, curve):
    """Where an SVG path goes, in pixels."""
    path = parse(picture.svg([curve])).find(f"{SVG}path").get("d")
    moves = [pair.split(",") for pair in path.replace("h0", "").replace("m", " ").split()]
    return np.cumsum(np.array(moves, dtype=int), axis=0) / 10


def test_marks_lie_where_matplotlib_puts_them(picture):
    curve = Curve("power", np.array([0.0, 1.0]), np.array([1e-3, 1.0]), "#ff0000")
    (x0, y0), (x1, y1) = vertices(picture, curve)
    box = picture.axes["power"].get_window_extent()
    height = picture.figure.bbox.height
    np.testing.assert_allclose([x0, x1], [box.x0, box.x1], atol=0.06)
    np.testing.assert_allclose([height - y0, height - y1], [box.y0, box.y1], atol=0.06)


def test_a_raster_leaves_the_axes_in_their_place():
    fig, axes = figure([["square", "wide"]], (6, 3))
    axes["square"].set_aspect("equal")
    picture = Picture(fig)
    before = picture.png([])
    picture.png([Raster("square", np.zeros((3, 3))), Raster("wide", np.zeros((3, 3)))])
    assert picture.png([]) == before


def test_svg_and_png_draw_the_same_marks(picture):
    """Red pixels in the PNG lie inside the bounds of the red path in the SVG."""
    curve = Curve("power", np.array([0.25, 0.75]), np.array([0.2, 0.8]), "#ff0000", width=3)
    ends = vertices(picture, curve)
    seen = pixels(picture.png([curve]))
    rows, columns = np.where((seen[..., 0] > 200) & (seen[..., 1] < 60))
    np.testing.assert_allclose([columns.min(), columns.max()], ends[:, 0], atol=4)
    np.testing.assert_allclose([rows.max(), rows.min()], ends[:, 1], atol=4)


def test_a_png_leaves_no_mark_behind(picture):
    before = picture.png([])
    picture.png([Curve("power", X, X, dot=5), Words("power", 0.5, 0.5, "here"), noise()])
    assert picture.png([]) == before


def bytes_of_canvases():
    gc.collect()
    canvases = [one for one in gc.get_objects() if isinstance(one, RendererAgg)]
    return sum(np.asarray(one.buffer_rgba()).size for one in canvases)


def test_no_pixels_are_kept_between_two_pictures():
    """Otherwise 1.6 MB for each explorer's layout and 6 for its picture, of each student."""
    before = bytes_of_canvases()
    picture = Picture(draw())
    picture.still()
    assert bytes_of_canvases() <= before + 4


def noise():
    return Raster("power", np.random.default_rng(0).random((5, 7)))


def test_each_kind_of_mark_is_drawn(picture):
    marks = [
        Curve("power", X, X, line="--", dot=5),
        Words("power", 0.5, 0.5, "a < b & c", align="center"),
        noise(),
    ]
    root = parse(picture.svg(marks, 'it says "so"'))
    line, dots = root.findall(f"{SVG}path")
    assert line.get("stroke-dasharray")
    assert dots.get("d").count("h0") == len(X)
    assert root.find(f"{SVG}text").text == "a < b & c"
    assert root.get("aria-label") == 'it says "so"'
    for mark in marks:
        assert picture.png([mark]) != picture.png([])


def test_a_raster_has_its_first_row_at_the_bottom(picture):
    raster = Raster("power", np.array([[0.0], [1.0]]), "gray", opacity=1.0)
    data = parse(picture.svg([raster])).find(f"{SVG}image").get("href").split(",")[1]
    column = pixels(base64.b64decode(data))[:, 0, 0]
    assert column.tolist() == [255, 0]  # white, the 1, on top
    seen = pixels(picture.png([raster]))
    box = picture.axes["power"].get_window_extent()
    middle = int(box.x0 + box.width / 2)
    top = int(picture.height - box.y1 + box.height / 4)
    bottom = int(picture.height - box.y1 + 3 * box.height / 4)
    assert seen[top, middle, 0] > 200
    assert seen[bottom, middle, 0] < 50


def test_nan_lifts_the_pen(picture):
    y = np.array([0.1, 0.2, np.nan, 0.4, 0.5])
    curve = Curve("power", np.linspace(0, 1, 5), y)
    first, second = parse(picture.svg([curve])).find(f"{SVG}path").get("d")[1:].split("m")
    assert (first.count(" "), second.count(" ")) == (1, 1)  # lines drawn before and after
    known = np.isfinite(y)
    whole = Curve("power", curve.x[known], y[known])
    np.testing.assert_array_equal(vertices(picture, curve), vertices(picture, whole))


@pytest.mark.parametrize(("line", "dot"), [("-", 0.0), ("", 3.0)])
def test_a_long_path_ends_where_it_should_and_tells_no_point_twice(picture, line, dot):
    x = np.repeat(np.random.default_rng(0).random(500), 3)
    there = vertices(picture, Curve("power", x, x**2, line=line, dot=dot))
    assert len(there) == 500
    for row in range(500):  # no error is carried along
        alone = Curve("power", x[3 * row :][:1], x[3 * row :][:1] ** 2)
        np.testing.assert_array_equal(there[row], vertices(picture, alone)[0])


def test_what_lies_far_outside_is_kept_near(picture):
    assert np.abs(vertices(picture, Curve("power", [0, 1], [0, 1e300]))).max() < 3000


# an explorer


def test_it_starts_with_picture_and_sentence(explorer):
    assert explorer.sentence == "x to the power of 2 on a linear scale."
    assert explorer.values == explorer.frame["values"] == {"power": 2, "scale": "linear"}
    assert explorer.sentence in explorer.frame["marks"]


def test_a_control_moves_the_marks_and_not_what_stands_still(explorer):
    still, moving = explorer.below, explorer.frame["marks"]
    explorer.controls["power"].value = 4
    assert explorer.below == still
    assert explorer.frame["marks"] != moving
    assert "power of 4" in explorer.sentence


def test_a_still_control_draws_both_anew(explorer):
    still, moving = explorer.below, explorer.frame["marks"]
    explorer.controls["scale"].value = "log"
    assert explorer.below["image"] != still["image"]
    assert explorer.frame["marks"] != moving


def test_the_page_is_told_where_the_axes_lie(explorer):
    left, top, width, height = explorer.below["axes"]["power"]["box"]
    box = explorer.picture.axes["power"].get_window_extent()
    assert (left, width, height) == pytest.approx((box.x0, box.width, box.height), abs=0.01)
    assert top == pytest.approx(explorer.below["height"] - box.y1, abs=0.01)
    assert explorer.below["axes"]["power"]["x"] == [0.0, 1.0]
    explorer.set(scale="log")
    values = explorer.below["axes"]["power"]["y"]
    np.testing.assert_allclose(values, np.geomspace(1e-3, 1, len(values)), rtol=1e-5)


def test_going_back_and_forth_draws_nothing_anew(explorer):
    drawn = []
    explorer.draw = lambda scale: drawn.append(scale) or draw(scale)
    for scale in ("log", "linear", "log", "linear"):
        explorer.set(scale=scale)
    assert drawn == ["log"]


def test_several_values_are_drawn_once(explorer):
    calls = []
    explorer.move = lambda **values: calls.append(values) or move(**values)
    explorer.set(power=5, scale="log")
    assert calls == [{"power": 5, "scale": "log"}]


def test_presets_and_reset(explorer):
    assert list(explorer.presets) == ["cube", "logarithm", "reset"]
    for name in ("logarithm", "cube"):
        explorer.set(**explorer.presets[name])
    assert explorer.values == {"power": 3, "scale": "log"}
    explorer.set(**explorer.presets["reset"])
    assert explorer.values == {"power": 2, "scale": "linear"}


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"power": 4, "speed": 3}, r"no control named speed; it has power, scale"),
        ({"power": 4, "scale": "cubic"}, r"no 'cubic' here; choose one of 'linear', 'log'"),
        ({"scale": "log", "power": float("nan")}, r"power goes from 1 to 5, and nan came"),
    ],
)
def test_all_values_are_set_or_none(explorer, values, why):
    with pytest.raises(ValueError, match=why):
        explorer.set(**values)
    assert explorer.values == {"power": 2, "scale": "linear"}
    explorer.set(power=5)
    assert "power of 5" in explorer.sentence


def ask(explorer, press="p1", **message):
    """Send what a page sends."""
    explorer._handle_custom_msg({"values": explorer.values, "press": press} | message, [])


def test_a_page_gets_the_picture_that_it_asked_for(explorer):
    ask(explorer, "p7", values={"power": 4, "scale": "log"})
    assert explorer.frame["press"] == "p7"
    assert explorer.frame["values"] == {"power": 4, "scale": "log"}
    explorer.set(power=3)
    assert explorer.frame["press"] is None


def test_a_page_gets_an_error_in_words_and_an_answer_to_its_press(explorer):
    before = explorer.frame["marks"]
    ask(explorer, "p1", values={"power": 4, "scale": "cubic"})
    assert explorer.frame["press"] == "p1"
    assert "choose one of" in explorer.sentence
    assert explorer.frame["marks"] == before
    assert explorer.frame["values"] == explorer.values
    explorer.move = lambda **values: 1 / 0
    ask(explorer, "p2")
    assert "ZeroDivisionError" in explorer.sentence


def test_play_may_be_a_function_of_the_values():
    explorer = Explorer(draw, move, {"power": Number("power", range(1, 6), 2)}, play=doubled)
    assert explorer.spec["play"] == "next"
    ask(explorer, next=True)
    assert explorer.values == {"power": 4}


def doubled(power):
    return {"power": 2 * power}


def test_a_state_is_made_again_by_its_line_of_code():
    explorer = explore_line(m=3.0, b=140)
    assert explorer.values == {"m": 3.0, "b": 140.0}
    assert explorer.presets["reset"] == {"m": 0.0, "b": 0.0}
    assert explorer.spec["call"] == "explore_line("
    with pytest.raises(ValueError, match="no control named slope"):
        explore_line(slope=3)


def test_data_are_called_by_their_names_in_the_notebook(monkeypatch):
    shell = SimpleNamespace(user_ns={"_": X, "distances": X})
    monkeypatch.setattr("course.widgets.base.get_ipython", lambda: shell)
    assert call(explore_line, x=X, y=None) == "explore_line(x=distances, "
    assert call(explore_line, x=X, y=2 * X) == "explore_line(x=distances, y=..., "


def test_changes_from_several_threads_never_mix(explorer):
    """Still picture and marks are of one state: the one that the controls say at the end."""
    slow = explorer.draw

    def draw_slowly(scale):
        time.sleep(0.002)
        return slow(scale)

    explorer.draw = draw_slowly
    explorer._drawn.cache_clear()
    states = {}
    for power in (2, 5):
        for scale in ("linear", "log"):
            explorer.set(power=power, scale=scale)
            states[power, scale] = explorer.below["image"], explorer.frame["marks"]
            explorer._drawn.cache_clear()
    assert len(set(states.values())) == 4
    rng = np.random.default_rng(0)
    for _ in range(100):
        powers, scales = rng.choice([2, 5], 6).tolist(), rng.choice(SCALES, 6).tolist()
        presses = list(zip(powers, scales, strict=True))
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda press: explorer.set(power=press[0], scale=press[1]), presses))
        values = explorer.values
        shown = explorer.below["image"], explorer.frame["marks"]
        assert explorer.frame["values"] == values
        assert frameless(shown) == frameless(states[values["power"], values["scale"]])


SCALES = ["linear", "log"]


def frameless(shown):
    """What is shown, without the names of frames, which are new for each picture."""
    return [re.sub(r"frame-[0-9a-f]+", "frame", part) for part in shown]


# without a kernel


def table(html):
    """What an exported page holds."""
    packed = re.search(r'start\("([^"]+)"', html).group(1)
    return json.loads(gzip.decompress(base64.b64decode(packed)))


def test_what_is_exported_is_what_a_kernel_would_show(explorer):
    known = table(explorer.export())
    assert known["grids"][0] == {"power": [1, 2, 3, 4, 5], "scale": ["linear", "log"]}
    columns = [known["stills"], *known["columns"]]
    for row, values in enumerate(itertools.product(*known["grids"][0].values())):
        explorer.set(**dict(zip(known["grids"][0], values, strict=True)))
        still, words, *parts = (c["pieces"][c["at"][row]] for c in columns)
        assert still == explorer.below
        assert words == explorer.sentence
        assert "".join(parts) == explorer.frame["marks"]


def test_exporting_changes_nothing(explorer):
    explorer.set(power=4)
    before = explorer.frame
    explorer.export()
    assert explorer.frame == before


def test_export_keeps_to_its_size_and_keeps_start_and_presets():
    rates = np.geomspace(0.1, 1, 400)
    explorer = Explorer(
        lambda: draw(),
        lambda rate, power: ([Curve("power", X, rate * X**power)], f"{rate} {power}"),
        {"rate": Number("rate", rates, 0.5), "power": Number("power", range(1, 40), 2)},
        presets={"odd": {"rate": 0.123456789}},
    )
    whole, small = explorer.export(10_000_000), explorer.export(100_000)
    assert len(small) <= 100_000 < len(whole)
    axes = table(small)["grids"][0]
    assert {0.1, 0.5, 0.123456789, 1.0} <= set(axes["rate"])
    assert 2 in axes["power"]
    assert len(axes["rate"]) < 400
    assert f"{len(axes['rate'])} of rate" in table(small)["spec"]["note"]


def test_export_of_many_numbers_keeps_one_start_rather_than_its_size():
    names = ["across", "up", "rate", "steps"]
    ways = [dict.fromkeys(names, value) for value in (2, 5, 8, 11, 13)]
    explorer = Explorer(
        draw,
        lambda **values: ([], " ".join(map(str, values.values()))),
        {name: Number(name, range(1, 16), 3) for name in names}
        | {"power": Number("power", [1, 2], 1, shown=False), "scale": Choice("y is", ["linear"])},
        still=("scale",),
        presets={str(index): way for index, way in enumerate(ways)},
        drag={"power": ("across", "up")},
    )
    size = len(explorer.export(0)) + 15_000
    html = explorer.export(size)
    assert len(html) <= size
    axes = table(html)["grids"][0]
    assert axes["across"] == [3]
    assert len(axes["rate"]) > 4
    assert "the start that is dragged" in table(html)["spec"]["note"]


def test_a_button_whose_state_is_in_no_grid_gets_frames_of_its_own_along_which_it_plays():
    hidden = Number("start", [0.0, 1.0], 0.0, shown=False)
    explorer = Explorer(
        draw,
        lambda power, start: ([Curve("power", X, start + X**power)], f"{start}, {power}"),
        {"power": Number("power", range(1, 6), 2), "start": hidden},
        presets={"cube": {"power": 3}, "elsewhere": {"power": 3, "start": 1.0}},
        play="power",
    )
    known = table(explorer.export())
    assert list(known["spec"]["presets"]) == ["cube", "elsewhere", "reset"]
    powers = [1, 2, 3, 4, 5]
    assert known["grids"] == [{"power": powers, "start": [start]} for start in (0.0, 1.0)]
    words = known["columns"][0]
    said = [words["pieces"][index] for index in words["at"]]
    assert said == [f"{start}, {power}" for start in (0.0, 1.0) for power in powers]


def test_exported_page_fetches_nothing_and_says_what_needs_a_kernel():
    explorer = Explorer(draw, move, {"power": Number("power", range(1, 6), 2)}, play=doubled)
    html = explorer.export()
    assert not re.search(r"https?://", re.sub(r"data:[^\"]+", "", html))
    assert "In the notebook there is more: play." in table(html)["spec"]["note"]


def test_lesson_that_is_published_shows_the_exported_explorer(explorer, monkeypatch):
    monkeypatch.setenv("DOWNHILL_EXPORT", "1")
    assert explorer._repr_mimebundle_()["text/html"] == explorer.export()


def test_lecture_size_has_larger_type_on_as_many_pixels(monkeypatch):
    usual = Picture(draw())
    monkeypatch.setenv("DOWNHILL_LECTURE", "1")
    large = Picture(draw())
    assert (large.width, large.height) == pytest.approx((usual.width, usual.height))
    heights = [
        picture.axes["power"].xaxis.get_ticklabels()[0].get_window_extent().height
        for picture in (usual, large)
    ]
    assert heights[1] > 1.3 * heights[0]


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        (np.full(10, 3.0), np.arange(10.0), "all 10 points have x = 3"),
        ([1.0], [2.0], "at least two points"),
        ([1.0, 2.0, 3.0], [1.0, np.nan, 3.0], "1 of 3 points have NaN"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], r"shape \(2,\) and y \(3,\)"),
        (np.ones((3, 2)), np.ones(3), r"shape \(3, 2\)"),
        (["1.5", "fast"], [1.0, 2.0], "are to be numbers"),
        ([1e200, 2e200], [1.0, 2.0], "goes beyond 1e.50"),
    ],
)
def test_data_that_no_line_can_be_drawn_through_are_refused_in_words(x, y, why):
    with pytest.raises(ValueError, match=why):
        points(x, y)


def test_lists_are_data_too():
    x, y = points([1, 2], [3, 4])
    assert (x.dtype, y.tolist()) == (float, [3.0, 4.0])


def test_without_a_kernel_there_is_a_picture_and_a_fixed_text(explorer):
    bundle, metadata = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == "power explorer"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert metadata["image/png"]["alt"] == explorer.sentence
    shown = pixels(base64.b64decode(bundle["image/png"]))
    assert shown.shape == (300, 400, 3)
    assert (shown == pixels(explorer.png())).all()
    explorer.set(power=5)
    assert (shown != pixels(explorer.png())).any()


def test_two_explorers_do_not_share_their_frames(explorer):
    other = Explorer(draw, move, {"power": Number("power", range(1, 6), 2)})
    assert explorer.picture._clip("power") != other.picture._clip("power")


def drawn(high):
    fig, axes = figure([["one", "two"]])
    axes["one"].plot([0, 1], [0, high])
    axes["two"].set(aspect="equal", yscale="log", ylim=(1, 100), xlim=(1, 100))
    return fig


def test_axes_lie_where_matplotlib_lays_them_out():
    fig = drawn(1.0)
    fig.draw_without_rendering()
    expected = {ax.get_label(): ax.get_window_extent().bounds for ax in fig.axes}
    axes = Picture(drawn(1.0)).axes
    for name, bounds in expected.items():
        np.testing.assert_allclose(axes[name].get_window_extent().bounds, bounds)


def test_axes_keep_their_places_when_a_choice_draws_anew():
    explorer = Explorer(
        draw=lambda high: drawn(float(high)),
        move=lambda high: ([], high),
        controls={"high": Choice("high", ["1", "1000000"])},
        still=("high",),
    )
    first = explorer.picture
    explorer.set(high="1000000")
    assert explorer.picture is not first
    for name, ax in first.axes.items():
        there = explorer.picture.axes[name].get_position().bounds
        np.testing.assert_allclose(there, ax.get_position().bounds)


def test_an_explorer_loads_no_other():
    show = (
        "import sys; from course.widgets import explore_line;"
        "print(*(name for name in sys.modules if name.startswith('course.widgets.')))"
    )
    run = subprocess.run([sys.executable, "-c", show], capture_output=True, text=True, check=True)
    loaded = {name.rpartition(".")[2] for name in run.stdout.split()}
    assert loaded & {*widgets.HOMES.values()} == {"line"}


def test_all_explorers_are_found_where_one_looks():
    assert {*widgets.__all__} <= {*dir(widgets)}
    assert all(callable(getattr(widgets, name)) for name in widgets.__all__)
    with pytest.raises(AttributeError, match="has no attribute 'explore_everything'"):
        _ = widgets.explore_everything
