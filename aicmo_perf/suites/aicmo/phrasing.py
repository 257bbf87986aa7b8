"""Putting facts into words: by templates, or in live mode by a language model. One function, ``phrase``, is the door.

Generators decide *what* is said, from the brief alone; only the wording is left to this module. With ``AICMO_USE_LLM``
set to 1 the facts go to an OpenAI-compatible endpoint; otherwise a template is drawn with Python's ``random``, so
that a fixed seed fixes the wording, and nothing is ever contacted.
"""

from __future__ import annotations

import functools
import json
import os
import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from aicmo_perf.errors import EnvironmentFailure

if TYPE_CHECKING:
    from openai import APIStatusError, OpenAI

Facts = Mapping[str, str]
"""What a text may say, by name; all of it words for people."""

DEFAULT_TIMEOUT_SECONDS = 30.0

_ACCESS_STATUSES = frozenset({400, 401, 403, 404})

Choice = TypeVar("Choice")


class Wording(StrEnum):
    """Which kind of text is wanted."""

    CALENDAR_HOOK = "calendar hook"
    PERSONA_VOICE = "persona voice"
    PILLAR_MESSAGE = "pillar message"
    SITUATION_SUMMARY = "situation summary"
    SWOT_TAKEAWAY = "SWOT takeaway"


class Phraser(Protocol):
    """Whatever turns facts into one text of a kind."""

    def __call__(self, kind: Wording, facts: Facts) -> str:
        """The text, never empty."""


class PhrasingError(EnvironmentFailure):
    """The language model cannot be asked, or gave no usable answer."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint)
        if hint:
            # the engine reports exceptions as Python prints them, and Python prints notes
            self.add_note(hint)


_TEMPLATES: dict[Wording, tuple[str, ...]] = {
    Wording.CALENDAR_HOOK: (
        "{proof}. That is what {need} looks like at {company}: {product}, so that you {benefit}.",
        "Looking for {need}? With {product} you {benefit}. The proof: {proof}.",
        "You {benefit}: that is {product}. And it shows: {proof}.",
    ),
    Wording.PERSONA_VOICE: (
        "I am done with {pain}. Show me {need}, and I will look at {product}.",
        "What I want is {need}. What I get is {pain}.",
        "If it is {product} that spares me {pain}, I am in.",
    ),
    Wording.PILLAR_MESSAGE: (
        "{company} stands for {need}: {proof}.",
        "When {audience} ask for {need}, {company} has an answer: {proof}.",
        "Others promise {need}. {company} can show it: {proof}.",
    ),
    Wording.SITUATION_SUMMARY: (
        "{company} {description}. With {share} of a market that {growth}, its closest threat is {rival}; the goal that "
        "asks most of it is {goal}.",
        "{company}, one of the {industry} of {location}, holds {share} of a market that {growth}. {rival} presses "
        "hardest, and {goal} is the steepest goal.",
    ),
    Wording.SWOT_TAKEAWAY: (
        "{quadrant}: {point} weighs most ({ours} against {benchmark}).",
        "{quadrant}: look at {point} first, with {ours} against {benchmark}.",
    ),
}  # fmt: skip

_INSTRUCTIONS = (
    "You write for a marketing office. Answer with the text alone: one or two plain sentences of the kind asked for, "
    "in English. Use only the given facts, keep every number and name as it is, and use none of the avoided words."
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible service: where it is, how it is entered, which model answers, how long to wait."""

    base_url: str
    api_key: str
    model: str
    timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Endpoint:
        """Read ``AICMO_LLM_BASE_URL``, ``_API_KEY``, ``_MODEL`` and, if there is one, ``_TIMEOUT_SECONDS``.

        Raises: PhrasingError when a variable is missing or no number of seconds.
        """
        names = ("AICMO_LLM_BASE_URL", "AICMO_LLM_API_KEY", "AICMO_LLM_MODEL")
        missing = [name for name in names if not environment.get(name, "").strip()]
        if missing:
            raise PhrasingError(
                f"AICMO_USE_LLM is set, but {' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not.",
                "Set the address, key and model of an OpenAI-compatible endpoint, or AICMO_USE_LLM=0.",
            )
        base_url, api_key, model = (environment[name].strip() for name in names)
        wait = environment.get("AICMO_LLM_TIMEOUT_SECONDS", "").strip()
        try:
            timeout_seconds = float(wait) if wait else DEFAULT_TIMEOUT_SECONDS
        except ValueError:
            timeout_seconds = 0.0
        if not 0 < timeout_seconds < float("inf"):
            raise PhrasingError(f"AICMO_LLM_TIMEOUT_SECONDS is {wait!r}, which is no positive number of seconds.")
        return cls(base_url, api_key, model, timeout_seconds)


