"""What a report says, before anything decides how it looks.

A document is a sequence of frozen blocks whose texts are already worded, ordered and rounded. Every text that enters
it is made visible first: errors and names come from other people's code, and a control character, a colour code or
half a surrogate pair in them must neither reach a terminal nor break a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

_TERMINAL_SEQUENCE = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
# bidirectional embeddings, overrides and isolates: one of them reorders the rest of a table's row
_BIDI_CONTROLS = (*range(0x202A, 0x202F), *range(0x2066, 0x206A))
_VISIBLE: dict[int, str] = {
    **{code: chr(0x2400 + code) for code in range(0x20)},
    0x7F: "\N{SYMBOL FOR DELETE}",
    **dict.fromkeys((*range(0x80, 0xA0), *range(0xD800, 0xE000), 0xFFFE, 0xFFFF), _REPLACEMENT),
    **dict.fromkeys(_BIDI_CONTROLS, _REPLACEMENT),
    **dict.fromkeys(map(ord, "\r\x85\u2028\u2029"), "\n"),
    ord("\n"): "\n",
    ord("\t"): "\t",
}


def visible(text: str) -> str:
    """The text as people can see it: no terminal sequences, control characters as pictures, ordinary line ends."""
    if text.isprintable():
        return text
    return _TERMINAL_SEQUENCE.sub("", text).replace("\r\n", "\n").translate(_VISIBLE)


class Tone(StrEnum):
    """What a text means to its reader; a renderer picks colours."""

    NORMAL = "normal"
    GOOD = "good"
    BAD = "bad"
    WARN = "warn"
    MUTED = "muted"


class Emphasis(StrEnum):
    """How a piece of prose stands out."""

    PLAIN = "plain"
    BOLD = "bold"
    CODE = "code"


class Alignment(StrEnum):
    """To which side a column leans; numbers lean right."""

    LEFT = "left"
    RIGHT = "right"


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of prose; bold spans are followed by a space or by nothing."""

    text: str
    emphasis: Emphasis = Emphasis.PLAIN
    tone: Tone = Tone.NORMAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


Prose = tuple[Span, ...]
"""One sentence or a few, in pieces."""


def prose(*pieces: str | Span) -> Prose:
    """Prose of plain texts and spans."""
    return tuple(Span(piece) if isinstance(piece, str) else piece for piece in pieces)


def bold(text: str, tone: Tone = Tone.NORMAL) -> Span:
    """A bold piece of prose."""
    return Span(text, Emphasis.BOLD, tone)


def code(text: str) -> Span:
    """A piece of prose to be read literally: a command, an option, a glob."""
    return Span(text, Emphasis.CODE)


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: level 1 is the report's title."""

    level: int
    text: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph."""

    content: Prose


@dataclass(frozen=True, slots=True)
class Bullets:
    """A list without numbers; a list among the items belongs to the item before it."""

    items: tuple[Prose | Bullets, ...]


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A text shown letter by letter, over several lines.

    Attributes:
        text: the lines.
        language: what a renderer that colours takes it for: ``text`` or ``diff``.
    """

    text: str
    language: str = "text"

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        title: its heading.
        alignment: to which side it leans.
        wraps: whether its texts may run over several lines where there is little room; numbers may not.
        optional: whether it may be left out where there is still too little room.
    """

    title: str
    alignment: Alignment = Alignment.LEFT
    wraps: bool = False
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table."""

    text: str
    tone: Tone = Tone.NORMAL

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", visible(self.text))


@dataclass(frozen=True, slots=True)
class Table:
    """A table; each row has one cell a column.

    Raises: ValueError for a row of another length.
    """

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"each row of the table needs {len(self.columns)} cells")


Block = Heading | Paragraph | Bullets | CodeBlock | Table


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report."""

    blocks: tuple[Block, ...]


def titled_list(title: str, texts: Sequence[str], tone: Tone = Tone.NORMAL) -> tuple[Block, ...]:
    """A bold line and a list below it; nothing when there is nothing to list."""
    if not texts:
        return ()
    return (Paragraph(prose(bold(title, tone))), Bullets(tuple(prose(text) for text in texts)))
