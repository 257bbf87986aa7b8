"""What may be taken out of an output before it is compared: times, uuids, addresses, paths, and what a pattern means.

An output that holds the time of day varies from run to run, and hides whether anything else of it does. Scrubbing is
asked for, never done by itself, and whoever compares is told which scrubbers hid something: it may have been the very
difference that matters.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache

from aicmo_perf.errors import UsageError, nearest_hint

_PATTERN_PREFIX = "regex:"

_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*\.?"
_CLOCK = r"\d\d?:\d\d(?::\d\d(?:[.,]\d+)?)?(?:\s?[AaPp][Mm]\b)?(?:\s?(?:Z|UTC|GMT|[+-]\d\d:?\d\d)(?!\w))?"

SCRUBBERS: Mapping[str, str] = {
    # the other three may be parts of a path, so it comes first; a link, a fraction and a closing tag are none
    "path": r"(?<![\w:/.<~])~?(?:/[^\s/'\"`,;:()\[\]{}<>|]+){2,}/?|\b[A-Za-z]:\\[^\s'\"`,;()\[\]{}<>|]+",
    "timestamp": "|".join(
        (
            # 2025-01-02T03:04:05.678+02:00, 2025/01/02 03:04
            rf"(?<!\d)\d{{4}}([-/])\d\d\1\d\d(?:(?:T|,?\s){_CLOCK})?(?!\d)",
            # 20250102T030405
            r"(?<!\d)(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[T_-]?(?:[01]\d|2[0-3])(?:[0-5]\d){2}Z?(?!\d)",
            # Thu, 02 Jan 2025 03:04:05 GMT; January 2, 2025
            rf"\b(?:[A-Z][a-z]+,? )?\d\d? {_MONTH},? \d{{4}}(?:,? {_CLOCK})?",
            rf"\b{_MONTH} \d\d?,? \d{{4}}(?:,? {_CLOCK})?",
            # 03:04:05.678
            r"(?<![\d:])\d\d?:\d\d:\d\d(?:[.,]\d+)?(?![\d:])",
            # seconds or milliseconds since 1970, from 2017 to 2033
            r"(?<![\w.])1[5-9]\d{8}(?:\.\d+|\d{3})?(?![\w.])",
        )
    ),
    # the second form is that of uuid4().hex; a hash has its version and variant once in thirty-two
    "uuid": r"\b[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}\b"
    r"|\b[0-9a-f]{12}[147][0-9a-f]{3}[89ab][0-9a-f]{15}\b",
    "address": r"\b0[xX][0-9a-fA-F]{6,16}\b",
}
"""What there is by name, and the pattern of each, in the order in which they are applied."""


def parse_scrubber(text: str) -> str:
    """A scrubber as it was asked for: one of the names, or ``regex:`` and a pattern of Python's.

    Raises: UsageError when it is neither.
    """
    name = text.strip()
    if name in SCRUBBERS:
        return name
    if not name.startswith(_PATTERN_PREFIX):
        known = f"There are {', '.join(SCRUBBERS)} and {_PATTERN_PREFIX}PATTERN."
        raise UsageError(f"There is no scrubber {text!r}.", nearest_hint(name, SCRUBBERS, otherwise=known))
    try:
        pattern = _pattern(name)
    except re.error as error:
        raise UsageError(
            f"The pattern of the scrubber {text!r} is no regular expression: {error}.",
            r"Write it as Python's re takes it, such as regex:order \d+.",
        ) from None
    if pattern.match(""):
        raise UsageError(
            f"The pattern of the scrubber {text!r} fits an empty text, so that it would fit everywhere.",
            "Let it need at least one character.",
        )
    return name


def scrub(text: str, names: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """Take out of a text what some scrubbers mean.

    Args:
        text: any.
        names: as parse_scrubber returns them; their order does not matter.

    Returns: the text with ``<uuid>`` and so on in place of what was hidden, and the scrubbers that hid something.
    """
    scrubbing = Scrubbing(names)
    return scrubbing(text), scrubbing.hidden


class Scrubbing:
    """Takes what some scrubbers mean out of texts, and remembers which of them found something.

    Args:
        names: as in scrub.
    """

    def __init__(self, names: Iterable[str]) -> None:
        asked = frozenset(names)
        # a pattern of the user's is about more than one word, and must see the text as it was
        ordered = (*sorted(asked.difference(SCRUBBERS)), *(name for name in SCRUBBERS if name in asked))
        self._steps: tuple[tuple[str, Callable[[str, str], str], str], ...] = tuple(
            (name, _pattern(name).sub, f"<{name if name in SCRUBBERS else 'scrubbed'}>") for name in ordered
        )
        self._hidden: dict[str, None] = {}

    def __call__(self, text: str) -> str:
        """The text without what they mean."""
        for name, substitute, word in self._steps:
            before, text = text, substitute(word, text)
            if text != before:
                self._hidden[name] = None
        return text

    @property
    def hidden(self) -> tuple[str, ...]:
        """Those that found something so far, in the order in which they are applied."""
        return tuple(name for name, _, _ in self._steps if name in self._hidden)


@cache
def _pattern(name: str) -> re.Pattern[str]:
    return re.compile(SCRUBBERS[name] if name in SCRUBBERS else name.removeprefix(_PATTERN_PREFIX))
