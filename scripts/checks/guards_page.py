"""docs/guards.md: every clause of the promise "right or refused" and the test that guards it, by tests/guards/*.yml."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from loader.export_files import natural
from with_venv import ROOT

GUARDS = ROOT / "tests" / "guards"
PAGE = ROOT / "docs" / "guards.md"


@dataclass(frozen=True)
class Guard:
    """One file of tests/guards."""

    clause: str
    says: str
    guard: str
    file: str
    right: str
    wrong: str


def read_guards() -> list[Guard]:
    """All guards in the order of their clauses. TypeError where a file has an unknown key or lacks one."""
    guards = []
    for path in GUARDS.glob("*.yml"):
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
        guards.append(Guard(**content.pop("break"), **content))
    return sorted(guards, key=lambda guard: natural(guard.clause))


def format_table(guards: list[Guard]) -> str:
    """A row for each, as Markdown."""
    lines = ["| clause | promise | guard |\n|---|---|---|\n"]
    for guard in guards:
        path, _, test = guard.guard.partition("::")
        link = f"[`{test}`](../{path})" if test else f"[`{Path(path).name}`](../{path})"
        lines.append(f"| {guard.clause} | {' '.join(guard.says.split())} | {link} |\n")
    return "".join(lines)
