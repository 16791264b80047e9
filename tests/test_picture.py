import importlib.util
from pathlib import Path

import pytest
from PIL import Image

FOLDER = Path(__file__).parent.parent / "docs"


@pytest.fixture(scope="module")
def picture():
    spec = importlib.util.spec_from_file_location("picture", FOLDER / "picture.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def size(path):
    with Image.open(path) as opened:
        return opened.size


def test_the_script_makes_a_picture_of_the_committed_size(picture, tmp_path):
    picture.save(picture.draw(), tmp_path / "picture.png")
    assert size(tmp_path / "picture.png") == size(picture.TARGET)


def test_the_picture_is_light_enough_for_a_front_page(picture):
    assert picture.TARGET.stat().st_size < 150_000


def test_the_readme_shows_it():
    assert "](docs/picture.png)" in (FOLDER.parent / "README.md").read_text()
