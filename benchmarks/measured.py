"""Parts of the docs that were measured: they stand between ``<!-- measured: NAME -->`` and ``<!-- end -->``.

What `docs/generate.py` writes can be derived again at any time and is checked; a measurement is of its day and machine,
and is only replaced by another.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path


def replace_measured(page: Path, name: str, text: str) -> None:
    """Replace a measured part of a page.

    Raises: SystemExit when the page has no such part.
    """
    before = page.read_text(encoding="utf-8")
    marked = re.compile(rf"(<!-- measured: {re.escape(name)} -->\n).*?(<!-- end -->)", re.DOTALL)
    if not marked.search(before):
        sys.exit(f"{page} has no part between <!-- measured: {name} --> and <!-- end -->.")
    page.write_text(marked.sub(lambda found: f"{found[1]}\n{text.strip()}\n\n{found[2]}", before), encoding="utf-8")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
