"""The explorers' base, on an explorer of the smallest kind: a power of x."""

import base64
import io
import re
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image

from course.widgets.base import (
    Choice,
    Curve,
    Explorer,
    Number,
    Picture,
    Raster,
    Words,
    as_number,
    figure,
    points,
)

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


# a number: slider and box say the same


@pytest.fixture
def rate():
    return Number("rate", [0.001, 0.01, 0.1, 1.0], 0.01)


def test_slider_and_box_start_at_the_value(rate):
    assert (rate.value, rate.box.value, rate.slider.value) == (0.01, "0.01", 1)


def test_the_slider_moves_value_and_box(rate):
    rate.slider.value = 3
    assert (rate.value, rate.box.value) == (1.0, "1")


def test_the_box_takes_any_value_between_and_the_slider_stands_near(rate):
    rate.box.value = "0.05"
    assert (rate.value, rate.box.value, rate.slider.value) == (0.05, "0.05", 2)


def test_near_is_meant_by_ratio():
    assert Number("rate", [0.001, 1.0], 0.02).slider.value == 0
    assert Number("rate", [0.0, 1.0], 0.6).slider.value == 1
    middle = Number("slope", [-1.0, 0.0, 1.0], 0.0)
    assert (middle.slider.value, middle.box.value) == (1, "0")


@pytest.mark.parametrize("value", [50.0, -1.0, float("nan")])
def test_out_of_range_is_refused_and_never_another_number(rate, value):
    with pytest.raises(ValueError, match=r"rate goes from 0\.001 to 1"):
        rate.value = value
    assert (rate.value, rate.box.value) == (0.01, "0.01")


def test_whole_numbers_stay_whole():
    steps = Number("steps", [1, 10, 100], 10)
    steps.box.value = "55"
    assert steps.value == 55
    assert isinstance(steps.value, int)
    steps.box.value = "7.5"
    assert steps.value == 55
    assert "takes whole numbers, and 7.5 came" in steps.trouble


def test_a_start_outside_is_refused():
    with pytest.raises(ValueError, match=r"rate goes from 0\.1 to 1, and 5 came"):
        Number("rate", [0.1, 1.0], 5)


# a picture: still below, moving above


def test_marks_lie_where_matplotlib_puts_them(picture):
    curve = Curve("power", np.array([0.0, 1.0]), np.array([1e-3, 1.0]), "#ff0000")
    path = parse(picture.svg([curve])).find(f"{SVG}path")
    (x0, y0), (x1, y1) = (map(float, p.split(",")) for p in path.get("d")[1:].split("L"))
    box = picture.axes["power"].get_window_extent()
    height = picture.figure.bbox.height
    np.testing.assert_allclose([x0, x1], [box.x0, box.x1], atol=0.06)
    np.testing.assert_allclose([height - y0, height - y1], [box.y0, box.y1], atol=0.06)


def test_svg_and_png_draw_the_same_marks(picture):
    """Red pixels in the PNG lie inside the bounds of the red path in the SVG."""
    curve = Curve("power", np.array([0.25, 0.75]), np.array([0.2, 0.8]), "#ff0000", width=3)
    path = parse(picture.svg([curve])).find(f"{SVG}path").get("d")
    ends = np.array([p.split(",") for p in path[1:].split("L")], dtype=float)
    seen = pixels(picture.png([curve]))
    rows, columns = np.where((seen[..., 0] > 200) & (seen[..., 1] < 60))
    np.testing.assert_allclose([columns.min(), columns.max()], ends[:, 0], atol=4)
    np.testing.assert_allclose([rows.max(), rows.min()], ends[:, 1], atol=4)


def test_a_png_leaves_no_mark_behind(picture):
    before = picture.png([])
    picture.png([Curve("power", X, X, dot=5), Words("power", 0.5, 0.5, "here"), noise()])
    assert picture.png([]) == before


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
    path = parse(picture.svg([Curve("power", np.linspace(0, 1, 5), y)])).find(f"{SVG}path")
    assert path.get("d").count("M") == 2
    assert path.get("d").count("L") == 2


def test_what_lies_far_outside_is_kept_near(picture):
    path = parse(picture.svg([Curve("power", [0, 1], [0, 1e300])])).find(f"{SVG}path").get("d")
    numbers = [abs(float(n)) for p in path[1:].split("L") for n in p.split(",")]
    assert max(numbers) < 3000


# an explorer


def test_it_starts_with_picture_and_sentence(explorer):
    assert explorer.sentence == "x to the power of 2 on a linear scale."
    assert explorer.values == {"power": 2, "scale": "linear"}
    assert explorer.sentence in explorer._words.value
    assert explorer.sentence in explorer._above.value


def test_a_control_moves_the_marks_and_not_what_stands_still(explorer):
    still, moving = explorer._below.value, explorer._above.value
    explorer.controls["power"].value = 4
    assert explorer._below.value == still
    assert explorer._above.value != moving
    assert "power of 4" in explorer._words.value


def test_a_still_control_draws_both_anew(explorer):
    still, moving = explorer._below.value, explorer._above.value
    explorer.controls["scale"].value = "log"
    assert explorer._below.value != still
    assert explorer._above.value != moving


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
    cube, logarithm, reset = explorer.children[-3].children
    logarithm.click()
    assert explorer.values == {"power": 5, "scale": "log"}
    cube.click()
    assert explorer.values == {"power": 3, "scale": "log"}
    reset.click()
    assert explorer.values == {"power": 2, "scale": "linear"}


