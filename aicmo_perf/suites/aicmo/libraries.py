"""Which of the heavy libraries are here; asked before a feature imports what needs them."""

from __future__ import annotations

import importlib
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Library:
    """A library of the extra ``aicmo``: the module that is imported, and the package that brings it."""

    module: str
    package: str

    def obstacle(self) -> str:
        """Why it cannot be used, with what to do; empty when it can. Imports it to see."""
        try:
            importlib.import_module(self.module)
        except ModuleNotFoundError as missing:
            if missing.name == self.module:
                return f"{self.package} is not installed; pip install 'aicmo-perf[aicmo]'"
            return f"{self.package} cannot be imported, because {missing.name} is missing"
        except ImportError as broken:
            return f"{self.package} cannot be imported: {broken}"
        return ""


PPTX = Library("pptx", "python-pptx")
FPDF = Library("fpdf", "fpdf2")
PYPDF = Library("pypdf", "pypdf")


def first_obstacle(*libraries: Library) -> str:
    """Why not all of these can be used; empty when they can."""
    return next((obstacle for library in libraries if (obstacle := library.obstacle())), "")
