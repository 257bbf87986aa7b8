"""What differs between two outputs, so short that a uuid or a date is seen at a glance.

Only lines that differ are shown, and of a long one only what surrounds the difference.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from itertools import zip_longest

LINE_LENGTH = 100
"""Characters of a line that are shown."""

_CONTEXT_LENGTH = 30
"""Characters shown before the first that differs, in a line too long to be shown."""

_MANY_LINES = 2_000
"""Beyond, where lines were moved is not looked for: it would take time that grows with the square."""

_CUT = "…"


def output_diff(before: str, after: str, *, max_lines: int = 12) -> tuple[str, ...]:
    """The lines that differ, the old one with ``- ``, what stands in its place with ``+ ``.

    Args:
        before, after: canonical forms, an item a line.
        max_lines: shown at most; if there are more, the last line says how many.

    Returns: nothing when they are equal. Indentation is left out.
    """
    lines: list[str] = []
    for old, new in _differing_lines(before.splitlines(), after.splitlines()):
        lines.extend(_shown(old, new))
    if len(lines) <= max_lines:
        return tuple(lines)
    kept = max_lines - 1
    return (*lines[:kept], f"{_CUT} and {len(lines) - kept} lines more")


def _differing_lines(before: Sequence[str], after: Sequence[str]) -> Iterator[tuple[str | None, str | None]]:
    """Pairs of an old line and the one in its place; None where a line was added or has gone."""
    start = _common_count(before, after)
    end = _common_count(before[start:][::-1], after[start:][::-1])
    before, after = before[start : len(before) - end], after[start : len(after) - end]
    if max(len(before), len(after)) > _MANY_LINES:
        yield from ((old, new) for old, new in zip_longest(before, after) if old != new)
        return
    for tag, a, a_end, b, b_end in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        if tag != "equal":
            yield from zip_longest(before[a:a_end], after[b:b_end])


def _common_count(before: Sequence[str], after: Sequence[str]) -> int:
    """Equal lines, or characters of a line, at the beginning."""
    pairs = enumerate(zip(before, after, strict=False))
    return next((index for index, (old, new) in pairs if old != new), min(len(before), len(after)))


def _shown(old: str | None, new: str | None) -> Iterator[str]:
    first = 0 if old is None or new is None else _common_count(old.strip(), new.strip())
    if old is not None:
        yield f"- {_shortened(old.strip(), first)}"
    if new is not None:
        yield f"+ {_shortened(new.strip(), first)}"


def _shortened(text: str, first: int) -> str:
    """At most LINE_LENGTH characters of a line, with what is at this position."""
    if len(text) <= LINE_LENGTH:
        return text
    start = max(0, first - _CONTEXT_LENGTH)
    end = start + LINE_LENGTH - 2
    return f"{_CUT if start else ''}{text[start:end]}{_CUT if end < len(text) else ''}"
