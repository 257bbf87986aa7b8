"""What the features of this suite share, as those of a careless one do."""

import os
from functools import lru_cache
from pathlib import Path

SETTINGS = {"discount": 10, "country": "DE"}
SESSION = set()
SURCHARGES = set()
SALES = set()
PRICE_LIST = Path(f"prices-{os.getpid()}.txt")
SHARED_LIST = Path("shared-prices.txt")
PAIRED = set()


@lru_cache
def tax_percent():
    return {"DE": 19, "FR": 20}[SETTINGS["country"]]
