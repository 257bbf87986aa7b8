"""A document as GitHub Markdown.

Every text is escaped, for names and errors are other people's: a pipe must not open a column, an underscore must
not start italics, and HTML must not take effect. Escapes are left out where CommonMark gives a character no meaning
(``snake_case``, a lone ``&``), so that the file stays readable as text.
"""

from __future__ import annotations

import re

from aicmo_perf.report.document import (
    Alignment,
    Block,
    Bullets,
    Cell,
    CodeBlock,
    Document,
    Emphasis,
    Heading,
    Paragraph,
    Prose,
    Span,
    Table,
    Tone,
)

# an ampersand matters only where it could begin an entity
_SPECIAL = re.compile(r"[\\`*\[\]<|~$]|&(?=#?\w+;)")
_UNDERSCORES = re.compile(r"_+")
# what would begin a heading, a list, a quotation or a rule at the start of a line
_BLOCK_START = re.compile(r"[#+\-=>]|\d+(?=[.)])")
_CLOSING = re.compile(r"#+$")
_BACKSLASHED = r"\\\g<0>"
_BACKTICKS = re.compile(r"`+")
_LINE_BREAK = "<br>"


def to_markdown(document: Document) -> str:
    """Render a document; the text ends with a newline."""
    return "\n\n".join(_block(block) for block in document.blocks) + "\n"


def _block(block: Block) -> str:
    match block:
        case Heading(level, text):
            # number signs at its end would close the heading and vanish
            return f"{'#' * level} {_CLOSING.sub(_BACKSLASHED, _inline(' '.join(text.split())))}"
        case Paragraph(content):
            return _prose(content)
        case Bullets():
            return _bullets(block)
        case CodeBlock(text, language):
            return _fenced(text, language)
        case Table():
            return _table(block)


def _bullets(bullets: Bullets, indent: str = "") -> str:
    return "\n".join(
        _bullets(item, f"{indent}  ") if isinstance(item, Bullets) else f"{indent}- {_prose(item)}".rstrip()
        for item in bullets.items
    )


def _prose(content: Prose) -> str:
    text = "".join(_span(span) for span in content).strip()
    first = next((span for span in content if span.text.strip()), None)
    if first is None or first.emphasis is not Emphasis.PLAIN:
        return text
    start = _BLOCK_START.match(text)
    if start is None:
        return text
    # of a number it is the full stop or the parenthesis behind it that makes the list
    at = start.end() if start[0].isdigit() else 0
    return f"{text[:at]}\\{text[at:]}"


def _span(span: Span) -> str:
    match span.emphasis:
        case Emphasis.PLAIN:
            return _inline(span.text)
        case Emphasis.BOLD:
            return _bold(span.text)
        case Emphasis.CODE:
            return _code(span.text)


def _inline(text: str) -> str:
    escaped = _SPECIAL.sub(_BACKSLASHED, text)
    escaped = _UNDERSCORES.sub(_escape_underscores, escaped)
    return escaped.replace("\n", _LINE_BREAK)


def _escape_underscores(match: re.Match[str]) -> str:
    """Between two alphanumerics underscores open no emphasis (CommonMark 0.31, §6.2)."""
    before = match.string[match.start() - 1 : match.start()]
    after = match.string[match.end() : match.end() + 1]
    return match[0] if before.isalnum() and after.isalnum() else match[0].replace("_", "\\_")


def _bold(text: str) -> str:
    content = text.strip()
    return f"**{_inline(content)}**" if content else ""


def _code(text: str) -> str:
    content = text.replace("\n", " ")
    longest = max((len(run) for run in _BACKTICKS.findall(content)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if content.startswith("`") or content.endswith("`") else ""
    return f"{fence}{padding}{content}{padding}{fence}" if content.strip() else ""


def _fenced(text: str, language: str) -> str:
    longest = max((len(run) for run in _BACKTICKS.findall(text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text.rstrip()}\n{fence}"


def _table(table: Table) -> str:
    lines = [_row([_inline(column.title) for column in table.columns])]
    lines.append(_row(["---:" if c.alignment is Alignment.RIGHT else "---" for c in table.columns]))
    lines.extend(_row([_cell(cell) for cell in row]) for row in table.rows)
    return "\n".join(lines)


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    # what is bad must stand out without colours too
    return _bold(cell.text) if cell.tone is Tone.BAD else _inline(cell.text.strip())
