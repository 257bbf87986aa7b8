"""Features that ask the operating system for chance, which no seed reaches."""

import os
import uuid
from random import SystemRandom

from aicmo_perf import feature

# once a process, so that its rate does not depend on how often it is called
DRAWN = [SystemRandom().random() for _ in range(3)]


@feature
def fails_every_second_time():
    assert DRAWN[0] >= 1 / 2


@feature
def fails_every_fifth_time():
    assert DRAWN[1] >= 1 / 5


@feature
def fails_every_twentieth_time():
    assert DRAWN[2] >= 1 / 20


@feature
def returns_a_uuid():
    return {"title": "Plan", "id": str(uuid.uuid4())}


@feature
def returns_a_token():
    return os.urandom(8).hex()
