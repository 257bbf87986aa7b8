"""The strategy as a PDF on A4, with the fonts that every reader has, so that nothing but text is in the file.

Those fonts know Western European letters (Windows-1252). Other letters lose their accents or are spelled out; emoji are
left out, which print can do without. Letters that have no such form are told to the caller, never silently lost.
"""

from __future__ import annotations

import datetime as dt
import io
import re
import unicodedata
from typing import cast

import fpdf
import pypdf

from aicmo_perf.suites.aicmo.outline import Block, Outline, Section, Table

_ENCODING = "windows-1252"
_FONT = "Helvetica"
_INK, _FAINT, _ACCENT, _RULE = (29, 39, 51), (91, 104, 118), (179, 67, 30), (214, 220, 227)
_ROW_LINE_MM = 4.6
_MARGIN_MM = 22
# letters and signs that Unicode does not decompose into ones the fonts have
_SPELLED_OUT = str.maketrans({"đ": "d", "Đ": "D", "ħ": "h", "ı": "i", "ł": "l", "Ł": "L", "ŋ": "n", "ŧ": "t",
                              "★": "*", "☆": "*", "→": "->", "←": "<-", "↔": "<->", "−": "-", "≤": "<=", "≥": ">=",
                              "≈": "~", "\u2011": "-", "\u2009": " ", "\u202f": " "})  # fmt: skip


def printable(text: str) -> str:
    """The text in what the fonts have; what they lack goes, with the blank before it."""
    try:
        text.encode(_ENCODING)
    except UnicodeEncodeError:
        pass
    else:
        return text.strip()
    shown = "".join(_in_font(character) or "\0" for character in text.translate(_SPELLED_OUT))
    return re.sub(" *\0+", "", shown).strip()


def _in_font(character: str) -> str:
    """A character as it is or without its accents; empty when the fonts have neither."""
    for candidate in (character, unicodedata.normalize("NFKD", character)):
        if kept := candidate.encode(_ENCODING, "ignore").decode(_ENCODING):
            return kept
    return ""


def unprintable_letters(outline: Outline) -> tuple[str, ...]:
    """Letters and digits of a document for which the fonts have nothing at all, each once."""
    texts = [text for _, text in outline.headings] + [outline.subtitle]
    for section in outline.sections:
        texts.append(section.introduction)
        for block in section.blocks:
            rows = (block.table.header, *block.table.rows) if block.table else ()
            texts.extend((*block.paragraphs, *block.bullets, *(cell for row in rows for cell in row)))
    letters = dict.fromkeys(character for text in texts for character in text if character.isalnum())
    return tuple(letter for letter in letters if not printable(letter))


class _Document(fpdf.FPDF):
    """A4 with a numbered footer; the fonts' encoding widened from Latin-1 to Windows-1252, which has € and dashes."""

    def __init__(self, outline: Outline) -> None:
        super().__init__(format="A4")
        self.core_fonts_encoding = _ENCODING
        self.set_margin(_MARGIN_MM)
        self.set_auto_page_break(True, margin=_MARGIN_MM)
        self.set_creation_date(dt.datetime.combine(outline.prepared_on, dt.time(), dt.UTC))
        self.set_title(outline.title)
        self.set_author("AICMO")
        self.set_lang("en")
        self._footer_text = printable(outline.title)

    def footer(self) -> None:
        self.set_y(-15)
        self.use(9, _FAINT)
        self.cell(0, 5, self._footer_text[:90])
        self.set_x(-_MARGIN_MM - 10)
        self.cell(10, 5, str(self.page_no()), align="R")

    def use(self, points: float, color: tuple[int, int, int], *, bold: bool = False) -> None:
        """Write on in this size, colour and weight."""
        self.set_font(_FONT, "B" if bold else "", points)
        self.set_text_color(*color)

    def write_lines(self, text: str, *, height_mm: float, indent_mm: float = 0, gap_mm: float = 1) -> None:
        """A paragraph of the present font, then a gap."""
        for line in self.lines_of(printable(text), self.epw - indent_mm):
            self.set_x(_MARGIN_MM + indent_mm)
            self.cell(0, height_mm, line, new_x="LMARGIN", new_y="NEXT")
        self.ln(gap_mm)

    def lines_of(self, text: str, width_mm: float) -> list[str]:
        """The text of the present font broken into lines of a width."""
        # breaking looks at every letter; most texts fit on a line
        if self.get_string_width(text) + 2 * self.c_margin <= width_mm:
            return [text]
        lines = cast(list[str], self.multi_cell(width_mm, 1, text, align="L", dry_run=True, output="LINES"))
        # fpdf2 returns them as the bytes of the fonts' encoding, each byte a character
        return [line.encode("latin-1").decode(_ENCODING) for line in lines]

    def need_room(self, height_mm: float) -> None:
        """Start a new page unless so much is left of this one: a heading must not stand alone at its foot."""
        if self.will_page_break(height_mm):
            self.add_page()


