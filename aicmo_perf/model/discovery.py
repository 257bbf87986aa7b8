"""How to find features in code that is not decorated."""

from __future__ import annotations

import re
from dataclasses import dataclass

from aicmo_perf.model.feature import Category

_WILDCARD = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscoverRule:
    """Every function of a name in every module of a name becomes a feature.

    Attributes:
        modules: a dotted glob, ``shop.generators.*``.
        functions: a glob for public functions defined there, ``generate_*``.
        category, critical: given to each feature found.
        scenarios: where its inputs come from, ``module:attribute`` (a list, or a callable returning one);
            None for functions without arguments.
        suite: the suite's name; None for the modules glob up to its first wildcard.
    """

    modules: str
    functions: str = "*"
    category: Category = Category.OTHER
    critical: bool = False
    scenarios: str | None = None
    suite: str | None = None

    @property
    def suite_name(self) -> str:
        """The name of the suite that its features belong to."""
        return self.suite or self.fixed_part.rstrip(".") or self.modules

    @property
    def fixed_part(self) -> str:
        """The modules glob up to its first wildcard; all of it when it has none."""
        return _WILDCARD.split(self.modules, maxsplit=1)[0]
