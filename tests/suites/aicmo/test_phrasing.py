"""Words from facts: templates follow the seed, a model is asked only in live mode, and its failures are sentences."""

from __future__ import annotations

import json
import random
import socket
import sys
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import aicmo_perf.suites.aicmo as suite
from aicmo_perf.suites.aicmo import phrasing
from aicmo_perf.suites.aicmo.briefs import BRIEFS, TRATTORIA
from aicmo_perf.suites.aicmo.phrasing import (
    Endpoint,
    PhrasingError,
    Wording,
    phrase,
    phrase_by_model,
    phrase_by_template,
    uses_language_model,
)

FACTS = {"role": "nurse", "pain": "queueing", "need": "more time", "product": "Lunch menu"}
GENERATORS = (
    suite.persona_generator,
    suite.social_calendar_generator,
    suite.situation_analysis_generator,
    suite.messaging_pillars_generator,
    suite.swot_generator,
)


def completion(text: object) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "small",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
    }


@dataclass
class Model:
    """A language model on this machine: answers every request alike, and remembers what it was asked."""

    url: str = ""
    status: int = 200
    answer: object = field(default_factory=lambda: completion("A fine sentence."))
    silence: threading.Event | None = None
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    requests: list[dict[str, Any]] = field(default_factory=list)


class ModelServer(ThreadingHTTPServer):
    model = Model()


