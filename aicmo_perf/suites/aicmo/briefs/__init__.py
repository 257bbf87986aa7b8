"""Four clients: a SaaS company, a restaurant, a shop, and an inn whose names are awkward on purpose.

They are what the features are exercised with. The first two, which a quick run uses, differ in all that matters:
audience, closed days, prices, kinds of channels.
"""

from __future__ import annotations

from aicmo_perf.suites.aicmo.brief import ClientBrief
from aicmo_perf.suites.aicmo.briefs.inn import INN
from aicmo_perf.suites.aicmo.briefs.ledgerline import LEDGERLINE
from aicmo_perf.suites.aicmo.briefs.outdoor_shop import OUTDOOR_SHOP
from aicmo_perf.suites.aicmo.briefs.trattoria import TRATTORIA

BRIEFS: tuple[ClientBrief, ...] = (LEDGERLINE, TRATTORIA, OUTDOOR_SHOP, INN)
"""The suite's scenarios, in order."""

__all__ = ["BRIEFS", "INN", "LEDGERLINE", "OUTDOOR_SHOP", "TRATTORIA"]
