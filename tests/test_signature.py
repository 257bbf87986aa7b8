"""The canonical form keeps what is essential, forgets what is accidental, and never raises."""

from __future__ import annotations

import dataclasses
import datetime
import decimal
import enum
import json
import math
import re
import uuid
from collections import OrderedDict, namedtuple
from pathlib import Path, PurePosixPath
from types import SimpleNamespace
from unittest.mock import MagicMock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aicmo_perf.signature import (
    canonical_form,
    canonical_output,
    digest,
    failure_fingerprint,
    form_text,
    joint_digest,
)

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.dates()
HASHABLE = st.integers() | st.text() | st.booleans() | st.tuples(st.integers(), st.text())
VALUES = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(), inner, max_size=4)
        | st.dictionaries(HASHABLE, inner, max_size=4)
        | st.sets(HASHABLE, max_size=4)
    ),
    max_leaves=20,
)


@given(VALUES)
def test_the_form_of_a_form_is_itself(value):
    form = canonical_form(value)
    assert canonical_form(form) == form


@given(VALUES)
def test_a_form_is_json(value):
    form = canonical_form(value)
    assert json.loads(json.dumps(form, allow_nan=False)) == form


@given(st.dictionaries(HASHABLE, VALUES), st.randoms())
def test_the_order_of_insertion_does_not_matter(value, random):
    items = list(value.items())
    random.shuffle(items)
    assert digest(dict(items)) == digest(value)


@given(st.sets(HASHABLE), st.randoms())
def test_the_order_of_a_set_does_not_matter(value, random):
    items = list(value)
    random.shuffle(items)
    assert digest(set(items)) == digest(frozenset(value))


@given(st.lists(st.integers() | st.text(), min_size=2, unique=True))
def test_the_order_of_a_list_does(value):
    assert digest(value) != digest(value[::-1])


class Colour(enum.StrEnum):
    RED = "red"


@dataclasses.dataclass
class Slide:
    title: str
    notes: tuple[str, ...] = ()


class Plain:
    def __init__(self, **attributes):
        self.__dict__.update(attributes)


class Slotted:
    __slots__ = ("title",)

    def __init__(self, title):
        self.title = title


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("text", "texts"),
        (1, 1.0),
        (1.0, math.nextafter(1.0, 2.0)),
        (0.0, -0.0),
        (1, True),
        (None, "null"),
        ("red", Colour.RED),
        (b"ab", "ab"),
        ({1, 2}, [1, 2]),
        ({"a": 1}, {"a": 2}),
        ({1: "a"}, {"1": "a"}),
        (10**400, 10**400 + 1),
        (Slide("one"), Slide("two")),
        (Slide("one"), Plain(title="one", notes=())),
        (Plain(title="one"), Plain(title="two")),
        (Slotted("one"), Slotted("two")),
        (Point(1, 2), Point(2, 1)),
        (Point(1, 2), (1, 2)),
        (datetime.date(2025, 1, 1), datetime.date(2025, 1, 2)),
        (decimal.Decimal("1.10"), decimal.Decimal("1.1")),
        (uuid.UUID(int=1), uuid.UUID(int=2)),
        (ValueError("a"), ValueError("b")),
        (ValueError("a"), TypeError("a")),
        (np.zeros(3), np.zeros(4)),
        (np.zeros(3), np.zeros(3, dtype=np.float32)),
        (np.zeros(4), np.zeros((2, 2))),
        (len, max),
        (Path("a.pdf"), "a.pdf"),
    ],
)
def test_different_values_have_different_digests(one, other):
    assert digest(one) != digest(other)
    assert digest(one) == digest(one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"a": 1, "b": 2}, OrderedDict(b=2, a=1)),
        ((1, 2), [1, 2]),
        (object(), object()),
        (Plain(title="one", of=object()), Plain(of=object(), title="one")),
        (bytearray(b"ab"), b"ab"),
        (np.array([1, "a"], dtype=object), np.array([1, "a"], dtype=object)),
        (float("nan"), float("nan")),
    ],
)
def test_accidental_differences_are_forgotten(one, other):
    assert digest(one) == digest(other)