def render_pdf(outline: Outline) -> bytes:
    """The document; section headings are bookmarks as well."""
    document = _Document(outline)
    document.add_page()
    with document.local_context(fill_color=_ACCENT):
        document.rect(0, 0, document.w, 6, style="F")
    document.ln(10)
    document.use(26, _INK, bold=True)
    document.write_lines(outline.title, height_mm=11)
    document.use(12, _FAINT)
    day = outline.prepared_on
    document.write_lines(f"{outline.subtitle} · {day.day} {day:%B %Y}", height_mm=6, gap_mm=6)
    for section in outline.sections:
        _write_section(document, section)
    return bytes(document.output())


def _write_section(document: _Document, section: Section) -> None:
    document.need_room(45)
    document.ln(5)
    document.start_section(printable(section.heading))
    document.use(17, _ACCENT, bold=True)
    document.write_lines(section.heading, height_mm=8)
    document.use(11, _INK)
    document.write_lines(section.introduction, height_mm=5.5, gap_mm=2)
    for block in section.blocks:
        _write_block(document, block)


def _write_block(document: _Document, block: Block) -> None:
    document.need_room(30)
    document.ln(2)
    document.use(12, _INK, bold=True)
    document.write_lines(block.heading, height_mm=6)
    document.use(10.5, _INK)
    for paragraph in block.paragraphs:
        document.write_lines(paragraph, height_mm=5.2)
    for bullet in block.bullets:
        document.set_x(_MARGIN_MM)
        document.cell(5, 5.2, "•")
        document.write_lines(bullet, height_mm=5.2, indent_mm=5, gap_mm=0.6)
    if block.table is not None:
        _write_table(document, block.table)


def _write_table(document: _Document, table: Table) -> None:
    widths_mm = [document.epw * share / sum(table.widths) for share in table.widths]
    document.ln(1)
    for index, cells in enumerate((table.header, *table.rows)):
        document.use(9.5, _INK if index else _FAINT, bold=not index)
        _write_row(document, [printable(cell) for cell in cells], widths_mm)
    document.ln(2)


def _write_row(document: _Document, cells: list[str], widths_mm: list[float]) -> None:
    # FPDF.table() lays every cell out twice, which costs as much as all the rest of the document
    columns = [document.lines_of(cell, width - 2) for cell, width in zip(cells, widths_mm, strict=True)]
    height_mm = max(len(lines) for lines in columns) * _ROW_LINE_MM + 2
    document.need_room(height_mm)
    top = document.get_y()
    left = float(document.l_margin)
    for lines, width in zip(columns, widths_mm, strict=True):
        for number, line in enumerate(lines):
            document.set_xy(left, top + 1 + number * _ROW_LINE_MM)
            document.cell(width, _ROW_LINE_MM, line)
        left += width
    document.set_draw_color(*_RULE)
    document.line(document.l_margin, top + height_mm, left, top + height_mm)
    document.set_xy(document.l_margin, top + height_mm)


def check_pdf(content: bytes, outline: Outline) -> list[str]:
    """Complaints: no pages, an empty page, headings missing or out of order in the text or the bookmarks."""
    document = pypdf.PdfReader(io.BytesIO(content))
    pages = [_squeezed(page.extract_text()) for page in document.pages]
    complaints = [f"page {number} is empty" for number, text in enumerate(pages, start=1) if not text]
    if not pages:
        complaints.append("the PDF has no pages")
    text, position = "".join(pages), 0
    for _, heading in outline.headings:
        found = text.find(_squeezed(printable(heading)), position)
        if found < 0:
            complaints.append(f"the heading {heading!r} is missing or out of order")
        else:
            position = found + len(_squeezed(printable(heading)))
    bookmarks = [entry.title for entry in document.outline if isinstance(entry, pypdf.generic.Destination)]
    if bookmarks != [printable(section.heading) for section in outline.sections]:
        complaints.append(f"the bookmarks are {bookmarks}")
    if document.metadata is None or document.metadata.title != outline.title:
        complaints.append("the PDF does not carry its title")
    return complaints


def _squeezed(text: str) -> str:
    # where lines break is the layout's business
    return re.sub(r"\s+", "", text)
