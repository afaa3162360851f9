"""docs/names.md: what models of other projects are called here, from `config.meta.also_known_as` of ours.

A model says `also_known_as: {their_model: {where: condition, columns: {their_column: our_column}}}`; both keys may be
left out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from checks.check_layers import PROJECT
from with_venv import ROOT, UserError

PAGE = ROOT / "docs" / "names.md"


@dataclass(frozen=True)
class Name:
    """A model of another project, and where its figures are here."""

    theirs: str
    ours: str
    where: str
    columns: dict[str, str]


def read_names(manifest: dict[str, Any]) -> list[Name]:
    """All names, sorted. UserError where one points at a column that the model does not have."""
    names = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model" and node["package_name"] == PROJECT:
            for theirs, said in node["config"].get("meta", {}).get("also_known_as", {}).items():
                name = Name(theirs, node["name"], said.get("where", ""), said.get("columns", {}))
                if missing := sorted(set(list_targets(name)) - set(node["columns"])):
                    raise UserError(
                        f"{node['original_file_path']}: also_known_as {theirs} points at {', '.join(missing)},"
                        f" which {name.ours} does not have; name a column of it"
                    )
                names.append(name)
    return sorted(names, key=lambda name: (name.theirs, name.ours))


def list_targets(name: Name) -> Iterator[str]:
    """Our columns that it names: in the condition, the words that are compared with something."""
    yield from name.columns.values()
    yield from re.findall(r"(\w+) (?:=|<>|in|is) ", name.where)


def format_table(names: list[Name]) -> str:
    """A row for each, as Markdown."""
    lines = ["| there | here | columns with another name here |\n|---|---|---|\n"]
    for name in names:
        where = f" where `{name.where}`" if name.where else ""
        columns = ", ".join(f"`{theirs}` → `{ours}`" for theirs, ours in name.columns.items())
        lines.append(f"| `{name.theirs}` | `{name.ours}`{where} | {columns} |\n")
    return "".join(lines)
