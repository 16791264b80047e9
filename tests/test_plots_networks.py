"""Pictures of networks: half-planes, histograms through depth, digits and weights as images."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots

matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def test_half_planes_count_who_is_on_and_shade_that_side():
    x, y = np.array([[1.0, 0.0], [2.0, 1.0], [-1.0, 0.0], [0.0, 2.0]]), np.array([0, 0, 1, 1])
    weight, bias = np.array([[1.0, 0.0, 0.0], [0.0, -1.0, 0.0]]), np.array([0.0, 0.5, -1.0])
    ax = plots.half_planes(x, y, weight, bias, columns=2, title="Two sides")
    assert plots.describe(ax) == (
        "Of 4 points, unit 1 for 2, unit 2 for 2, unit 3 for 0 are on the side where it is on."
    )
    assert len(ax.figure.axes) == 3
    assert ax.figure.get_suptitle() == "Two sides"
    on = ax.images[0].get_array()
    assert on[:, -1].all()
    assert not on[:, 0].any()


def test_depth_draws_each_layer_shown_and_says_its_spread():
    layers = [np.array([[-2.0, 2.0]]), np.array([[-1.0, 1.0]]), np.array([[-0.5, 0.5]])]
    ax = plots.depth({"shrinking": layers, "same": 3 * [layers[0]]}, shown=(0, 2), bins=4)
    assert plots.describe(ax) == (
        "Standard deviations of what layers give. shrinking: 2 after layer 1, 0.5 after 3. "
        "same: 2 after layer 1, 2 after 3."
    )
    assert [axes.get_title() for axes in ax.figure.axes] == ["layer 1", "layer 3", "", ""]
    heights = [bar.get_height() for bar in ax.figure.axes[1].patches]
    assert heights == [0, 1, 1, 0]


def test_pictures_stand_side_by_side_with_their_labels():
    images = np.arange(12.0).reshape(3, 2, 2)
    ax = plots.pictures(images, ["a", "b", "c"], columns=2)
    assert plots.describe(ax) == ("3 pictures of 2 by 2 values from 0 to 11, labelled a, b, c.")
    sheet = ax.images[0].get_array()
    shown = np.sort(sheet.compressed() if np.ma.isMA(sheet) else sheet[np.isfinite(sheet)])
    np.testing.assert_array_equal(shown, np.arange(12.0))
    assert [text.get_text() for text in ax.texts] == ["a", "b", "c"]


def test_signed_pictures_have_white_at_zero():
    ax = plots.pictures(np.array([[[-1.0, 4.0]]]), signed=True)
    assert ax.images[0].get_clim() == (-4.0, 4.0)
    assert "labelled" not in plots.describe(ax)


def test_there_and_back_names_each_value_and_draws_an_arrow_for_each_derivative():
    ax = plots.there_and_back(["x", "z = xW", "loss"], ["", "d_z = p - y", ""], ["", "d_W", ""])
    assert plots.describe(ax) == "Forwards: x, then z = xW, then loss. Backwards: d_z = p - y; d_W."
    shown = {text.get_text(): text.get_position() for text in ax.texts}
    assert shown["x"][0] < shown["z = xW"][0] < shown["loss"][0]
    assert shown["d_z = p - y"][1] < shown["z = xW"][1]
    heads = [text.arrow_patch for text in ax.texts if getattr(text, "arrow_patch", None)]
    assert len(heads) == 3  # two there, one back
