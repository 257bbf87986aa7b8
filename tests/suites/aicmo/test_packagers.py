"""Files are opened again: they say what the outline says, whatever the brief's texts are, and their checks can fail."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import json
import random
import sys
import zipfile
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation
from pypdf import PdfReader

from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.briefs import BRIEFS, INN, LEDGERLINE, TRATTORIA
from aicmo_perf.suites.aicmo.outline import Block, Outline, Section, Table, outline_of
from aicmo_perf.suites.aicmo.packagers.archive import read_archive, write_archive
from aicmo_perf.suites.aicmo.packagers.deck_pptx import check_deck, plan_slides, render_deck
from aicmo_perf.suites.aicmo.packagers.html_summary import check_html, render_html
from aicmo_perf.suites.aicmo.packagers.project_package import MANIFEST, check_package, render_package
from aicmo_perf.suites.aicmo.packagers.strategy_pdf import check_pdf, printable, render_pdf, unprintable_letters
from aicmo_perf.suites.aicmo.phrasing import phrase_by_template
from aicmo_perf.suites.aicmo.strategy import Strategy, compose_strategy

RENDERERS: dict[str, tuple[Callable[[Outline], bytes], Callable[[bytes, Outline], list[str]]]] = {
    "html": (render_html, check_html),
    "deck": (render_deck, check_deck),
    "pdf": (render_pdf, check_pdf),
}


def strategy_for(brief: ClientBrief) -> Strategy:
    random.seed(42)
    return compose_strategy(brief, phrase_by_template)


def outline_for(brief: ClientBrief) -> Outline:
    return outline_of(strategy_for(brief))


def small_outline(text: str) -> Outline:
    """Every place of a document, filled with one text."""
    table = Table((text, "B"), ((text, text),), (2, 1))
    block = Block(heading=text, paragraphs=(text,), bullets=(text,), table=table)
    section = Section(heading=text, introduction=text, blocks=(block,))
    return Outline(title=text, subtitle=text, prepared_on=dt.date(2025, 1, 31), sections=(section,))


@pytest.mark.parametrize("name", RENDERERS)
@pytest.mark.parametrize("brief", BRIEFS, ids=lambda brief: brief.company)
def test_the_file_of_every_client_reads_back(name: str, brief: ClientBrief) -> None:
    render, check = RENDERERS[name]
    outline = outline_for(brief)
    assert check(render(outline), outline) == []


@pytest.mark.parametrize("name", RENDERERS)
@given(text=st.text(st.characters(exclude_categories=["Cc", "Cs", "Cn", "Zl", "Zp"]), min_size=1).map(str.strip))
@settings(max_examples=12, deadline=None)
def test_any_text_reads_back(name: str, text: str) -> None:
    render, check = RENDERERS[name]
    # the PDF's fonts may lack every letter of it; the headings that remain are still looked for
    outline = small_outline(text or "x")
    complaints = [complaint for complaint in check(render(outline), outline) if "carry its title" not in complaint]
    assert complaints == []


@pytest.mark.parametrize("name", RENDERERS)
def test_another_client_is_noticed(name: str) -> None:
    render, check = RENDERERS[name]
    assert check(render(outline_for(TRATTORIA)), outline_for(LEDGERLINE))


@pytest.mark.parametrize("name", RENDERERS)
def test_sections_in_another_order_are_noticed(name: str) -> None:
    render, check = RENDERERS[name]
    outline = outline_for(TRATTORIA)
    shuffled = dataclasses.replace(outline, sections=tuple(reversed(outline.sections)))
    assert check(render(shuffled), outline)


def test_a_table_with_a_ragged_row_is_refused() -> None:
    with pytest.raises(ValueError, match="fewer cells"):
        Table(("A", "B"), (("only one",),), (1, 1))


# HTML ----------------------------------------------------------------------------------------------------------------


def test_markup_in_a_brief_stays_text() -> None:
    hostile = dataclasses.replace(INN, company="<script>alert(1)</script> & <b>Co</b>", description="sells \"<i>\" 'x'")
    outline = outline_for(hostile)
    page = render_html(outline).decode()
    assert "<script" not in page
    assert "<b>" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;Co&lt;/b&gt;" in page
    assert check_html(page.encode(), outline) == []


@pytest.mark.parametrize(
    ("sound", "spoiled", "complaint"),
    [
        ("<h2>SWOT</h2>", "<h3>SWOT</h3>", "the headings are"),
        ("<h1>", "<h2>", "closes nothing"),
        ("&amp;", "<b>&amp;</b>", "not escaped"),
        ("</main>", "", "closes nothing"),
        ("</html>", "", "never closed"),
        ("CHF 800", "CHF 900", "lacks"),
    ],
)
def test_a_spoiled_page_is_complained_about(sound: str, spoiled: str, complaint: str) -> None:
    outline = outline_for(INN)
    page = render_html(outline).decode()
    assert sound in page
    assert any(complaint in each for each in check_html(page.replace(sound, spoiled).encode(), outline))


def test_a_page_that_skips_a_level_is_complained_about() -> None:
    outline = small_outline("x")
    page = render_html(outline).decode().replace("<h2>x</h2>", "<p>x</p>")
    assert "a heading skips a level" in check_html(page.encode(), outline)


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = render_html(outline_for(LEDGERLINE)).decode()
    assert not any(word in page for word in ("http:", "https:", "src=", "@import", "url("))


# slides --------------------------------------------------------------------------------------------------------------


def test_the_deck_has_a_slide_for_the_title_each_section_and_each_block() -> None:
    outline = outline_for(LEDGERLINE)
    expected = 1 + len(outline.sections) + sum(len(section.blocks) for section in outline.sections)
    deck = Presentation(io.BytesIO(render_deck(outline)))
    assert len(deck.slides) == expected == len(plan_slides(outline))
    assert all(slide.shapes.title.text_frame.text for slide in deck.slides)


def test_what_is_too_long_for_a_slide_continues_on_another() -> None:
    rows = tuple((f"row {number}", "x") for number in range(20))
    bullets = tuple(f"bullet {number}" for number in range(8))
    block = Block(heading="Long", paragraphs=("Once.",), bullets=bullets, table=Table(("A", "B"), rows, (1, 1)))
    outline = dataclasses.replace(
        small_outline("x"), sections=(Section(heading="S", introduction="I", blocks=(block,)),)
    )
    slides = plan_slides(outline)[2:]
    assert [slide.title for slide in slides] == ["Long (1 of 3)", "Long (2 of 3)", "Long (3 of 3)"]
    assert [slide.paragraphs for slide in slides] == [("Once.",), (), ()]
    assert sum((slide.bullets for slide in slides), ()) == bullets
    assert sum((slide.table.rows for slide in slides if slide.table), ()) == rows
    assert check_deck(render_deck(outline), outline) == []


def test_the_deck_bears_the_date_of_the_brief() -> None:
    properties = Presentation(io.BytesIO(render_deck(outline_for(TRATTORIA)))).core_properties
    assert properties.created.date() == properties.modified.date() == TRATTORIA.prepared_on
    assert properties.title == "Marketing strategy for Trattoria Lucia"


def test_a_spoiled_deck_is_complained_about() -> None:
    outline = outline_for(TRATTORIA)
    deck = Presentation(io.BytesIO(render_deck(outline)))
    deck.slides[1].shapes.title.text_frame.text = ""
    deck.slides[2].shapes[-1].text_frame.text = "something else"
    next(shape for shape in deck.slides[3].shapes if shape.has_table).table.cell(0, 0).text = "?"
    buffer = io.BytesIO()
    deck.save(buffer)
    complaints = check_deck(buffer.getvalue(), outline)
    assert any("slide 2 is titled ''" in complaint for complaint in complaints)
    assert any("slide 3 lacks" in complaint for complaint in complaints)
    assert any("table of slide 4" in complaint for complaint in complaints)


# PDF -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Zürich – “€5”…", "Zürich – “€5”…"),
        ("Božena Łukasz Đorđe Őri", "Božena Lukasz Dorde Ori"),
        ("4.9 ★, A → B, x ≤ 3", "4.9 *, A -> B, x <= 3"),
        ("beer lovers 🍺, 16 %", "beer lovers, 16 %"),
        ("🦁 Löwen 🦁", "Löwen"),
        ("ﬁne", "fine"),
        ("東京", ""),
    ],
)
def test_the_pdf_shows_what_its_fonts_have(text: str, shown: str) -> None:
    assert printable(text) == shown


def test_letters_that_the_pdf_loses_are_told() -> None:
    assert unprintable_letters(outline_for(INN)) == ()
    outline = outline_for(dataclasses.replace(TRATTORIA, company="東京 Pasta 🍝"))
    assert unprintable_letters(outline) == ("東", "京")


def test_the_pdf_has_numbered_pages_bookmarks_and_the_date_of_the_brief() -> None:
    outline = outline_for(LEDGERLINE)
    document = PdfReader(io.BytesIO(render_pdf(outline)))
    assert len(document.pages) > 1
    for number, page in enumerate(document.pages, start=1):
        assert page.extract_text().split()[-1] == str(number)
    assert [entry.title for entry in document.outline] == [section.heading for section in outline.sections]
    assert document.metadata is not None
    assert document.metadata.creation_date is not None
    assert document.metadata.creation_date.date() == LEDGERLINE.prepared_on


def test_a_long_table_breaks_between_rows() -> None:
    rows = tuple((f"row-{number}", "a long text that has to be broken into lines " * 3) for number in range(40))
    block = Block(heading="Long", table=Table(("A", "B"), rows, (1, 1)))
    outline = dataclasses.replace(
        small_outline("x"), sections=(Section(heading="S", introduction="I", blocks=(block,)),)
    )
    document = PdfReader(io.BytesIO(render_pdf(outline)))
    text = "\n".join(page.extract_text() for page in document.pages)
    assert len(document.pages) > 2
    assert all(f"row-{number}\n" in text or f"row-{number} " in text for number in range(40))


# the zip -------------------------------------------------------------------------------------------------------------


def test_the_package_holds_everything_and_a_manifest() -> None:
    content = render_package(strategy_for(INN))
    files = read_archive(content)
    stem = "gasthof-zum-lowen-muller-sohne-seit-1683"
    assert list(files) == [
        MANIFEST,
        f"{stem}-summary.html",
        f"{stem}-calendar.csv",
        f"{stem}-strategy.json",
        f"{stem}-deck.pptx",
        f"{stem}-strategy.pdf",
    ]
    assert json.loads(files[MANIFEST])["absent"] == []
    assert json.loads(files[f"{stem}-strategy.json"])["brief"]["company"] == INN.company
    calendar = files[f"{stem}-calendar.csv"].decode("utf-8-sig").splitlines()
    assert len(calendar) == 1 + len(strategy_for(INN).calendar.posts)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert {entry.date_time for entry in archive.infolist()} == {(2025, 11, 24, 0, 0, 0)}


@pytest.mark.parametrize(("module", "suffix"), [("pptx", "-deck.pptx"), ("fpdf", "-strategy.pdf")])
def test_what_cannot_be_made_is_absent_with_the_reason(
    monkeypatch: pytest.MonkeyPatch, module: str, suffix: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    strategy = strategy_for(TRATTORIA)
    content = render_package(strategy)
    files = read_archive(content)
    (absent,) = json.loads(files[MANIFEST])["absent"]
    assert absent["name"].endswith(suffix)
    assert "is not installed; pip install 'aicmo-perf[aicmo]'" in absent["reason"]
    assert absent["name"] not in files
    assert check_package(content, outline_of(strategy)) == []


def test_a_spoiled_package_is_complained_about() -> None:
    strategy = strategy_for(TRATTORIA)
    outline, sound = outline_of(strategy), read_archive(render_package(strategy))
    name = "trattoria-lucia-calendar.csv"
    same_size = sound[name].replace(b"Instagram", b"instagraM")

    def complaints(files: dict[str, bytes]) -> str:
        return " ".join(check_package(write_archive(files, dt.date(2025, 1, 1)), outline))

    assert complaints(sound) == ""
    assert f"{name} is not the file" in complaints({**sound, name: same_size})
    assert "0 parts end in -calendar.csv" in complaints({key: data for key, data in sound.items() if key != name})
    assert "the package holds" in complaints({**sound, "extra.txt": b"?"})
    assert "cannot be read" in complaints({key: data for key, data in sound.items() if key != MANIFEST})
    assert "cannot be read" in " ".join(check_package(b"no zip", outline))
    assert "is titled" in " ".join(check_package(render_package(strategy), outline_for(LEDGERLINE)))


def test_an_archive_with_a_name_twice_is_damaged() -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"2")
    with pytest.raises(zipfile.BadZipFile, match="twice"):
        read_archive(buffer.getvalue())
