"""The whole project in one zip: summary, deck, PDF, the calendar as CSV, the strategy as JSON, and a manifest.

What cannot be made, because its library is missing, is absent, and the manifest says why. The manifest describes every
other file by size and SHA-256, so that a package can be checked without anything else.
"""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import hashlib
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

from aicmo_perf.suites.aicmo.deliverables import file_stem
from aicmo_perf.suites.aicmo.generators.social_calendar import SocialCalendar
from aicmo_perf.suites.aicmo.libraries import FPDF, PPTX
from aicmo_perf.suites.aicmo.outline import Outline, outline_of
from aicmo_perf.suites.aicmo.packagers.archive import read_archive, write_archive
from aicmo_perf.suites.aicmo.packagers.html_summary import check_html, render_html
from aicmo_perf.suites.aicmo.strategy import Strategy

MANIFEST = "manifest.json"
FORMAT = "aicmo/project-package"
FORMAT_VERSION = 1


def render_package(strategy: Strategy) -> bytes:
    """The zip; its entries bear the date of the brief."""
    outline = outline_of(strategy)
    stem = file_stem(strategy.brief.company)
    files = {
        f"{stem}-summary.html": render_html(outline),
        f"{stem}-calendar.csv": _calendar_csv(strategy.calendar),
        f"{stem}-strategy.json": _json(dataclasses.asdict(strategy)),
    }
    absent: dict[str, str] = {}
    if obstacle := PPTX.obstacle():
        absent[f"{stem}-deck.pptx"] = obstacle
    else:
        from aicmo_perf.suites.aicmo.packagers.deck_pptx import render_deck

        files[f"{stem}-deck.pptx"] = render_deck(outline)
    if obstacle := FPDF.obstacle():
        absent[f"{stem}-strategy.pdf"] = obstacle
    else:
        from aicmo_perf.suites.aicmo.packagers.strategy_pdf import render_pdf

        files[f"{stem}-strategy.pdf"] = render_pdf(outline)
    manifest = _manifest(outline, files, absent)
    return write_archive({MANIFEST: manifest, **files}, outline.prepared_on)


def _manifest(outline: Outline, files: Mapping[str, bytes], absent: Mapping[str, str]) -> bytes:
    return _json(
        {
            "format": FORMAT,
            "version": FORMAT_VERSION,
            "title": outline.title,
            "prepared_on": outline.prepared_on,
            "files": [
                {"name": name, "size_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                for name, content in files.items()
            ],
            "absent": [{"name": name, "reason": reason} for name, reason in absent.items()],
        }
    )


def _calendar_csv(calendar: SocialCalendar) -> bytes:
    buffer = io.StringIO()
    table = csv.writer(buffer)
    table.writerow(("date", "hour", "channel", "format", "about", "product", "caption", "cost_cents"))
    for post in calendar.posts:
        table.writerow(
            (post.day, post.hour, post.channel, post.format, post.need, post.product, post.caption, post.cost_cents)
        )
    # with a byte order mark, without which Excel takes UTF-8 for the machine's own encoding
    return buffer.getvalue().encode("utf-8-sig")


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, ensure_ascii=False, default=_plain) + "\n").encode()


def _plain(value: object) -> str:
    if isinstance(value, dt.date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a package")


def check_package(content: bytes, outline: Outline) -> list[str]:
    """Complaints: a damaged archive, a file that differs from the manifest or is not in it, a part neither there nor
    accounted for, a summary that does not say what it should.
    """
    try:
        files = read_archive(content)
        manifest: dict[str, Any] = json.loads(files.pop(MANIFEST))
    except (zipfile.BadZipFile, KeyError, ValueError) as damage:
        return [f"the package cannot be read: {damage}"]
    complaints = []
    described = {entry["name"]: entry for entry in manifest["files"]}
    absent = {entry["name"] for entry in manifest["absent"] if entry["reason"]}
    if list(described) != list(files):
        complaints.append(f"the manifest names {list(described)}, the package holds {list(files)}")
    for name, data in files.items():
        entry = described.get(name, {})
        if entry.get("size_bytes") != len(data) or entry.get("sha256") != hashlib.sha256(data).hexdigest():
            complaints.append(f"{name} is not the file that the manifest describes")
    for suffix in ("-summary.html", "-calendar.csv", "-strategy.json", "-deck.pptx", "-strategy.pdf"):
        found = [name for name in (*files, *absent) if name.endswith(suffix)]
        if len(found) != 1:
            complaints.append(f"{len(found)} parts end in {suffix}, not one that is there or accounted for")
    if manifest["title"] != outline.title:
        complaints.append(f"the package is titled {manifest['title']!r}, not {outline.title!r}")
    for name, data in files.items():
        if name.endswith(".html"):
            complaints.extend(check_html(data, outline))
    return complaints
