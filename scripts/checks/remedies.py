"""What docs/operations.md says about a message or a test that failed: the last cell of the row that it fits."""

from __future__ import annotations

import re
from functools import cache

from with_venv import ROOT

PAGE = ROOT / "docs" / "operations.md"


def find_remedy(text: str) -> str:
    """What to do about a finding, "name: message"; empty where the page does not say."""
    return next((remedy for pattern, remedy in _read_rows() if pattern.search(text)), "")


@cache
def _read_rows() -> list[tuple[re.Pattern[str], str]]:
    """Of the tables under "what you see", the first cell's code as a pattern: … is any text, * the rest of a name."""
    rows = []
    tables = re.findall(
        r"^\| what you see .*\n\|[-|]+\|\n((?:\|.*\n)+)", PAGE.read_text(encoding="utf-8"), re.M
    )
    for line in "".join(tables).splitlines():
        cells = line.strip("| ").split(" | ")
        remedy = re.sub(r"\[([^]]+)\]\([^)]+\)", r"\1", cells[-1].replace("`", "")).strip()
        for code in re.findall(r"`([^`]+)`", cells[0]):
            pattern = re.escape(code).replace("…", ".*").replace(r"\*", r"\w*")
            rows.append((re.compile(pattern), remedy))
    return rows
