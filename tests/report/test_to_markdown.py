"""Escaping, checked by a CommonMark parser with GitHub's tables: whatever a text holds, a reader sees that text."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aicmo_perf.report.document import (
    Bullets,
    Cell,
    CodeBlock,
    Column,
    Document,
    Heading,
    Paragraph,
    Table,
    Tone,
    bold,
    code,
    prose,
    visible,
)
from aicmo_perf.report.to_markdown import to_markdown

PARSER = MarkdownIt("commonmark").enable("table").enable("strikethrough")
MARKS = st.text(st.sampled_from("ab1 |\\`*_~[]()<>&;#+-=.!$:\n\t\"'é"), max_size=30)
TEXTS = st.one_of(MARKS, st.text(max_size=30))
EXAMPLES = ["a|b", "a\\|b", "\\", "`", "``a`|`b``", "<script>", "&amp;", "__init__", "snake_case", "**b**", "1. x",
            "- x", "# x", "[a](b)", "~~x~~", "a\nb", "\x1b[31mred\x1b[0m", "\ud800"]  # fmt: skip


def seen(text: str) -> str:
    """A text as a reader sees it: runs of white space are one space."""
    return " ".join(visible(text).split())


def inline_text(token) -> str:
    parts = []
    for child in token.children:
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type == "html_inline":
            assert child.content == "<br>"
            parts.append("\n")
        else:
            assert child.type in ("strong_open", "strong_close"), child
    return " ".join("".join(parts).split())


def inlines(markdown: str) -> list[str]:
    return [inline_text(token) for token in PARSER.parse(markdown) if token.type == "inline"]


def block_types(markdown: str) -> list[str]:
    return [token.type for token in PARSER.parse(markdown) if not token.type.endswith("_close")]


@pytest.mark.parametrize("text", EXAMPLES)
@pytest.mark.parametrize("tone", [Tone.NORMAL, Tone.BAD])
def test_examples_round_trip_through_a_table(text, tone):
    check_table([text, "x"], tone)


@settings(max_examples=300, deadline=None)
@given(st.lists(TEXTS, min_size=2, max_size=4))
def test_any_text_round_trips_through_a_table(texts):
    check_table(texts, Tone.NORMAL)


def check_table(texts, tone):
    columns = tuple(Column(f"c{position}") for position in range(len(texts)))
    row = tuple(Cell(text, tone) for text in texts)
    markdown = to_markdown(Document((Table(columns, (row, row)),)))
    assert block_types(markdown).count("tr_open") == 3
    cells = inlines(markdown)
    assert cells[len(texts) :] == [seen(text) for text in texts] * 2


@pytest.mark.parametrize("text", EXAMPLES)
def test_examples_round_trip_through_prose(text):
    check_prose(text)


@settings(max_examples=300, deadline=None)
@given(TEXTS)
def test_any_text_round_trips_through_prose(text):
    check_prose(text)


def check_prose(text):
    expected = seen(text)
    for block, kinds in (
        (Paragraph(prose(text)), ["paragraph_open", "inline"]),
        (Bullets((prose(text), prose("x"))), None),
        (Paragraph(prose(bold("Lead:"), " ", text)), ["paragraph_open", "inline"]),
    ):
        if not expected:
            continue
        markdown = to_markdown(Document((block,)))
        if kinds is None:
            assert block_types(markdown).count("list_item_open") == 2
            assert inlines(markdown) == [expected, "x"]
        else:
            assert block_types(markdown) == kinds
            assert inlines(markdown) == [f"Lead: {expected}" if "Lead" in markdown.split()[0] else expected]


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_any_text_round_trips_through_a_heading(text):
    if seen(text):
        markdown = to_markdown(Document((Heading(3, text), Paragraph(prose("x")))))
        assert inlines(markdown) == [seen(text), "x"]
        assert block_types(markdown)[0] == "heading_open"


@settings(max_examples=200, deadline=None)
@given(st.one_of(TEXTS, st.text(st.sampled_from("`~a\n "), max_size=20)))
def test_any_text_round_trips_through_a_code_block(text):
    tokens = PARSER.parse(to_markdown(Document((CodeBlock(text), Paragraph(prose("x"))))))
    assert [token.type for token in tokens] == ["fence", "paragraph_open", "inline", "paragraph_close"]
    assert tokens[0].content.rstrip("\n") == visible(text).rstrip()


@settings(max_examples=200, deadline=None)
@given(TEXTS)
def test_any_text_round_trips_through_a_code_span(text):
    if seen(text):
        assert inlines(to_markdown(Document((Paragraph(prose("x ", code(text))),)))) == [f"x {seen(text)}"]


def test_names_stay_readable():
    markdown = to_markdown(Document((Bullets((prose("persona_generator: 1.23 ms & more (a-b, 2 > 1)"),)),)))
    assert markdown == "- persona_generator: 1.23 ms & more (a-b, 2 > 1)\n"


def test_a_bad_cell_stands_out():
    table = Table((Column("Status"),), ((Cell("fail", Tone.BAD),), (Cell("pass", Tone.GOOD),)))
    assert re.findall(r"^\| (.*) \|$", to_markdown(Document((table,))), re.M)[2:] == ["**fail**", "pass"]


def test_a_row_of_another_length_is_refused():
    with pytest.raises(ValueError, match="needs 1 cells"):
        Table((Column("a"),), ((Cell("1"), Cell("2")),))
