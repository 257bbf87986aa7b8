"""The diff of two outputs shows what differs, and nothing else."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.flakiness.output_diff import LINE_LENGTH, output_diff

LINES = st.lists(st.sampled_from(["alpha", "beta", '  "id": 1', "gamma"]), max_size=30)


def test_only_lines_that_differ_are_shown():
    before = '{\n  "id": "3f2a",\n  "title": "Plan",\n  "total": 3\n}'
    after = '{\n  "id": "77c1",\n  "title": "Plan",\n  "total": 3\n}'
    assert output_diff(before, after) == ('- "id": "3f2a",', '+ "id": "77c1",')


def test_a_line_that_was_added_or_has_gone_stands_alone():
    assert output_diff("a\nb\nc", "a\nc") == ("- b",)
    assert output_diff("a\nc", "a\nb\nc") == ("+ b",)


def test_a_long_line_is_shortened_around_the_difference():
    old, new = output_diff("x" * 500 + "2026-01-31" + "y" * 500, "x" * 500 + "2027-01-31" + "y" * 500)
    assert "2026-01-31" in old
    assert "2027-01-31" in new
    assert (old[2], old[-1]) == ("…", "…")


def test_the_rest_is_counted():
    lines = output_diff("\n".join(map(str, range(100))), "\n".join(map(str, range(100, 200))), max_lines=5)
    assert len(lines) == 5
    assert lines[-1] == "… and 196 lines more"


def test_very_long_outputs_are_compared_line_by_line():
    before = [str(number) for number in range(9_000)]
    after = ["new", *before[1:-1], "last"]
    assert output_diff("\n".join(before), "\n".join(after)) == ("- 0", "+ new", "- 8999", "+ last")


@given(LINES, LINES)
def test_equal_outputs_alone_show_nothing(before, after):
    shown = output_diff("\n".join(before), "\n".join(after))
    assert bool(shown) == (before != after)


@given(LINES, LINES)
def test_as_many_lines_come_and_go_as_the_lengths_differ_by(before, after):
    signs = [line[0] for line in output_diff("\n".join(before), "\n".join(after), max_lines=1000)]
    assert signs.count("+") - signs.count("-") == len(after) - len(before)


@given(st.text(st.characters(categories=["L", "N"]), max_size=400), st.text("ab", max_size=400))
def test_no_line_is_longer_than_it_may_be(before, after):
    assert all(len(line) <= LINE_LENGTH + 2 for line in output_diff(before, after))