def test_a_digest_is_tagged_and_stays_the_same_between_versions():
    value = {"title": "Café", "slides": [Slide("one", ("a",))], "ratio": 0.1, "tags": {"x", "y"}, "raw": b"\0"}
    form = canonical_form(value)
    assert form == {
        "title": "Café",
        "slides": [{"!object": {"type": f"{__name__}.Slide", "fields": {"title": "one", "notes": ["a"]}}}],
        "ratio": {"!float": "0.1"},
        "tags": {"!set": ["x", "y"]},
        "raw": {"!bytes": "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"},
    }
    # printf '[1,"a",null]' | sha256sum
    assert digest([1, "a", None]) == "c1-sha256:6f9c54658fdbc2f155e7105e0ad633c8c03e83b677a6b8a5dfb7541264b83622"


class TestOddObjects:
    def test_a_cycle_ends(self):
        cycle: list[object] = [1]
        cycle.append(cycle)
        assert canonical_form(cycle) == [1, {"!cycle": "builtins.list"}]

    def test_the_same_object_twice_is_no_cycle(self):
        shared = [1]
        assert canonical_form([shared, shared]) == [[1], [1]]

    def test_a_deep_value_ends(self):
        deep: list[object] = []
        for _ in range(100_000):
            deep = [deep]
        assert digest(deep).startswith("c1-sha256:")

    @pytest.mark.parametrize("method", ["__repr__", "__getattribute__", "__iter__", "__hash__"])
    def test_one_that_raises_is_named_by_its_type(self, method):
        def raises(self, *arguments):
            raise RuntimeError("odd")

        odd = type("Odd", (), {method: raises, "__slots__": ()})()
        assert "Odd" in json.dumps(canonical_form([odd]))

    @pytest.mark.parametrize(
        "value", [MagicMock(), lambda: None, json, (n for n in "ab"), SimpleNamespace(a="\ud800"), "\ud800", type]
    )
    def test_everything_has_a_digest(self, value):
        assert digest(value).startswith("c1-sha256:")


class TestFiles:
    FILES = {"/one/deck.pdf": b"slides", "/two/deck.pdf": b"slides", "/one/deck.txt": b"slides", "/one/b.pdf": b"other"}

    def read_file(self, name):
        return [self.FILES[name]] if name in self.FILES else None

    @pytest.mark.parametrize("kind", [str, PurePosixPath])
    def test_count_by_suffix_and_content(self, kind):
        deck, same, text, other = (digest(kind(name), self.read_file) for name in self.FILES)
        assert deck == same
        assert len({deck, text, other}) == 3

    def test_chunks_are_joined(self):
        assert digest(Path("/a.pdf"), lambda name: [b"sli", b"des"]) == digest(Path("/b.pdf"), lambda name: [b"slides"])

    def test_a_path_to_nothing_counts_by_its_text(self):
        assert digest(Path("/x/a.pdf"), self.read_file) != digest(Path("/y/a.pdf"), self.read_file)
        assert canonical_form("/x/a.pdf", self.read_file) == "/x/a.pdf"

    def test_a_text_that_is_no_absolute_path_is_never_looked_for(self):
        def read_file(name):
            raise AssertionError(name)

        assert canonical_form(["report.pdf", "a/b", "", "/first\nsecond"], read_file) == [
            "report.pdf", "a/b", "", "/first\nsecond",
        ]  # fmt: skip

    def test_a_file_that_cannot_be_read_counts_by_its_path(self):
        def read_file(name):
            raise PermissionError(name)

        assert canonical_form(Path("/x/a.pdf"), read_file) == {"!path": "/x/a.pdf"}


