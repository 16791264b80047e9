"""What classifiers say and mix up: what is drawn, and what is said in words."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.colors import to_rgb

from course import plots


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


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
