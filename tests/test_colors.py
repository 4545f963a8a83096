"""Colours by number and by name, and what is said of words that are none."""

import pytest

from ganedit.colors import parse_color
from ganedit.errors import UsageError


@pytest.mark.parametrize("name", ["#ff00ff", "ff00ff", "#f0f", "F0F", "magenta", " Fuchsia "])
def test_colours_by_number_and_by_name(name: str) -> None:
    assert parse_color(name, "--color") == (255, 0, 255)


def test_names_may_have_blanks() -> None:
    assert parse_color("Light Pink", "--color") == (255, 182, 193)


@pytest.mark.parametrize(("text", "end"), [
    ("navvy", "magenta; did you mean navy\\?"), ("", "magenta$"), ("#12", "magenta$"),
])  # fmt: skip
def test_others_are_refused(text: str, end: str) -> None:
    with pytest.raises(UsageError, match=f"--color '{text}': write it like .* or {end}"):
        parse_color(text, "--color")
