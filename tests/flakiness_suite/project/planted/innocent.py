"""Features that agree with themselves, although some of them look as if they did not."""

import asyncio
import math
import os
import random
import tempfile
import textwrap
import threading
import time
from functools import lru_cache
from pathlib import Path
from unittest import mock

from aicmo_perf import add_warning, feature, skip

BRIEFS = [{"name": "saas", "tags": ["b2b"]}, {"name": "shop", "tags": ["b2c"]}]


@lru_cache
def square(number):
    return number * number


@feature
def adds_up():
    return sum(range(100))


@feature
def draws_with_a_seed():
    return [random.random() for _ in range(3)]


@feature
def sorts_a_set():
    return sorted({"alpha", "beta", "gamma"})


@feature
def restores_the_environment():
    with mock.patch.dict(os.environ, SHOP_LANGUAGE="fr"):
        return os.environ["SHOP_LANGUAGE"]


@feature
def restores_what_it_patches():
    with mock.patch.object(textwrap, "dedent", str.strip):
        return textwrap.dedent("  plan ")


@feature
def cleans_up_its_files():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "plan.txt")
        path.write_text("plan")
        return path.read_text()


@feature
def joins_its_thread():
    heard = []
    thread = threading.Thread(target=heard.append, args=("done",))
    thread.start()
    thread.join()
    return heard


@feature
def caches_what_is_constant():
    return square(12)


@feature(scenarios=BRIEFS)
def changes_its_brief(brief):
    brief["tags"].append("changed")
    assert len(brief["tags"]) == 2
    return brief


@feature
async def waits_for_nothing():
    await asyncio.sleep(0)
    return "awaited"


@feature
def looks_at_the_clock():
    return time.time() > 0


@feature
def always_fails():
    raise ValueError("this is broken, not flaky")


@feature
def always_warns():
    add_warning("this is deprecated")
    return math.pi


@feature
def is_never_exercised():
    skip("there is no licence here")
