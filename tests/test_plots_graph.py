"""Pictures of computations: who stands where, which arrows there are, what is said."""

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest

from course import plots

matplotlib.use("Agg")


class Remembering:
    """A value as lesson 07 makes it: data, links to what it was made of, a name."""

    def __init__(self, data, *parents, name=""):
        self.data, self.name = np.asarray(data, dtype=float), name
        self.links = [(parent, None) for parent in parents]


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


@pytest.fixture
def diamond():
    u, v = Remembering(3.0), Remembering(2.0)
    w = Remembering(6.0, u, v, name="*")
    s = Remembering(9.0, w, u, name="+")
    return u, v, w, s, Remembering(54.0, w, s, name="*")


def centres(ax):
    """The middle of each box, by the name written in it and the line below."""
    texts = [text for text in ax.texts if "◂" not in text.get_text()]
    texts = [text for text in texts if text.get_text()]
    pairs = zip(texts[::2], texts[1::2], strict=True)
    return {
        (a.get_text(), b.get_text()): (a.get_position()[0], b.get_position()[1]) for a, b in pairs
    }


def test_each_value_stands_to_the_right_of_what_it_was_made_of(diamond):
    u, v, *_, end = diamond
    ax = plots.graph(end, parameters={"u": u, "v": v}, title="A diamond")
    column = {name: x for name, (x, _) in centres(ax).items()}
    assert column["u", "3"] == column["v", "2"] == 0
    assert column["*", "6"] == 1
    assert column["+", "9"] == 2
    assert column["*", "54"] == 3
    assert ax.get_title() == "A diamond"


def test_the_sentence_counts_boxes_and_arrows_and_names_the_starts(diamond):
    u, v, *_, end = diamond
    ax = plots.graph(end, parameters={"u": u}, data={"v": v})
    assert plots.describe(ax) == "5 boxes and 6 arrows, from u, v by *, +, * to 54."


def test_constants_and_what_is_made_of_them_alone_are_left_out():
    w, one = Remembering(2.0), Remembering(1.0)
    two = Remembering(2.0, one, one, name="+")
    ax = plots.graph(Remembering(4.0, w, two, name="*"), parameters={"w": w})
    assert plots.describe(ax) == "2 boxes and 1 arrows, from w by * to 4."


def test_data_may_be_given_as_the_array_that_a_value_holds():
    x = np.ones((4, 2))
    start = Remembering(x)
    ax = plots.graph(Remembering(np.ones(4), start, name="sum"), data={"x": x})
    assert ("x", "4 x 2") in centres(ax)
    assert plots.describe(ax).endswith("to an array of (4,).")


def test_what_came_back_is_written_below_its_box_as_a_root_mean_square(diamond):
    u, v, *_, end = diamond
    back = {u: Remembering([3.0, 4.0]), end: Remembering(1.0)}
    ax = plots.graph(end, parameters={"u": u, "v": v}, derivatives={**back, v: Remembering(0.0)})
    assert {"◂ 3.54", "◂ 1", "◂ 0"} <= {text.get_text() for text in ax.texts}
    assert plots.describe(ax).endswith("Size of what came back: u 3.54, v 0.")


def test_a_long_computation_turns_back_in_a_second_row():
    start = node = Remembering(1.0)
    for step in range(5):
        node = Remembering(step, node, name=f"f{step}")
    at = centres(plots.graph(node, parameters={"start": start}, wrap=3))
    row = [at["start", "1"], at["f0", "0"], at["f1", "1"]]
    assert [x for x, _ in row] == [0, 1, 2]
    assert len({y for _, y in row}) == 1
    below = [at["f2", "2"], at["f3", "3"], at["f4", "4"]]
    assert [x for x, _ in below] == [2, 1, 0]
    assert {round(row[0][1] - y, 9) for _, y in below} == {1.35}
