"""The drawing pad: drawings come to MNIST's size and place, and each stroke is read."""

import base64

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_widgets_base import table

from course import data
from course.widgets.digits import center, draw_digit, sentence

DIGITS = data.mnist_5k()


def mass(picture):
    return [np.average(np.arange(28), weights=picture.sum(axis=1 - axis)) for axis in (0, 1)]


@given(
    top=st.integers(0, 10),
    left=st.integers(0, 10),
    height=st.integers(3, 18),
    width=st.integers(3, 18),
)
def test_ink_comes_to_twenty_pixels_around_its_centre_of_mass(top, left, height, width):
    picture = np.zeros((28, 28))
    picture[top : top + height, left : left + width] = 1.0
    centred = center(picture)
    rows, columns = np.nonzero(centred)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 == 20
    np.testing.assert_allclose(mass(centred), 13.5, atol=1.0)


@pytest.mark.parametrize("index", range(0, 5000, 500))
def test_a_digit_of_mnist_is_hardly_moved(index):
    digit = DIGITS.x[index].reshape(28, 28)
    np.testing.assert_allclose(mass(center(digit)), mass(digit), atol=1.1)


def test_an_empty_pad_stays_empty():
    empty = np.zeros((28, 28))
    np.testing.assert_array_equal(center(empty), empty)


def first_pixel_decides(x):
    """A model that reads 7 where there is any ink."""
    return np.eye(10)[[7] * len(x)] * 5.0


def drawn(reader):
    return reader.controls["pad"].picture


def test_each_stroke_is_read_and_the_buttons_work():
    reader = draw_digit(first_pixel_decides, DIGITS.x[::500])
    np.testing.assert_allclose(drawn(reader).ravel(), DIGITS.x[0], atol=1 / 255)
    assert reader.sentence.startswith("The network reads 7, with probability 0.94")
    reader.set(**reader.presets["clear"])
    assert "empty" in reader.sentence
    stroke = bytes([0] * 300 + [255] * 40 + [0] * 444)
    reader.set(pad=base64.b64encode(stroke).decode())
    assert "reads 7" in reader.sentence
    reader.set(**reader.presets["example 2"])
    np.testing.assert_allclose(drawn(reader).ravel(), DIGITS.x[500], atol=1 / 255)


def test_the_marks_are_the_drawing_what_is_seen_of_it_and_ten_bars():
    reader = draw_digit(first_pixel_decides, DIGITS.x[:1])
    picture = np.zeros((28, 28))
    picture[:9, 4] = 1.0
    reader.set(pad=picture)
    marks, _ = reader.move(**reader.values)
    pad, seen, *bars = marks
    np.testing.assert_array_equal(pad.values[::-1], picture)
    np.testing.assert_allclose(seen.values[::-1], center(picture))
    lengths = [bar.x[1] for bar in bars[::2]]
    assert sum(lengths) == pytest.approx(1)
    assert np.argmax(lengths) == 7
    assert [bar.text for bar in bars[1::2]] == [f"{p:.2f}" for p in lengths]


@pytest.mark.parametrize("picture", [np.full((28, 28), 2.0), np.full(784, np.nan), "AAAA", [1.0]])
def test_what_is_no_picture_is_refused_and_nothing_is_lost(picture):
    reader = draw_digit(first_pixel_decides, DIGITS.x[:1])
    before = reader.values
    with pytest.raises(ValueError, match=r"pad|ink"):
        reader.set(pad=picture)
    assert reader.values == before


def test_examples_are_pictures():
    with pytest.raises(ValueError, match=r"shape \(0, 784\)"):
        draw_digit(first_pixel_decides, DIGITS.x[:0])


def test_what_is_unsure_names_the_second_guess():
    probabilities = np.full(10, 0.05)
    probabilities[[3, 8]] = 0.4, 0.2
    assert sentence(probabilities) == "The network reads 3, with probability 0.40; else 8, 0.20."


def test_a_page_without_kernel_shows_the_picture():
    bundle, _ = draw_digit(first_pixel_decides, DIGITS.x[:1])._repr_mimebundle_()
    assert bundle["text/plain"] == "a drawing pad with a digit on it"
    assert bundle["image/png"].startswith("iVBOR")


def test_exported_it_has_the_examples_and_says_that_drawing_needs_a_kernel():
    reader = draw_digit(first_pixel_decides, DIGITS.x[::500])
    known = table(reader.export())
    assert list(known["spec"]["presets"]) == list(reader.presets)
    assert known["grids"][0]["pad"] == [preset["pad"] for preset in reader.presets.values()][:-1]
    assert "more: drawing." in known["spec"]["note"]
    assert not known["spec"]["controls"]
