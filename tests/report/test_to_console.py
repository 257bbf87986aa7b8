"""What reaches a terminal: literal texts, no colour when none was asked for, no line wider than the terminal."""

from __future__ import annotations

import dataclasses
import re
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aicmo_perf.model import Category, FeatureStatus, Status
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
    prose,
)
from aicmo_perf.report.gate_report import build_gate_report
from aicmo_perf.report.history_report import build_feature_history, build_history_overview
from aicmo_perf.report.run_report import build_run_report, build_run_summary
from aicmo_perf.report.runs_report import build_run_details, build_runs_report
from aicmo_perf.report.to_console import to_console
from aicmo_perf.report.to_markdown import to_markdown


def squeezed(text: str) -> str:
    return re.sub(r"\s", "", text)


@pytest.fixture
def documents(rich_result, rich_comparison, recent, history_series, failed_verdict):
    return {
        "report": build_run_report(rich_result, rich_comparison, recent),
        "summary": build_run_summary(rich_result, rich_comparison, recent),
        "details": build_run_details(rich_result),
        "runs": build_runs_report([rich_result.run], {12: {Status.PASS: 7, Status.ERROR: 1}}),
        "overview": build_history_overview(history_series),
        "history": build_feature_history(history_series[1]),
        "gate": build_gate_report(failed_verdict, rich_result, rich_comparison),
    }


@pytest.mark.parametrize("width", [30, 60, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_none_has_a_colour_code(documents, width):
    for document in documents.values():
        text = to_console(document, width=width)
        assert "\x1b" not in text
        assert max(cell_len(line) for line in text.splitlines()) <= width
        assert not re.search(r"[ \t]$", text, re.M)


def test_colours_add_nothing_but_codes(documents):
    for document in documents.values():
        colored = to_console(document, width=100, color=True)
        assert "\x1b[" in colored
        plain = re.sub(r"\x1b\[[0-9;]*m", "", colored)
        assert [line.rstrip() for line in plain.splitlines()] == to_console(document, width=100).splitlines()


def test_narrow_tables_drop_optional_columns_and_say_so(documents):
    wide, narrow = (to_console(documents["summary"], width=width) for width in (120, 60))
    assert "First call" in wide
    assert "not shown" not in wide
    assert "First call" not in narrow
    assert "(not shown at this width: " in narrow
    for number in ("1.23 ms", "4.20 µs", "+23.0% regressed", "-29.1% improved"):
        assert number in narrow
    assert "persona_generator" in narrow


def test_square_brackets_and_colons_are_literal():
    text = "[bold]logo[/bold] [/] [red] :smile: [link=x]"
    document = Document(
        (
            Heading(1, text),
            Paragraph(prose(text, bold(text))),
            Bullets((prose(text),)),
            CodeBlock(text),
            Table((Column(text),), ((Cell(text, Tone.BAD),),)),
        )
    )
    for color in (False, True):
        plain = re.sub(r"\x1b\[[0-9;]*m", "", to_console(document, width=200, color=color))
        assert plain.count(text) == 7


def test_long_words_are_folded_not_cut():
    word = "x" * 150 + "end"
    for block in (
        Heading(1, word),
        Paragraph(prose(word)),
        Bullets((prose(word),)),
        CodeBlock(word),
        Table((Column("t"), Column("w", wraps=True)), ((Cell(word), Cell(word)),)),
    ):
        printed = to_console(Document((block,)), width=40)
        assert printed.count("x") == 150 * (2 if isinstance(block, Table) else 1)


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=60), st.booleans())
def test_any_text_is_harmless(text, color):
    cells = Table((Column("t", wraps=True), Column("n")), ((Cell(text), Cell("1")),))
    document = Document((Paragraph(prose(text)), CodeBlock(text), cells))
    printed = to_console(document, width=40, color=color)
    printed.encode("utf-8")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", re.sub(r"\x1b\[[0-9;]*m", "", printed))


def test_a_terminal_sequence_in_an_error_is_taken_out(minimal_result):
    hostile = "\x1b]0;title\x07\x1b[2J\x1b[31mred\x1b[0m \x07end\u202e"
    status = FeatureStatus("only", Category.OTHER, Status.ERROR, errors=(hostile,))
    result = dataclasses.replace(minimal_result, features=(status,))
    for text in (to_console(build_run_report(result)), to_markdown(build_run_report(result))):
        assert "red ␇end\ufffd" in text
        assert "\x1b" not in text


def test_markdown_and_console_say_the_same(documents):
    """Every cell of every table is in both, letter by letter."""
    for document in documents.values():
        console = squeezed(to_console(document, width=400))
        for block in document.blocks:
            if isinstance(block, Table):
                for row in block.rows:
                    assert squeezed("".join(cell.text for cell in row)) in console


def calls_made_by(render, document):
    """How many functions rendering calls: the same on every machine, however busy."""
    count = 0

    def profile(frame, event, argument):
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(profile)
    try:
        render(document)
    finally:
        sys.setprofile(None)
    return count


def test_ten_times_the_features_cost_ten_times_the_work(minimal_result):
    features = tuple(
        FeatureStatus(
            f"feature_with_quite_a_long_name_{number}", Category.OTHER, Status.PASS, runtime_seconds=0.001 * number,
            errors=("boom " * 20,) * (number % 10 == 0),
        )
        for number in range(1, 501)
    )  # fmt: skip
    large = build_run_report(dataclasses.replace(minimal_result, features=features))
    small = build_run_report(dataclasses.replace(minimal_result, features=features[:50]))
    for render in (to_markdown, to_console):
        assert render(large).count("feature_with_quite_a_long_name_") > 500
        assert calls_made_by(render, large) < 15 * calls_made_by(render, small)


@pytest.mark.parametrize("width", [80, 100, 120])
def test_a_column_that_wraps_leaves_the_others_whole(width):
    titles = ["Number", "Moment", "Manner", "Features", "Length"]
    columns = tuple(Column(title, wraps=title == "Features") for title in titles)
    row = ("12345678", "2026-01-01 00:00:00 UTC", "deterministic", "many words that need room " * 5, "9 s")
    text = to_console(Document((Table(columns, (tuple(map(Cell, row)),)),)), width=width)
    lines = text.splitlines()
    assert all(title in lines[0] for title in titles)
    assert all(cell in lines[2] for cell in (*row[:3], row[4]))
    assert all(len(line) <= width for line in lines)