def vary(options: Sequence[Choice]) -> Choice:
    """One of several equally good ways to say a thing; the process's random generator decides."""
    return random.choice(options)  # noqa: S311 - wording, not secrets


def uses_language_model(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether ``AICMO_USE_LLM`` asks for a language model."""
    return environment.get("AICMO_USE_LLM", "").strip().lower() in ("1", "true", "yes", "on")


def phrase(kind: Wording, facts: Facts) -> str:
    """Word the facts as ``AICMO_USE_LLM`` says: by the configured language model, or by a template.

    Raises: PhrasingError when a language model is asked for and does not answer.
    """
    if uses_language_model():
        return phrase_by_model(kind, facts, Endpoint.from_environment(os.environ))
    return phrase_by_template(kind, facts)


def phrase_by_template(kind: Wording, facts: Facts) -> str:
    """Word the facts by one of the kind's templates, starting with a capital letter."""
    text = vary(_TEMPLATES[kind]).format_map(facts)
    return text[0].upper() + text[1:]


def phrase_by_model(kind: Wording, facts: Facts, endpoint: Endpoint) -> str:
    """Have a language model word the facts; one request, no retries.

    Raises: PhrasingError in one sentence when the package is missing, or the endpoint cannot be reached, refuses,
        takes too long, or answers without text.
    """
    client = _client(endpoint)
    import openai

    where = f"The language model at {endpoint.base_url}"
    try:
        completion = client.chat.completions.create(
            model=endpoint.model,
            messages=[
                {"role": "system", "content": _INSTRUCTIONS},
                {"role": "user", "content": json.dumps({"kind": kind, "facts": dict(facts)}, ensure_ascii=False)},
            ],
        )
        answer = completion.choices[0].message.content
    except openai.APITimeoutError:
        raise PhrasingError(
            f"{where} did not answer within {endpoint.timeout_seconds:g} s.",
            "Raise AICMO_LLM_TIMEOUT_SECONDS, or set AICMO_USE_LLM=0.",
        ) from None
    except openai.APIStatusError as refusal:
        raise PhrasingError(
            f"{where} answered {refusal.status_code}: {_reason(refusal)}",
            "Check AICMO_LLM_API_KEY and AICMO_LLM_MODEL."
            if refusal.status_code in _ACCESS_STATUSES
            else "Try again later, or set AICMO_USE_LLM=0.",
        ) from None
    except openai.APIConnectionError as failure:
        reason = _first_line(str(failure.__cause__ or failure))
        raise PhrasingError(f"{where} cannot be reached: {reason}", "Check AICMO_LLM_BASE_URL.") from None
    except (openai.OpenAIError, AttributeError, IndexError, TypeError, ValueError) as failure:
        # whatever answers need not speak the protocol: a proxy's page, another JSON, no choices at all
        raise PhrasingError(
            f"{where} sent an answer that is no chat completion ({type(failure).__name__}).",
            "Check that AICMO_LLM_BASE_URL ends where /chat/completions begins.",
        ) from None
    text = _one_line(answer) if isinstance(answer, str) else ""
    if not text:
        raise PhrasingError(f"{where} answered without any text for a {kind}.", "Try another AICMO_LLM_MODEL.")
    return text


@functools.lru_cache(maxsize=4)
def _client(endpoint: Endpoint) -> OpenAI:
    # building a client reads certificates, which costs more than many an answer: once per endpoint
    try:
        import openai
    except ImportError:
        raise PhrasingError(
            "AICMO_USE_LLM is set, but the package openai is not installed.",
            "pip install 'aicmo-perf[llm]', or set AICMO_USE_LLM=0.",
        ) from None
    return openai.OpenAI(
        base_url=endpoint.base_url,
        api_key=endpoint.api_key,
        timeout=endpoint.timeout_seconds,
        max_retries=0,
    )


def _one_line(text: str) -> str:
    """The text without line breaks and control characters, which no document could show."""
    printable = (character for character in " ".join(text.split()) if unicodedata.category(character) != "Cc")
    return "".join(printable).strip()


def _reason(refusal: APIStatusError) -> str:
    """What the service says, without what the package wraps around it."""
    said = refusal.body.get("message") if isinstance(refusal.body, dict) else None
    return _first_line(said if isinstance(said, str) and said else refusal.response.reason_phrase)


def _first_line(text: str) -> str:
    line = text.strip().splitlines()[0] if text.strip() else "no reason given"
    return line if line.endswith(".") else line + "."
