"""Features that tell what they ran under, and some whose outcome depends on it."""

import datetime
import os
import random
import tempfile
import time
from pathlib import Path

from aicmo_perf import feature, skip

LOADED_ON = datetime.date.today()
CALLS = []


@feature
def surroundings():
    return {
        "hash_seed": os.environ.get("PYTHONHASHSEED"),
        "hash": str(hash("text")),
        "drawn": str(random.random()),
        "time_zone": time.strftime("%z", time.localtime(0)),
        "locale": os.environ.get("LC_ALL"),
        "utf8_mode": os.environ.get("PYTHONUTF8"),
        "cpus": [os.cpu_count(), len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None],
        "loaded_on": LOADED_ON.isoformat(),
        "called_on": datetime.date.today().isoformat(),
        "folder": Path.cwd().name,
        "temporary": tempfile.gettempdir(),
        "monotonic": f"{time.monotonic():.0f}",
    }


@feature
def reads_and_writes():
    Path("new").write_text("new")
    Path(tempfile.gettempdir(), "left-behind").touch()
    return Path("kept").read_text()


@feature
def fails_where_it_was_before():
    marker = Path(tempfile.gettempdir(), "marker")
    assert not marker.exists(), "it was here before"
    marker.touch()


@feature(scenarios=[["b2b"], ["b2c"]])
def cannot_be_called_twice(brief):
    brief.append("changed")
    CALLS.append(brief[0])
    assert CALLS.count("b2c") < 2, "once was enough"
    return len(brief)


@feature
def says_something_else_each_time():
    CALLS.append("said")
    return CALLS.count("said")


@feature
def leaves_the_working_directory():
    os.chdir("/")
    return str(Path.cwd())


@feature
def skips_the_second_call():
    CALLS.append("skipped")
    if CALLS.count("skipped") > 1:
        skip("once was enough")


@feature
def fails_the_first_call():
    CALLS.append("failed")
    assert CALLS.count("failed") > 1, "not yet"


@feature
def dies():
    os._exit(3)


@feature
def tells_its_folders():
    return [str(Path.cwd()), tempfile.gettempdir()]
