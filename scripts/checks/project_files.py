"""What the checks of the project read and write: dbt's manifest, and the pages of docs/ that are made from the code."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from with_venv import ROOT, UserError

MANIFEST = ROOT / "target" / "manifest.json"


def read_manifest() -> dict[str, Any]:
    """As dbt parse leaves it. Raises UserError where it did not."""
    if not MANIFEST.is_file():
        raise UserError("no target/manifest.json; dbt parse makes it")
    manifest: dict[str, Any] = json.loads(MANIFEST.read_text(encoding="utf-8"))
    return manifest


def keep_page(path: Path, text: str) -> None:
    """Write the page; where the command was given --check, raise UserError if the one that is there is another."""
    if "--check" not in sys.argv[1:]:
        path.write_text(text, encoding="utf-8")
    elif not path.is_file() or path.read_text(encoding="utf-8") != text:
        raise UserError(f"docs/{path.name} is out of date; without --check this command writes it")
