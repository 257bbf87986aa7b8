"""aicmo-perf: a self-test engine with a memory.

Is it slower than it was, is it flaky, since when? The names below are the public API; each is imported on first
use, so that importing the package costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from aicmo_perf.version import __version__

if TYPE_CHECKING:
    from aicmo_perf.model import FeatureStatus as FeatureStatus
    from aicmo_perf.model import SelfTestResult as SelfTestResult
    from aicmo_perf.report.generator import ReportGenerator as ReportGenerator
    from aicmo_perf.self_test.feature import add_error as add_error
    from aicmo_perf.self_test.feature import add_warning as add_warning
    from aicmo_perf.self_test.feature import feature as feature
    from aicmo_perf.self_test.feature import skip as skip
    from aicmo_perf.self_test.orchestrator import SelfTestOrchestrator as SelfTestOrchestrator
    from aicmo_perf.store import open_store as open_store

_HOMES = {
    "FeatureStatus": "aicmo_perf.model",
    "ReportGenerator": "aicmo_perf.report.generator",
    "SelfTestOrchestrator": "aicmo_perf.self_test.orchestrator",
    "SelfTestResult": "aicmo_perf.model",
    "add_error": "aicmo_perf.self_test.feature",
    "add_warning": "aicmo_perf.self_test.feature",
    "feature": "aicmo_perf.self_test.feature",
    "open_store": "aicmo_perf.store",
    "skip": "aicmo_perf.self_test.feature",
}

__all__ = ["__version__", *sorted(_HOMES)]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
