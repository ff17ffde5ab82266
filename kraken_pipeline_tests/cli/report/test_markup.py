from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kraken_pipeline.cli.report.markup import Html, joined, tag


class Read(HTMLParser):
    """Elements, their attributes and text, as a browser takes them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[str] = []
        self.values: list[str | None] = []
        self.text = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(tag)
        self.values += [value for _, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


SEEN = st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), max_size=40)


@given(SEEN)
def test_whatever_is_written_stays_text(written: str) -> None:
    read = Read(tag("p", written, title=written))

    assert (read.elements, read.values, read.text) == (["p"], [written], written)


@given(st.text(max_size=40))
def test_no_text_whatever_makes_an_element(written: str) -> None:
    made = joined(written)

    assert Read(made).elements == []
    assert made.encode().decode() == made


@pytest.mark.parametrize("sly", ["\u202e", "\u2066", "\x00", "\x1b", "\ud800"])
def test_what_turns_or_breaks_the_text_around_it_is_replaced(sly: str) -> None:
    assert tag("p", f"a{sly}b") == "<p>a\ufffdb</p>"


def test_elements_are_not_escaped_again_and_what_is_none_is_left_out() -> None:
    inner = tag("b", "&", class_=None, aria_label="x")

    assert tag("p", inner) == '<p><b aria-label="x">&amp;</b></p>'
    assert isinstance(tag("p"), Html)
