"""The deck: a title slide, one for each section, one for each block; what is too long for a slide continues on another.

Which slides there are is planned without python-pptx, so that the file can be compared with the plan.
"""

from __future__ import annotations

import datetime as dt
import io
import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeVar

from pptx import Presentation
from pptx.dml.color import RGBColor
from pptx.enum.text import PP_ALIGN
from pptx.util import Emu, Inches, Pt

from aicmo_perf.suites.aicmo.outline import Block, Outline, Section, Table
from aicmo_perf.suites.aicmo.packagers.archive import read_archive, write_archive

if TYPE_CHECKING:
    from pptx.presentation import Presentation as PresentationFile

ROWS_PER_SLIDE = 8
BULLETS_PER_SLIDE = 6

_TITLE_ONLY_LAYOUT = 5
_WIDTH, _HEIGHT = Inches(13.333), Inches(7.5)
_MARGIN = Inches(0.7)
# python-pptx leaves its constructors untyped
_INK, _FAINT, _ACCENT, _PAPER = map(RGBColor.from_string, ("1D2733", "5B6876", "B3431E", "FFFFFF"))

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slide:
    """What one slide shows; the kicker is the small line above the title."""

    title: str
    kicker: str = ""
    paragraphs: tuple[str, ...] = ()
    bullets: tuple[str, ...] = ()
    table: Table | None = None
    is_divider: bool = False


def plan_slides(outline: Outline) -> tuple[Slide, ...]:
    """All slides of a document, in order."""
    day = outline.prepared_on
    title = Slide(title=outline.title, kicker=outline.subtitle, paragraphs=(f"{day.day} {day:%B %Y}",), is_divider=True)
    return (title, *itertools.chain.from_iterable(_section_slides(section) for section in outline.sections))


def _section_slides(section: Section) -> Iterator[Slide]:
    yield Slide(title=section.heading, paragraphs=(section.introduction,), is_divider=True)
    for block in section.blocks:
        yield from _block_slides(block, section.heading)


def _block_slides(block: Block, kicker: str) -> Iterator[Slide]:
    bullet_parts = _parts(block.bullets, BULLETS_PER_SLIDE)
    row_parts = _parts(block.table.rows if block.table else (), ROWS_PER_SLIDE)
    count = max(len(bullet_parts), len(row_parts))
    for index in range(count):
        rows = row_parts[index] if index < len(row_parts) else ()
        yield Slide(
            title=block.heading if count == 1 else f"{block.heading} ({index + 1} of {count})",
            kicker=kicker,
            paragraphs=block.paragraphs if index == 0 else (),
            bullets=bullet_parts[index] if index < len(bullet_parts) else (),
            table=replace(block.table, rows=rows) if block.table and rows else None,
        )


def _parts(items: Sequence[Item], size: int) -> list[tuple[Item, ...]]:
    """The items in parts that fit on a slide; one empty part when there are none."""
    return [tuple(items[start : start + size]) for start in range(0, len(items), size)] or [()]


