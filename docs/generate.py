"""Write what the docs can derive from the code: the command reference and the schema.

    python docs/generate.py            # rewrite docs/cli.md and the generated parts of docs/*.md
    python docs/generate.py --check    # exit with 1 if anything would change

Generated parts of hand-written pages stand between ``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

DOCS = Path(__file__).parent


def command_reference() -> str:
    """Every command with its usage and options, as ``--help`` prints them."""
    from aicmo_perf.cli import cli

    parts = [
        "# Commands",
        "",
        "Generated from the program by `python docs/generate.py`; the same text as `--help`.",
        "",
        "Every option is also an environment variable: the one shown beside it, else the one named after command and",
        "option (`AICMO_PERF_HISTORY_LAST`). A flag wins over a variable, a variable over the configuration file.",
    ]
    root = click.Context(cli, info_name="aicmo-perf", max_content_width=100, terminal_width=100, **cli.context_settings)
    for context in _contexts(root):
        parts += ["", f"## {context.command_path}", "", "```text", context.get_help().rstrip(), "```"]
    return "\n".join(parts) + "\n"


def _contexts(context: click.Context) -> Iterator[click.Context]:
    yield context
    if isinstance(context.command, click.Group):
        for name, child in sorted(context.command.commands.items()):
            yield from _contexts(click.Context(child, info_name=name, parent=context))


def schema_tables() -> str:
    """Each table with its purpose, columns and keys, from the models."""
    from sqlalchemy.dialects import sqlite

    from aicmo_perf.store.models import metadata

    dialect = sqlite.dialect()
    parts: list[str] = []
    for table in metadata.sorted_tables:
        parts += [f"### `{table.name}`", ""]
        if holds := table.info.get("holds"):
            parts += [f"{holds[0].upper()}{holds[1:]}.", ""]
        parts += ["| column | type | key |", "|---|---|---|"]
        for column in table.columns:
            keys = ["primary"] if column.primary_key else []
            keys += [f"→ `{key.target_fullname}`" for key in column.foreign_keys]
            keys += ["unique"] if column.unique else []
            kind = column.type.compile(dialect=dialect) + ("" if column.nullable else " not null")
            parts.append(f"| `{column.name}` | {kind} | {', '.join(keys)} |")
        parts.append("")
    return "\n".join(parts).rstrip() + "\n"


def configuration_example() -> str:
    """The section that ``init`` writes."""
    from aicmo_perf.config import SECTION
    from aicmo_perf.workflows.init import configuration

    return f"```toml\n{configuration(SECTION)}```\n"


_PARTS: dict[str, Callable[[], str]] = {"schema": schema_tables, "configuration": configuration_example}
_MARKED = re.compile(r"(<!-- generated: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def generated_pages() -> dict[Path, str]:
    """Each page that has anything generated, as it should read."""
    pages = {DOCS / "cli.md": command_reference()}
    for page in sorted(DOCS.glob("*.md")):
        text = page.read_text(encoding="utf-8")
        if _MARKED.search(text):
            pages[page] = _MARKED.sub(lambda found: found[1] + "\n" + _PARTS[found[2]]() + "\n" + found[3], text)
    return pages


def main() -> int:
    """Write the pages, or only compare them."""
    stale = [
        page
        for page, text in generated_pages().items()
        if not page.exists() or page.read_text(encoding="utf-8") != text
    ]
    if "--check" not in sys.argv[1:]:
        for page in stale:
            page.write_text(generated_pages()[page], encoding="utf-8")
    for page in stale:
        print(page)
    return int(bool(stale) and "--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
