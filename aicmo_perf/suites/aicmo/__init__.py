"""The reference suite: the features of AICMO, a marketing office, exercised with four clients' briefs.

Five generators write from a brief, four packagers turn what was written into files and return their paths. This module
is their table of contents; what they do lies in the modules beside it. Importing it loads no library outside the
standard one: packagers import theirs when they are called, and are skipped with the reason when one is missing.

In live mode with ``AICMO_USE_LLM=1`` the generators have their text worded by a language model. Packagers always use
templates: theirs is the packing, and its runtime should not be a model's.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aicmo_perf import add_warning, feature, skip
from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.briefs import BRIEFS
from aicmo_perf.suites.aicmo.deliverables import outline_behind, write_deliverable
from aicmo_perf.suites.aicmo.generators.messaging_pillars import (
    MessagingPillars,
    check_messaging_pillars,
    write_messaging_pillars,
)
from aicmo_perf.suites.aicmo.generators.personas import PersonaSet, check_personas, write_personas
from aicmo_perf.suites.aicmo.generators.situation_analysis import (
    SituationAnalysis,
    check_situation_analysis,
    write_situation_analysis,
)
from aicmo_perf.suites.aicmo.generators.social_calendar import (
    SocialCalendar,
    check_social_calendar,
    write_social_calendar,
)
from aicmo_perf.suites.aicmo.generators.swot import SwotAnalysis, check_swot, write_swot
from aicmo_perf.suites.aicmo.libraries import FPDF, PPTX, PYPDF, first_obstacle
from aicmo_perf.suites.aicmo.outline import Outline, outline_of
from aicmo_perf.suites.aicmo.packagers.html_summary import check_html, render_html
from aicmo_perf.suites.aicmo.packagers.project_package import check_package, render_package
from aicmo_perf.suites.aicmo.phrasing import phrase, phrase_by_template
from aicmo_perf.suites.aicmo.strategy import Strategy, compose_strategy

_Check = Callable[[bytes, Outline], list[str]]


def _opened(path: Path, check: _Check) -> list[str]:
    """Open a packager's file again and compare it with what it was meant to say."""
    return check(path.read_bytes(), outline_behind(path))


def _check_deck_file(path: Path) -> list[str]:
    from aicmo_perf.suites.aicmo.packagers.deck_pptx import check_deck

    return _opened(path, check_deck)


def _check_pdf_file(path: Path) -> list[str]:
    from aicmo_perf.suites.aicmo.packagers.strategy_pdf import check_pdf

    return _opened(path, check_pdf)


def _packable(brief: ClientBrief) -> tuple[Strategy, Outline]:
    strategy = compose_strategy(brief, phrase_by_template)
    return strategy, outline_of(strategy)


@feature(category="generator", critical=True, scenarios=BRIEFS, returns=PersonaSet, validate=check_personas)
def persona_generator(brief: ClientBrief) -> PersonaSet:
    """Who the client's customers are."""
    return write_personas(brief, phrase)


@feature(category="generator", critical=True, scenarios=BRIEFS, returns=SocialCalendar, validate=check_social_calendar)
def social_calendar_generator(brief: ClientBrief) -> SocialCalendar:
    """What to post where on which day, within the budget."""
    return write_social_calendar(brief, phrase)


@feature(
    category="generator", critical=True, scenarios=BRIEFS, returns=SituationAnalysis, validate=check_situation_analysis
)
def situation_analysis_generator(brief: ClientBrief) -> SituationAnalysis:
    """Where the client stands: market, competitors, goals, budget."""
    return write_situation_analysis(brief, phrase)


@feature(
    category="generator", critical=True, scenarios=BRIEFS, returns=MessagingPillars, validate=check_messaging_pillars
)
def messaging_pillars_generator(brief: ClientBrief) -> MessagingPillars:
    """What the client should say again and again, and its proof."""
    return write_messaging_pillars(brief, phrase)


@feature(category="generator", critical=True, scenarios=BRIEFS, returns=SwotAnalysis, validate=check_swot)
def swot_generator(brief: ClientBrief) -> SwotAnalysis:
    """Strengths, weaknesses, opportunities and threats, by numbers."""
    return write_swot(brief, phrase)


@feature(
    category="packager",
    critical=True,
    scenarios=BRIEFS,
    returns=Path,
    validate=lambda path: _opened(path, check_html),
)
def generate_html_summary(brief: ClientBrief) -> Path:
    """The strategy as one HTML page."""
    _, outline = _packable(brief)
    return write_deliverable(brief, outline, "summary.html", render_html(outline))


@feature(category="packager", critical=True, scenarios=BRIEFS, returns=Path, validate=_check_deck_file)
def generate_full_deck_pptx(brief: ClientBrief) -> Path:
    """The strategy as slides."""
    if obstacle := PPTX.obstacle():
        skip(obstacle)
    from aicmo_perf.suites.aicmo.packagers.deck_pptx import render_deck

    _, outline = _packable(brief)
    return write_deliverable(brief, outline, "deck.pptx", render_deck(outline))


@feature(category="packager", scenarios=BRIEFS, returns=Path, validate=_check_pdf_file)
def generate_strategy_pdf(brief: ClientBrief) -> Path:
    """The strategy as a PDF to print."""
    if obstacle := first_obstacle(FPDF, PYPDF):
        skip(obstacle)
    from aicmo_perf.suites.aicmo.packagers.strategy_pdf import render_pdf, unprintable_letters

    _, outline = _packable(brief)
    if lost := unprintable_letters(outline):
        add_warning(f"the PDF's fonts lack {', '.join(lost)}")
    return write_deliverable(brief, outline, "strategy.pdf", render_pdf(outline))


@feature(
    category="packager",
    scenarios=BRIEFS,
    returns=Path,
    validate=lambda path: _opened(path, check_package),
)
def generate_project_package(brief: ClientBrief) -> Path:
    """Everything in one zip, with a manifest."""
    strategy, outline = _packable(brief)
    return write_deliverable(brief, outline, "project.zip", render_package(strategy))
