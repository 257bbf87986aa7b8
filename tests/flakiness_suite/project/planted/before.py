"""Features that pass as long as nobody was there before them, and such ones that others need."""

import os
import textwrap
import threading

from aicmo_perf import feature
from planted import state


@feature
def prices_in_dollars():
    assert os.environ.get("SHOP_CURRENCY", "USD") == "USD"


@feature
def discounts_by_ten():
    assert state.SETTINGS["discount"] == 10


@feature
def finds_no_price_list():
    assert not state.PRICE_LIST.exists()


@feature
def finds_no_shared_list():
    assert not state.SHARED_LIST.exists()


@feature
def taxes_as_in_germany():
    assert state.tax_percent() == 19


@feature
def shortens_a_title():
    assert textwrap.shorten("a plan for the spring", 12) == "a plan [...]"


@feature
def leaves_no_mailer():
    assert "mailer" not in {thread.name for thread in threading.enumerate()}


@feature
def adds_at_most_one_surcharge():
    assert len(state.SURCHARGES) < 2


@feature
def opens_a_sale():
    state.SALES.add("opened")


@feature
def stands_between_two_sales():
    assert len(state.SALES) < 2


@feature
def connects():
    state.SESSION.add("connected")


@feature
def logs_in():
    state.SESSION.add("logged in")


@feature
def fills_the_cart():
    state.SESSION.add("cart")
