"""The summary as one HTML page: no script, nothing loaded from elsewhere, for browser, e-mail and printer."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser

from aicmo_perf.suites.aicmo.outline import Block, Outline, Section, Table

_STYLE = """
:root { --ink: #1d2733; --faint: #5b6876; --line: #dfe4ea; --accent: #b3431e; }
body { margin: 0 auto; max-width: 54rem; padding: 3rem 1.5rem; color: var(--ink); background: #fff;
       font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
header { border-bottom: 3px solid var(--accent); padding-bottom: 1rem; margin-bottom: 2rem; }
h1 { font-size: 2.1rem; line-height: 1.2; margin: 0 0 .4rem; }
h2 { font-size: 1.45rem; margin: 2.6rem 0 .5rem; color: var(--accent); }
h3 { font-size: 1.05rem; margin: 1.5rem 0 .3rem; }
p { margin: .4rem 0; }
.faint { color: var(--faint); }
ul { margin: .4rem 0; padding-left: 1.2rem; }
table { border-collapse: collapse; width: 100%; margin: .6rem 0; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem .35rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; }
nav ol { columns: 2; padding-left: 1.2rem; }
a { color: inherit; }
@media print { body { padding: 0; font-size: 11pt; } h2 { break-after: avoid; } table, ul { break-inside: avoid; } }
"""

ALLOWED_TAGS = frozenset(
    {"html", "head", "meta", "title", "style", "body", "header", "nav", "main", "section", "time"}
    | {"h1", "h2", "h3", "p", "ol", "ul", "li", "a", "table", "thead", "tbody", "tr", "th", "td"}
)
_VOID_TAGS = frozenset({"meta"})


def render_html(outline: Outline) -> bytes:
    """The page in UTF-8; every text of the outline is escaped."""
    return "\n".join(_page(outline)).encode()


def _page(outline: Outline) -> Iterator[str]:
    yield '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>{escape(outline.title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<header>"
    yield f"<h1>{escape(outline.title)}</h1>"
    day = outline.prepared_on
    yield f'<p class="faint">{escape(outline.subtitle)} · <time datetime="{day}">{day.day} {day:%B %Y}</time></p>'
    yield "</header>\n<nav>\n<ol>"
    for number, section in enumerate(outline.sections, start=1):
        yield f'<li><a href="#section-{number}">{escape(section.heading)}</a></li>'
    yield "</ol>\n</nav>\n<main>"
    for number, section in enumerate(outline.sections, start=1):
        yield from _section(section, number)
    yield "</main>\n</body>\n</html>\n"


def _section(section: Section, number: int) -> Iterator[str]:
    yield f'<section id="section-{number}">\n<h2>{escape(section.heading)}</h2>'
    yield f"<p>{escape(section.introduction)}</p>"
    for block in section.blocks:
        yield from _block(block)
    yield "</section>"


def _block(block: Block) -> Iterator[str]:
    yield f"<h3>{escape(block.heading)}</h3>"
    for paragraph in block.paragraphs:
        yield f"<p>{escape(paragraph)}</p>"
    if block.bullets:
        yield "<ul>\n" + "\n".join(f"<li>{escape(bullet)}</li>" for bullet in block.bullets) + "\n</ul>"
    if block.table is not None:
        yield from _table(block.table)


def _table(table: Table) -> Iterator[str]:
    heads = "".join(f'<th scope="col">{escape(cell)}</th>' for cell in table.header)
    yield f"<table>\n<thead><tr>{heads}</tr></thead>\n<tbody>"
    for row in table.rows:
        yield "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>"
    yield "</tbody>\n</table>"


class _Reader(HTMLParser):
    """Reads a page back: its headings, the texts of its leaves, and whatever is not well formed."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.headings: list[tuple[int, str]] = []
        self.texts: list[str] = []
        self.complaints: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in ALLOWED_TAGS:
            self.complaints.append(f"the page has a <{tag}>, which can only come from a text that was not escaped")
        if tag not in _VOID_TAGS:
            self._open.append(tag)
            self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open[-1] != tag:
            self.complaints.append(f"</{tag}> closes nothing")
            return
        self._open.pop()
        if tag in ("h1", "h2", "h3"):
            self.headings.append((int(tag[1]), self.texts[-1]))

    def handle_data(self, data: str) -> None:
        if self.texts:
            self.texts[-1] += data

    def close(self) -> None:
        super().close()
        if self._open:
            self.complaints.append(f"<{self._open[-1]}> is never closed")


def check_html(content: bytes, outline: Outline) -> list[str]:
    """Complaints: headings missing or out of order, a text of the outline that does not read back, stray markup."""
    reader = _Reader()
    reader.feed(content.decode())
    reader.close()
    complaints = reader.complaints
    if tuple(reader.headings) != outline.headings:
        complaints.append(f"the headings are {reader.headings}, not {list(outline.headings)}")
    levels = [level for level, _ in reader.headings]
    if any(after > before + 1 for before, after in zip([0, *levels], levels, strict=False)):
        complaints.append("a heading skips a level")
    shown = {text.strip() for text in reader.texts}
    complaints.extend(f"the page lacks {text!r}" for text in _texts(outline) if text.strip() not in shown)
    return complaints


def _texts(outline: Outline) -> Iterator[str]:
    for section in outline.sections:
        yield section.introduction
        for block in section.blocks:
            yield from block.paragraphs
            yield from block.bullets
            if block.table is not None:
                for row in (block.table.header, *block.table.rows):
                    yield from row
