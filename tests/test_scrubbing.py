"""What is taken out of outputs is what was meant, no more; and who did it is told."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.errors import UsageError
from aicmo_perf.scrubbing import SCRUBBERS, parse_scrubber, scrub


@pytest.mark.parametrize(
    ("name", "text", "scrubbed"),
    [
        ("timestamp", "made 2025-01-02T03:04:05.678+02:00.", "made <timestamp>."),
        ("timestamp", "made 2025-01-02 03:04 UTC", "made <timestamp>"),
        ("timestamp", "on 2025/01/02", "on <timestamp>"),
        ("timestamp", "report_20250102T030405.pdf", "report_<timestamp>.pdf"),
        ("timestamp", "(D:20250102030405Z)", "(D:<timestamp>)"),
        ("timestamp", "Date: Thu, 02 Jan 2025 03:04:05 GMT", "Date: <timestamp>"),
        ("timestamp", "as of January 2, 2025", "as of <timestamp>"),
        ("timestamp", "at 03:04:05,678", "at <timestamp>"),
        ("timestamp", "1736512345.123456", "<timestamp>"),
        ("timestamp", '{"at": 1736512345123}', '{"at": <timestamp>}'),
        ("uuid", "order 6fa459ea-ee8a-4ca4-894e-db77e160355e", "order <uuid>"),
        ("uuid", "6fa459eaee8a4ca4894edb77e160355e", "<uuid>"),
        ("address", "<Brief object at 0x7f00aa11bb22>", "<Brief object at <address>>"),
        ("path", "wrote /srv/out/report.pdf, and more", "wrote <path>, and more"),
        ("path", 'File "~/shop/briefs.json"', 'File "<path>"'),
        ("path", r"wrote C:\Users\anna\report.pdf", "wrote <path>"),
        (r"regex:order \d+", "order 12 of 13", "<scrubbed> of 13"),
    ],
)
def test_what_is_meant_is_taken_out(name, text, scrubbed):
    assert scrub(text, [name]) == (scrubbed, (name,))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("timestamp", "room 2025-1, 10:30 or 1:2:3:4"),
        ("timestamp", "version 12.2025.01.02, 20 % of 1234567890123456"),
        ("timestamp", "99991399999999"),
        ("uuid", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        ("uuid", "d41d8cd98f00b204e9800998ecf8427e"),
        ("address", "colour 0xFF00, 0x10"),
        ("path", "https://shop.example/a/b and 3/4, and/or; </p></div> /index"),
        (r"regex:order \d+", "orders"),
    ],
)
def test_what_is_not_meant_stays(name, text):
    assert scrub(text, [name]) == (text, ())


def test_several_are_told_in_one_order_however_they_were_asked_for():
    text = "/tmp/a/6fa459ea-ee8a-4ca4-894e-db77e160355e at 03:04:05 by 0x7f00aa11bb22, order 7"
    names = ["regex:order 7", "path", "timestamp", "address"]
    expected = ("<path> at <timestamp> by <address>, <scrubbed>", tuple(names))
    assert scrub(text, names) == scrub(text, names[::-1]) == expected


@given(st.text(), st.lists(st.sampled_from(list(SCRUBBERS))))
def test_a_scrubbed_text_has_nothing_left_to_scrub(text, names):
    scrubbed, hidden = scrub(text, names)
    assert scrub(scrubbed, hidden) == (scrubbed, ())
    assert bool(hidden) == (scrubbed != text)


@pytest.mark.parametrize("text", ["uuid", " uuid ", r"regex:order \d+"])
def test_a_scrubber_is_a_name_or_a_pattern(text):
    assert parse_scrubber(text) == text.strip()


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("uuids", "There is no scrubber 'uuids'.", "Did you mean uuid?"),
        ("", "There is no scrubber ''.", "There are path, timestamp, uuid, address and regex:PATTERN."),
        ("regex:(", "is no regular expression", "regex:order"),
        ("regex:x*", "fits an empty text", "at least one character"),
        ("regex:", "fits an empty text", "at least one character"),
    ],
)
def test_another_is_refused_with_the_next_step(text, message, hint):
    with pytest.raises(UsageError, match=re.escape(message)) as caught:
        parse_scrubber(text)
    assert hint in caught.value.hint
