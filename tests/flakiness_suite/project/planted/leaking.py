"""Features that leave something behind, and such ones that need what others left. All of them pass as found."""

import os
import textwrap
import threading

from aicmo_perf import feature
from planted import state


@feature
def switches_to_euros():
    os.environ["SHOP_CURRENCY"] = "EUR"


@feature
def changes_the_discount():
    state.SETTINGS["discount"] = 25


@feature
def leaves_a_price_list():
    state.PRICE_LIST.write_text("plan 10")


@feature
def leaves_a_shared_list():
    state.SHARED_LIST.write_text("plan 10")


@feature
def sells_to_france():
    state.SETTINGS["country"] = "FR"
    try:
        state.tax_percent()
    finally:
        state.SETTINGS["country"] = "DE"


@feature
def patches_a_module():
    textwrap.shorten = lambda text, width: text


@feature
def starts_a_mailer():
    threading.Thread(target=threading.Event().wait, name="mailer", daemon=True).start()


@feature
def adds_a_tax():
    state.SURCHARGES.add("tax")


@feature
def adds_postage():
    state.SURCHARGES.add("postage")


@feature
def closes_a_sale():
    state.SALES.add("closed")


@feature
def sends_an_order():
    assert "connected" in state.SESSION


@feature
def pays():
    assert {"logged in", "cart"} <= state.SESSION
