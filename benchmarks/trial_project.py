"""A project of its own for a trial: a folder with a suite, a history and, when asked, a git repository.

Commands run in it as a user's would, untouched by whatever CI or configuration surrounds the trial itself.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PASSED_ON = ("PATH", "HOME", "PYTHONPATH", "TMPDIR", "LANG")
"""Of the caller's environment: nothing that says CI, and no setting of the tool."""

_IDENTITY = {"GIT_AUTHOR_NAME": "Trial", "GIT_AUTHOR_EMAIL": "trial@example.org", "GIT_CONFIG_GLOBAL": os.devnull}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command that judges said.

    Attributes:
        exit_code: 0 fine, 1 judged and failed.
        slower: qualified names of the features that a finding calls slower.
        other_findings: sentences of all other findings.
        features: each feature's part of the run's JSON, by qualified name.
    """

    exit_code: int
    slower: tuple[str, ...]
    other_findings: tuple[str, ...]
    features: Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class TrialProject:
    """Where a trial takes place.

    Attributes:
        folder: the project's root.
        has_git: whether it is a git repository.
    """

    folder: Path
    has_git: bool

    def create(self, files: Mapping[str, str]) -> None:
        """Make the folder, the repository and a first commit; what is there already stays."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.has_git and not (self.folder / ".git").exists():
            self.git("init", "--quiet", "--initial-branch", "main")
        self.write({".gitignore": ".aicmo-perf/\nself_test_artifacts/\n__pycache__/\n*.json\n", **files})
        self.commit("Begin")

    def write(self, files: Mapping[str, str]) -> None:
        """Write files, by their path from the root."""
        for name, text in files.items():
            (self.folder / name).write_text(text, encoding="utf-8")

    def commit(self, subject: str) -> None:
        """Commit all that has changed, as a user would; nothing without git or changes."""
        if self.has_git and self.git("status", "--porcelain"):
            self.git("add", "--all")
            self.git("commit", "--quiet", "--message", subject)

    def git(self, *arguments: str) -> str:
        """Run git; its output."""
        environment = {**self._environment(), **_IDENTITY}
        environment |= {name.replace("AUTHOR", "COMMITTER"): value for name, value in _IDENTITY.items()}
        return subprocess.run(
            ["git", *arguments], cwd=self.folder, env=environment, check=True, capture_output=True, text=True
        ).stdout

    def run(self, *arguments: str, gated: bool) -> Answer:
        """``aicmo-perf run``, and what the gate says of it when it was gated.

        Raises: SystemExit when the command could not do it, or when the stored run is judged otherwise than it was.
        """
        file = self.folder / "run.json"
        exit_code = self._command("run", "--json", str(file), *arguments).returncode
        features = {item["qualified_name"]: item for item in json.loads(file.read_text(encoding="utf-8"))["features"]}
        if not gated:
            return Answer(exit_code, (), (), features)
        judged = self._command("gate", "latest", "--format", "json")
        if judged.returncode != exit_code:
            sys.exit(f"The run ended with {exit_code}, and judging it again with {judged.returncode}.\n{judged.stdout}")
        findings = json.loads(judged.stdout)["findings"]
        return Answer(
            exit_code,
            tuple(item["qualified_name"] for item in findings if item["rule"] == "slower"),
            tuple(item["message"] for item in findings if item["rule"] != "slower"),
            features,
        )

    def _command(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "aicmo_perf", *arguments],
            cwd=self.folder,
            env=self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in (0, 1):
            sys.exit(f"aicmo-perf {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done

    @staticmethod
    def _environment() -> dict[str, str]:
        return {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