def test_an_unknown_control_is_refused_and_nothing_is_set(explorer):
    with pytest.raises(ValueError, match=r"no control named speed; it has power, scale"):
        explorer.set(power=4, speed=3)
    assert explorer.values["power"] == 2


def test_an_unknown_choice_is_refused_and_leaves_it_working(explorer):
    with pytest.raises(ValueError, match=r"no 'cubic' here; choose one of 'linear', 'log'"):
        explorer.set(scale="cubic")
    explorer.set(power=5)
    assert explorer.values["scale"] == "linear"
    assert "power of 5" in explorer._words.value


def test_buttons_and_choice_say_the_same(explorer):
    scale = explorer.controls["scale"]
    scale.buttons["log"].click()
    assert explorer.values["scale"] == "log"
    explorer.set(scale="linear")
    assert [b.description for b in scale.buttons.values() if b.button_style] == ["linear"]


@pytest.mark.parametrize(
    ("typed", "number"),
    [("1e6", 1e6), ("7.5", 7.5), ("0,5", 0.5), (" -5 ", -5), ("\u22125", -5), ("1e-4", 1e-4)],
)
def test_numbers_are_understood_as_people_type_them(typed, number):
    assert as_number(typed) == number


@pytest.mark.parametrize("typed", ["", "fast", "1,000", "12,345,678", "nan", "inf", "1..5", "0x10"])
def test_what_is_no_number_is_said_and_not_guessed(typed):
    with pytest.raises(ValueError, match=re.escape(repr(typed))):
        as_number(typed)


@pytest.mark.parametrize("typed", ["1e6", "-5", "fast", "1,000", "nan"])
def test_box_that_was_typed_nonsense_into_keeps_the_value_and_a_sentence_says_why(explorer, typed):
    power = explorer.controls["power"]
    before = explorer.values
    power.box.value = typed
    assert explorer.values == before
    assert power.box.value == "2"
    assert "It stays at 2." in explorer._words.value
    power.box.value = "4"
    assert "stays" not in explorer._words.value
    assert "power of 4" in explorer._words.value


def test_number_that_is_none_is_refused_by_set(explorer):
    with pytest.raises(ValueError, match="power goes from"):
        explorer.set(power=float("nan"))
    explorer.set(power=3)
    assert "power of 3" in explorer._words.value


def test_number_may_have_a_single_position():
    assert Number("k", [1.0], 1.0).value == 1.0


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
            states[power, scale] = explorer._below.value, explorer._above.value
            explorer._drawn.cache_clear()
    assert len(set(states.values())) == 4
    rng = np.random.default_rng(0)
    for _ in range(100):
        powers, scales = rng.choice([2, 5], 6).tolist(), rng.choice(SCALES, 6).tolist()
        presses = list(zip(powers, scales, strict=True))
        with ThreadPoolExecutor(3) as threads:
            list(threads.map(lambda press: explorer.set(power=press[0], scale=press[1]), presses))
        values = explorer.values
        shown = explorer._below.value, explorer._above.value
        assert frameless(shown) == frameless(states[values["power"], values["scale"]])
        (down,) = [o for o, b in explorer.controls["scale"].buttons.items() if b.button_style]
        assert down == values["scale"]


SCALES = ["linear", "log"]


def frameless(shown):
    """What is shown, without the names of frames, which are new for each picture."""
    return [re.sub(r"frame-[0-9a-f]+", "frame", part) for part in shown]


@pytest.mark.parametrize(
    ("x", "y", "why"),
    [
        (np.full(10, 3.0), np.arange(10.0), "all 10 points have x = 3"),
        ([1.0], [2.0], "at least two points"),
        ([1.0, 2.0, 3.0], [1.0, np.nan, 3.0], "1 of 3 points have NaN"),
        ([1.0, 2.0], [1.0, 2.0, 3.0], r"shape \(2,\) and y \(3,\)"),
        (np.ones((3, 2)), np.ones(3), r"shape \(3, 2\)"),
    ],
)
def test_data_that_no_line_can_be_drawn_through_are_refused_in_words(x, y, why):
    with pytest.raises(ValueError, match=why):
        points(x, y)


def test_lists_are_data_too():
    x, y = points([1, 2], [3, 4])
    assert (x.dtype, y.tolist()) == (float, [3.0, 4.0])


def test_without_a_kernel_there_is_a_picture_and_a_fixed_text(explorer):
    bundle = explorer._repr_mimebundle_()
    assert bundle["text/plain"] == "power explorer"
    assert "application/vnd.jupyter.widget-view+json" in bundle
    shown = pixels(base64.b64decode(bundle["image/png"]))
    assert shown.shape == (300, 400, 3)
    assert (shown == pixels(explorer.png())).all()
    explorer.set(power=5)
    assert (shown != pixels(explorer.png())).any()


def test_two_explorers_do_not_share_their_frames(explorer):
    other = Explorer(draw, move, {"power": Number("power", range(1, 6), 2)})
    assert explorer.picture._clip("power") != other.picture._clip("power")