class TestFailureFingerprint:
    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("took 3.5 s", "took 12 s"),
            ("<Brief object at 0x7f00aa>", "<Brief object at 0x7fb1c2>"),
            ("no order 6fa459ea-ee8a-3ca4-894e-db77e160355e", "no order 16fd2706-8baf-433b-82eb-8c7fada847da"),
            ("no file '/tmp/pytest-1/a.pdf'", "no file '/tmp/pytest-22/other/a.pdf'"),
            ("no file /private/var/folders/zz/x1/T/tmp8a", "no file /private/var/folders/ab/y/T/tmp9"),
            ("at 2025-01-02T03:04:05.678Z", "at 2026-11-12 13:14:15+02:00"),
            ("at 03:04:05", "at 13:14:15.678"),
            ("commit 03c52137465a90b74c5fb", "commit b74c5fb03c52137465a90"),
            ('File "shop.py", line 12, in f', 'File "shop.py", line 13, in f'),
            ("too   short\n", "too short"),
        ],
    )
    def test_alike_failures_are_one(self, one, other):
        assert failure_fingerprint(one) == failure_fingerprint(other)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("ValueError: no audience", "KeyError: no audience"),
            ("no file '/srv/a.pdf'", "no file '/srv/b.pdf'"),
            ("step f1 failed", "step f2 failed"),
        ],
    )
    def test_different_failures_are_two(self, one, other):
        assert failure_fingerprint(one) != failure_fingerprint(other)

    @given(st.text())
    def test_is_tagged_and_never_raises(self, text):
        fingerprint = failure_fingerprint(text)
        assert fingerprint.startswith("f1-")
        assert len(fingerprint) == 15


class TestScrubbed:
    @staticmethod
    def scrub(text):
        return re.sub(r"\d{3,}", "<number>", text)

    def output(self, value, read_file=lambda name: None, **settings):
        return canonical_output(value, read_file, self.scrub, **settings)

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            ("order 123", "order 4567"),
            ({"at": 123, "ratio": 0.123}, {"at": 4567, "ratio": 0.4567}),
            ({"order 123": 1}, {"order 4567": 1}),
            ({"b 999", "a"}, {"b 111", "a"}),
            ({(123, "b"): 1, (456, "a"): 2}, {(789, "b"): 1, (234, "a"): 2}),
            (datetime.date(2024, 1, 2), datetime.date(2025, 1, 2)),
            (Slide("order 123"), Slide("order 456")),
            (b"order 123", b"order 456"),
            (np.array(["order 123"], dtype=object), np.array(["order 456"], dtype=object)),
        ],
    )
    def test_what_is_scrubbed_does_not_count(self, one, other):
        assert self.output(one).digest == self.output(other).digest
        assert self.output(one).is_scrubbed
        assert self.output(one).digest.startswith("c1-scrubbed-sha256:")
        assert digest(one) != digest(other)

    @pytest.mark.parametrize("value", ["order 12", {"a": [1, True, None, 0.5]}, b"\xff123", {1: "a"}])
    def test_where_there_is_nothing_to_scrub_the_digest_is_the_usual_one(self, value):
        assert self.output(value).digest == digest(value)
        assert not self.output(value).is_scrubbed

    def test_keys_that_become_alike_are_still_two(self):
        assert self.output({"123": "a", "456": "b"}).digest == self.output({"789": "b", "012": "a"}).digest
        assert self.output({"123": "a", "456": "b"}).digest != self.output({"789": "b"}).digest

    def test_a_file_of_text_is_scrubbed_and_shown(self):
        files = {"/one.html": b"<p>order 123</p>", "/two.html": b"<p>order 456</p>", "/deck.pptx": b"\xff123"}
        one, two, deck = (
            self.output(Path(name), lambda name: [files[name]], shows_content=True).form["!file"] for name in files
        )
        assert one == two
        assert one["text"] == "<p>order <number></p>"
        assert deck.keys() == {"suffix", "sha256"}

    def test_a_joint_digest_tells_that_a_part_was_scrubbed(self):
        plain, scrubbed = digest("a"), self.output("123").digest
        assert joint_digest([None, None]) is None
        assert joint_digest([plain]) == plain
        assert joint_digest([plain, None]) == digest([plain, None])
        assert joint_digest([plain, scrubbed]).startswith("c1-scrubbed-sha256:")


class TestFormText:
    def test_has_one_item_a_line_and_is_readable(self):
        assert form_text(canonical_form({"b": ["é", "two\nlines"], "a": "\ud800"})).splitlines() == [
            "{", ' "a": "\\ud800",', ' "b": [', '  "é",', '  "two\\nlines"', " ]", "}",
        ]  # fmt: skip

    def test_is_cut_where_it_is_too_long(self):
        text = form_text(["x" * 50] * 10, most_characters=200)
        assert len(text) == 200
        assert text.endswith("\n… 552 characters in all …")
        assert len(form_text(["x" * 300_000])) == 200_000
