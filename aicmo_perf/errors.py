"""One family of errors: each is a full sentence, a hint at the next step, and an exit code.

Exit codes are part of the contract that scripts rely on: 2 is a mistake in what was asked for, 3 means that
the tool could not judge or could not run.
"""

from __future__ import annotations

from collections.abc import Iterable

USAGE_EXIT_CODE = 2
UNABLE_EXIT_CODE = 3


class AicmoPerfError(Exception):
    """Something went wrong that the user can act upon.

    Args:
        message: one full sentence that says what is wrong.
        hint: what to do next; empty when the message says it all.
    """

    exit_code = UNABLE_EXIT_CODE

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(AicmoPerfError):
    """What was asked for does not make sense: a bad option, value or expression."""

    exit_code = USAGE_EXIT_CODE


class ConfigError(UsageError):
    """The configuration file is malformed, or has an unknown key or a bad value."""


class SuiteError(AicmoPerfError):
    """A suite cannot be found, or has no features."""


class StoreError(AicmoPerfError):
    """The database cannot be opened, read, written or migrated."""


class NotFoundError(AicmoPerfError):
    """No such run, feature or baseline in the store."""


class EnvironmentFailure(AicmoPerfError):
    """The machine refuses what the tool needs: a folder, a file, a process."""


def nearest_hint(wanted: str, existing: Iterable[str], *, otherwise: str = "") -> str:
    """A hint that names up to three existing names close to the wanted one, or the other hint if none is."""
    # Not needed until something goes wrong, and every command imports this module.
    import difflib

    names = list(dict.fromkeys(existing))
    close = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
    if not close:
        lowered = wanted.lower().strip("*?")
        close = [name for name in names if lowered and lowered in name.lower()][:3]
    return f"Did you mean {' or '.join(close)}?" if close else otherwise
