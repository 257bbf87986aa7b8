"""Everything that a feature can do to an engine. Its tests put ``port`` into the working directory."""

import asyncio
import ctypes
import os
import socket
import sys
import time
import uuid
from pathlib import Path

from aicmo_perf import feature

BRIEFS = [{"name": "saas", "tags": ["b2b"]}, {"name": "shop", "tags": ["b2c"]}]


@feature
def fails_always():
    raise ValueError("no audience")


@feature
def fails_every_second_process():
    counter = Path("processes")
    if not hasattr(sys, "counted"):
        sys.counted = len(counter.read_text()) if counter.exists() else 0
        counter.write_text("x" * (sys.counted + 1))
    assert sys.counted % 2 == 0, "an odd process"


@feature
def returns_text_with_a_uuid():
    return f"order {uuid.uuid4()}"


@feature
def depends_on_set_order():
    return " ".join({"alpha", "beta", "gamma", "delta", "epsilon"})


@feature(timeout_seconds=1.5)
def sleeps_past_its_timeout():
    time.sleep(600)


@feature
def leaves_the_process():
    os._exit(3)


@feature
def segfaults():
    ctypes.string_at(0)


@feature
def calls_sys_exit():
    sys.exit(0)


@feature
async def is_asynchronous():
    await asyncio.sleep(0)
    return "awaited"


@feature(scenarios=BRIEFS)
def mutates_its_scenario(brief):
    brief["tags"].append("changed")
    assert len(brief["tags"]) == 2, "saw the change of another call"
    return brief["tags"]


@feature
def connects_to_a_socket():
    with socket.create_connection(("127.0.0.1", int(Path("port").read_text())), timeout=60):
        return "connected"


@feature
def comes_last():
    return "still here"
