"""A document for a terminal, or for a pipe.

Texts are never read as rich's markup: errors are full of square brackets. Where a table has too little room, its
optional columns go first, then its long texts run over several lines; a number is never cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from io import StringIO

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.padding import Padding
from rich.table import Table as RichTable
from rich.text import Text

from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    CodeBlock,
    Column,
    Document,
    Emphasis,
    Heading,
    Paragraph,
    Prose,
    Table,
    Tone,
)

_STYLES = {
    Tone.NORMAL: "",
    Tone.GOOD: "green",
    Tone.BAD: "bold red",
    Tone.WARN: "yellow",
    Tone.MUTED: "dim",
}
_RULES = {1: "═", 2: "─"}
_GAP_WIDTH = 3
_LEAST_WRAPPED_WIDTH = 24
_TAB_WIDTH = 4


def to_console(document: Document, *, width: int = 100, color: bool = False) -> str:
    """Render a document; the text ends with a newline.

    Args:
        document: what to say.
        width: columns of the terminal; no line is longer.
        color: whether to write colour codes; without them the text is plain.
    """
    console = Console(
        file=StringIO(),
        width=width,
        force_terminal=color,
        color_system="standard" if color else None,
        no_color=not color,
        highlight=False,
        markup=False,
        emoji=False,
        legacy_windows=False,
    )
    with console.capture() as capture:
        for position, block in enumerate(document.blocks):
            if position:
                console.print()
            _print(console, block)
    return "".join(f"{line.rstrip()}\n" for line in capture.get().splitlines())


def _print(console: Console, block: Block) -> None:
    match block:
        case Heading(level, text):
            heading = _text(" ".join(text.split()), "bold")
            console.print(heading)
            if level in _RULES:
                console.print(Text(_RULES[level] * min(cell_len(heading.plain), console.width)))
        case Paragraph(content):
            console.print(_prose(content))
        case Bullets():
            _print_bullets(console, block)
        case CodeBlock(text):
            console.print(Padding(_text(text.rstrip("\n")), (0, 0, 0, 4)))
        case Table():
            _print_table(console, block)


def _print_bullets(console: Console, bullets: Bullets, indent: int = 0) -> None:
    for item in bullets.items:
        if isinstance(item, Bullets):
            _print_bullets(console, item, indent + 2)
            continue
        bullet = RichTable.grid(padding=(0, 1, 0, 0))
        bullet.add_column(width=1)
        bullet.add_column(overflow="fold")
        bullet.add_row("•", _prose(item))
        console.print(Padding(bullet, (0, 0, 0, indent)))


def _text(text: str, style: str = "") -> Text:
    return Text(text.expandtabs(_TAB_WIDTH), style=style, overflow="fold")


def _prose(content: Prose) -> Text:
    whole = _text("")
    for span in content:
        style = _STYLES[span.tone]
        whole.append(span.text.expandtabs(_TAB_WIDTH), f"bold {style}" if span.emphasis is Emphasis.BOLD else style)
    return whole


def _print_table(console: Console, table: Table) -> None:
    naturals = [_natural_width(table, position) for position in range(len(table.columns))]
    shown = _columns_that_fit(table.columns, naturals, console.width)
    widths = _widths([table.columns[p] for p in shown], [naturals[p] for p in shown], console.width)
    drawn = RichTable(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1), header_style="bold")
    for position, width in zip(shown, widths, strict=True):
        column = table.columns[position]
        drawn.add_column(
            _text(column.title),
            justify="right" if column.alignment is Alignment.RIGHT else "left",
            width=width,
        )
    for row in table.rows:
        drawn.add_row(*(_cell(row[position]) for position in shown))
    console.print(drawn)
    hidden = [column.title.lower() for p, column in enumerate(table.columns) if p not in shown]
    if hidden:
        console.print(_text(f"(not shown at this width: {', '.join(hidden)})", "dim"))


def _cell(cell: Cell) -> Text:
    return _text(cell.text, _STYLES[cell.tone])


def _natural_width(table: Table, position: int) -> int:
    """The width of a column's longest line."""
    longest = cell_len(table.columns[position].title)
    for row in table.rows:
        for line in row[position].text.splitlines():
            longest = max(longest, cell_len(line.expandtabs(_TAB_WIDTH)))
    return longest


def _columns_that_fit(columns: Sequence[Column], naturals: Sequence[int], available: int) -> list[int]:
    """The positions of the columns to show: optional ones go, the last first, until the rest has room."""
    shown = list(range(len(columns)))

    def needed() -> int:
        least = (min(naturals[p], _LEAST_WRAPPED_WIDTH) if columns[p].wraps else naturals[p] for p in shown)
        return sum(least) + _gaps_width(len(shown))

    while needed() > available:
        optional = [position for position in shown if columns[position].optional]
        if not optional:
            break
        shown.remove(optional[-1])
    return shown


def _gaps_width(column_count: int) -> int:
    return _GAP_WIDTH * (column_count - 1)


def _widths(columns: Sequence[Column], naturals: Sequence[int], available: int) -> list[int]:
    """A width a column: wrapping ones share what the others leave; if that is too little, the widest gives way."""
    widths = list(naturals)
    room = available - _gaps_width(len(columns))
    for may_shrink, least in ((True, 8), (False, 1), (True, 1)):
        candidates = [p for p, column in enumerate(columns) if column.wraps is may_shrink]
        while sum(widths) > room:
            widest = max(candidates, key=lambda p: widths[p], default=None)
            if widest is None or widths[widest] <= least:
                break
            widths[widest] -= 1
    return widths