class ModelHandler(BaseHTTPRequestHandler):
    server: ModelServer

    def do_POST(self) -> None:
        model = self.server.model
        body = self.rfile.read(int(self.headers["Content-Length"]))
        model.paths.append(self.path)
        model.headers.append({name.lower(): value for name, value in self.headers.items()})
        model.requests.append(json.loads(body))
        if model.silence is not None:
            model.silence.wait(30)
            return
        content = model.answer if isinstance(model.answer, bytes) else json.dumps(model.answer).encode()
        self.send_response(model.status)
        self.send_header("Content-Type", "text/html" if isinstance(model.answer, bytes) else "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Nothing: the test's output is not a server's log."""


@pytest.fixture(scope="module")
def server() -> Iterator[ModelServer]:
    # one for all tests, because a client costs more to build than a test to run
    with ModelServer(("127.0.0.1", 0), ModelHandler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()
        phrasing._client.cache_clear()


@pytest.fixture
def model(server: ModelServer) -> Iterator[Model]:
    server.model = Model(url=f"http://127.0.0.1:{server.server_port}/v1")
    yield server.model
    if server.model.silence is not None:
        server.model.silence.set()


@pytest.fixture
def live(model: Model, monkeypatch: pytest.MonkeyPatch) -> Model:
    """Live mode, with this machine's model."""
    monkeypatch.setenv("AICMO_USE_LLM", "1")
    monkeypatch.setenv("AICMO_LLM_BASE_URL", model.url)
    monkeypatch.setenv("AICMO_LLM_API_KEY", "secret-key")
    monkeypatch.setenv("AICMO_LLM_MODEL", "small")
    monkeypatch.delenv("AICMO_LLM_TIMEOUT_SECONDS", raising=False)
    return model


@pytest.mark.parametrize("kind", Wording)
def test_every_kind_of_text_follows_the_seed_and_varies_with_it(kind: Wording) -> None:
    facts = defaultdict(lambda: "x")

    def worded(seed: int) -> str:
        random.seed(seed)
        return phrase_by_template(kind, facts)

    assert worded(1) == worded(1)
    assert len({worded(seed) for seed in range(20)}) > 1


def test_facts_are_not_taken_for_templates() -> None:
    assert "{pain}" in phrase_by_template(Wording.PERSONA_VOICE, {**FACTS, "pain": "{pain}", "need": "{pain}"})


@pytest.mark.parametrize(("value", "asks"), [("1", True), ("true", True), ("0", False), ("", False), (None, False)])
def test_the_variable_decides_whether_a_model_is_asked(value: str | None, asks: bool) -> None:
    assert uses_language_model({} if value is None else {"AICMO_USE_LLM": value}) is asks


def test_the_model_gets_the_facts_and_its_answer_is_the_text(live: Model) -> None:
    live.answer = completion('  "Lunch in nine minutes."\n Come\x07 in. ')
    assert phrase(Wording.PERSONA_VOICE, FACTS) == '"Lunch in nine minutes." Come in.'
    (request,) = live.requests
    assert request["model"] == "small"
    assert json.loads(request["messages"][-1]["content"]) == {"kind": "persona voice", "facts": FACTS}
    assert live.paths == ["/v1/chat/completions"]
    assert live.headers[0]["authorization"] == "Bearer secret-key"


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.__name__)
def test_generators_carry_the_models_words(live: Model, generator: Any) -> None:
    live.answer = completion("Words of the model.")
    output = generator(TRATTORIA)
    assert "Words of the model." in repr(output)
    assert 1 <= len(live.requests) <= 8, "a brief is worded in a handful of requests"


@pytest.mark.parametrize("generator", GENERATORS, ids=lambda generator: generator.__name__)
def test_in_deterministic_mode_nothing_is_contacted(
    live: Model, monkeypatch: pytest.MonkeyPatch, generator: Any
) -> None:
    monkeypatch.setenv("AICMO_USE_LLM", "0")
    monkeypatch.setattr(socket.socket, "connect", lambda *_: pytest.fail("something was contacted"))
    for brief in BRIEFS:
        generator(brief)
    assert live.requests == []


@pytest.mark.parametrize("packager", [suite.generate_html_summary, suite.generate_project_package])
def test_packagers_never_ask_a_model(live: Model, packager: Any) -> None:
    packager(TRATTORIA)
    assert live.requests == []


@pytest.mark.parametrize(
    ("status", "answer", "complaint"),
    [
        (401, {"error": {"message": "Wrong key."}}, r"answered 401: Wrong key\."),
        (429, {"error": {"message": "Slow down."}}, r"answered 429: Slow down\."),
        (500, b"<h1>Oh no</h1>\n<p>really</p>", r"answered 500: Internal Server Error\."),
        (200, completion("  \n "), "without any text for a persona voice"),
        (200, completion(None), "without any text"),
        (200, {"choices": []}, "no chat completion"),
        (200, {"hello": "world"}, "no chat completion"),
        (200, b"<h1>Welcome</h1>", "no chat completion"),
        (200, [], "no chat completion"),
    ],
)
def test_a_refusal_or_a_useless_answer_is_one_sentence(
    live: Model, status: int, answer: object, complaint: str
) -> None:
    live.status, live.answer = status, answer
    with pytest.raises(PhrasingError, match=complaint) as caught:
        phrase(Wording.PERSONA_VOICE, FACTS)
    assert live.url in caught.value.message
    assert caught.value.message.endswith(".")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert len(live.requests) == 1, "not tried again"


def test_a_model_that_does_not_answer_is_not_waited_for(live: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    live.silence = threading.Event()
    monkeypatch.setenv("AICMO_LLM_TIMEOUT_SECONDS", "1.5")
    with pytest.raises(PhrasingError, match=r"did not answer within 1\.5 s\."):
        phrase(Wording.PERSONA_VOICE, FACTS)
    assert len(live.requests) == 1, "not tried again"


def test_an_endpoint_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as closing:
        url = f"http://127.0.0.1:{closing.getsockname()[1]}/v1"
    endpoint = Endpoint(url, "key", "small")
    with pytest.raises(PhrasingError, match=f"{url} cannot be reached: "):
        phrase_by_model(Wording.PERSONA_VOICE, FACTS, endpoint)


def test_missing_variables_are_named(live: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AICMO_LLM_API_KEY")
    monkeypatch.setenv("AICMO_LLM_MODEL", " ")
    with pytest.raises(PhrasingError, match="but AICMO_LLM_API_KEY and AICMO_LLM_MODEL are not"):
        phrase(Wording.PERSONA_VOICE, FACTS)
    assert live.requests == []


@pytest.mark.parametrize("wait", ["soon", "0", "-1", "nan", "inf"])
def test_a_wait_that_is_no_duration_is_refused(wait: str) -> None:
    environment = dict.fromkeys(("AICMO_LLM_BASE_URL", "AICMO_LLM_API_KEY", "AICMO_LLM_MODEL"), "x")
    with pytest.raises(PhrasingError, match=f"'{wait}', which is no positive number"):
        Endpoint.from_environment({**environment, "AICMO_LLM_TIMEOUT_SECONDS": wait})


def test_without_the_package_the_extra_is_named(live: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    phrasing._client.cache_clear()
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "openai", None)
        with pytest.raises(PhrasingError, match="package openai is not installed") as caught:
            phrase(Wording.PERSONA_VOICE, FACTS)
    assert "aicmo-perf[llm]" in caught.value.hint
    assert caught.value.__notes__ == [caught.value.hint]
    assert live.requests == []
