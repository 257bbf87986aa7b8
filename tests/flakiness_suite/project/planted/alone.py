"""Features that depend on one thing each, whatever runs before them."""

import fcntl
import locale
import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from aicmo_perf import feature

PLANS = ("basic", "plus", "pro", "team", "shop", "trial")
PLANS_BY_HASH = ["trial", "basic", "pro", "plus", "team", "shop"]
"""Their order with PYTHONHASHSEED=0."""

ORDERS = []
INVOICES = []

LOCK = Path("shop.lock")
WAS_LOCKED = LOCK.exists()

SEATS = Path("seats").open("a")  # noqa: SIM115 - held as long as the process lives
fcntl.flock(SEATS, fcntl.LOCK_SH)


@feature
def follows_hash_order():
    assert sorted(PLANS, key=hash) == PLANS_BY_HASH


@feature
def lists_a_set():
    return ", ".join(set(PLANS))


@feature
def dates_its_file():
    with tempfile.NamedTemporaryFile() as file:
        written_at = datetime.fromtimestamp(Path(file.name).stat().st_mtime, UTC)
    assert written_at.date() == datetime.now(UTC).date()


@feature
def prints_the_date():
    return {"title": "Plan", "date": datetime.now(UTC).date().isoformat()}


@feature
def opens_at_nine():
    assert datetime.fromtimestamp(9 * 3600).hour == 9


@feature
def prints_local_time():
    return datetime.fromtimestamp(0).isoformat()


@feature
def sorts_as_the_c_locale():
    before = locale.setlocale(locale.LC_ALL)
    name = locale.setlocale(locale.LC_ALL, "")
    locale.setlocale(locale.LC_ALL, before)
    assert name == "C"


@feature
def tells_its_directory():
    return f"in {Path.cwd()}"


@feature
def shares_its_work():
    assert len(os.sched_getaffinity(0)) > 1


@feature
def appends_an_order():
    ORDERS.append("order")
    assert len(ORDERS) == 1


@feature
def numbers_its_invoice():
    INVOICES.append("invoice")
    return f"invoice {len(INVOICES)}"


@feature
def finds_no_lock():
    LOCK.touch()
    assert not WAS_LOCKED


@feature
def has_the_shop_for_itself():
    try:
        fcntl.flock(SEATS, fcntl.LOCK_EX | fcntl.LOCK_NB)
    finally:
        fcntl.flock(SEATS, fcntl.LOCK_SH)


@feature
def answers_in_time():
    wall, cpu = time.perf_counter(), time.process_time()
    while time.process_time() - cpu < 0.03:
        pass
    assert time.perf_counter() - wall < 0.045