def render_deck(outline: Outline) -> bytes:
    """The presentation in the format of PowerPoint, 16:9."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = _WIDTH, _HEIGHT
    properties = deck.core_properties
    properties.title, properties.subject = outline.title, outline.subtitle
    properties.author = properties.last_modified_by = "AICMO"
    properties.created = properties.modified = dt.datetime.combine(outline.prepared_on, dt.time())
    for slide in plan_slides(outline):
        _add_slide(deck, slide)
    buffer = io.BytesIO()
    deck.save(buffer)
    # python-pptx dates the entries of the file by the clock
    return write_archive(read_archive(buffer.getvalue()), outline.prepared_on)


def _add_slide(deck: PresentationFile, slide: Slide) -> None:
    page = deck.slides.add_slide(deck.slide_layouts[_TITLE_ONLY_LAYOUT])
    width = _WIDTH - 2 * _MARGIN
    if slide.is_divider:
        page.background.fill.solid()
        page.background.fill.fore_color.rgb = _INK
    top = Inches(2.2 if slide.is_divider else 0.75)
    title = page.shapes.title
    title.left, title.top, title.width, title.height = _MARGIN, top, width, Inches(1.3 if slide.is_divider else 0.9)
    title_points = (40 if slide.is_divider else 28) * (0.65 if len(slide.title) > 60 else 1)
    ink = _PAPER if slide.is_divider else _INK
    _write(title.text_frame, [slide.title], points=title_points, color=ink, bold=True)
    # the layout would centre it
    title.text_frame.paragraphs[0].alignment = PP_ALIGN.LEFT
    if slide.kicker:
        kicker = page.shapes.add_textbox(_MARGIN, top - Inches(0.4), width, Inches(0.4))
        _write(kicker.text_frame, [slide.kicker], points=14, color=ink if slide.is_divider else _ACCENT, bold=True)
    below = title.top + title.height + Inches(0.15)
    lines = [*slide.paragraphs, *(f"•  {bullet}" for bullet in slide.bullets)]
    if lines:
        length = sum(len(line) for line in lines)
        points = 20 if length < 560 and slide.table is None else 16 if length < 900 else 13
        # an estimate of how tall the text gets, for what stands below it: Office lays text out only when it opens it
        line_count = sum(1 + len(line) * points // 1500 for line in lines)
        height = Pt(points * 1.5 * line_count)
        box = page.shapes.add_textbox(_MARGIN, below, width, height)
        _write(box.text_frame, lines, points=points, color=ink if slide.is_divider else _FAINT)
        below += height + Inches(0.15)
    if slide.table is not None:
        _add_table(page, slide.table, Emu(below), Emu(width))


def _add_table(page: Any, table: Table, top: Emu, width: Emu) -> None:
    row_height = Inches(0.42)
    row_count = len(table.rows) + 1
    frame = page.shapes.add_table(row_count, len(table.header), _MARGIN, top, width, row_height * row_count)
    for column, share in zip(frame.table.columns, table.widths, strict=True):
        column.width = Emu(width * share // sum(table.widths))
    for row, cells in zip(frame.table.rows, (table.header, *table.rows), strict=True):
        is_header = cells is table.header
        for cell, text in zip(row.cells, cells, strict=True):
            if is_header:
                cell.fill.solid()
                cell.fill.fore_color.rgb = _ACCENT
            # colours and bands of the rest are the table style's: cheaper to write, easier to restyle
            run = cell.text_frame.paragraphs[0].add_run()
            run.text, run.font.size = text, Pt(13)


def _write(frame: Any, lines: Sequence[str], *, points: float, color: RGBColor, bold: bool = False) -> None:
    frame.word_wrap = True
    for index, line in enumerate(lines):
        paragraph = frame.paragraphs[0] if index == 0 else frame.add_paragraph()
        paragraph.space_after = Pt(points * 0.3)
        run = paragraph.add_run()
        run.text = line
        run.font.size, run.font.color.rgb = Pt(points), color
        if bold:
            run.font.bold = True


def check_deck(content: bytes, outline: Outline) -> list[str]:
    """Complaints: a slide missing, without its title, or without the texts and rows it was planned with."""
    deck = Presentation(io.BytesIO(content))
    planned = plan_slides(outline)
    if len(deck.slides) != len(planned):
        return [f"the deck has {len(deck.slides)} slides, not {len(planned)}"]
    complaints = []
    for number, (page, slide) in enumerate(zip(deck.slides, planned, strict=True), start=1):
        title = page.shapes.title.text_frame.text if page.shapes.title is not None else ""
        if not title.strip() or title != slide.title:
            complaints.append(f"slide {number} is titled {title!r}, not {slide.title!r}")
        texts = " ".join(shape.text_frame.text for shape in page.shapes if shape.has_text_frame)
        complaints.extend(
            f"slide {number} lacks {text!r}" for text in (*slide.paragraphs, *slide.bullets) if text not in texts
        )
        tables = [shape.table for shape in page.shapes if shape.has_table]
        rows = [tuple(cell.text_frame.text for cell in row.cells) for table in tables for row in table.rows]
        if rows != ([slide.table.header, *slide.table.rows] if slide.table else []):
            complaints.append(f"the table of slide {number} is not the planned one")
    return complaints
