"""How people ask for a baseline: ``auto``, ``run:ID``, ``last:N``, ``branch:NAME``, ``commit:SHA``, ``name:PINNED``."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from aicmo_perf.errors import UsageError, nearest_hint

_FORMS_HINT = "Write auto, run:ID, last:N, branch:NAME, commit:SHA or name:PINNED."
_SHORTEST_COMMIT = 7


class BaselineKind(StrEnum):
    """How a baseline is asked for."""

    AUTO = "auto"
    RUN = "run"
    LAST = "last"
    BRANCH = "branch"
    COMMIT = "commit"
    NAME = "name"


@dataclass(frozen=True, slots=True)
class BaselineSpec:
    """Which baseline people ask for.

    Attributes:
        kind: how they name it.
        value: the run, number, branch, commit or pinned name; empty for ``auto``.
    """

    kind: BaselineKind = BaselineKind.AUTO
    value: str = ""

    @classmethod
    def parse(cls, text: str) -> BaselineSpec:
        """The baseline written as ``auto``, ``run:ID``, ``last:N``, ``branch:NAME``, ``commit:SHA`` or ``name:PINNED``.

        Raises: UsageError when the text is none of these.
        """
        kind_text, _, value = (part.strip() for part in text.partition(":"))
        if kind_text not in set(BaselineKind):
            raise UsageError(
                f"{text!r} is not a baseline.",
                " ".join(filter(None, (nearest_hint(kind_text, list(BaselineKind)), _FORMS_HINT))),
            )
        kind = BaselineKind(kind_text)
        if kind is BaselineKind.AUTO and value:
            raise UsageError(f"The baseline auto takes no value, but was given {value!r}.", _FORMS_HINT)
        if kind is not BaselineKind.AUTO and not value:
            raise UsageError(f"The baseline {kind} needs a value.", _FORMS_HINT)
        if kind is BaselineKind.LAST and not (value.isascii() and value.isdigit() and int(value) > 0):
            raise UsageError(f"The baseline last:{value} needs a number of runs.", "Write it like last:10.")
        if kind is BaselineKind.COMMIT and not _is_commit(value):
            raise UsageError(
                f"The baseline commit:{value} needs a commit of {_SHORTEST_COMMIT} hexadecimal digits or more.",
                "Show it with: git rev-parse HEAD~1",
            )
        return cls(kind, value)

    @property
    def has_levels(self) -> bool:
        """Whether it means a history, in which each feature's level counts, and not the very runs that it names."""
        return self.kind in (BaselineKind.AUTO, BaselineKind.LAST, BaselineKind.BRANCH)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}" if self.value else str(self.kind)


def _is_commit(text: str) -> bool:
    return _SHORTEST_COMMIT <= len(text) <= 64 and set(text.lower()) <= set("0123456789abcdef")
