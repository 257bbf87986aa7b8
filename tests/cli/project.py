"""A small suite, and what a command answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

SUITE = """
from aicmo_perf import feature


@feature(category="generator", critical=True, scenarios=["tea", "coffee"], returns=str)
def slogan(product):
    return f"Nothing like {product}."


@feature(category="generator")
def title():
    return "A title".upper()
"""


@dataclass(frozen=True)
class Answer:
    """What a command answered."""

    exit_code: int
    stdout: str
    stderr: str


Invoke = Callable[..., Answer]
