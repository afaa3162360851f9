"""docs/erd.md: how the marts hang together, drawn from the relations that are tested.

No database is asked: contracts say what columns there are.
"""

from __future__ import annotations

import re
from typing import Any

from with_venv import ROOT

PAGE = ROOT / "docs" / "erd.md"
Artifact = dict[str, Any]  # a part of dbt's manifest
# unmatched_share is a relationship with a threshold.
RELATION_TESTS = ("relationships", "unmatched_share")
KEY_TESTS = {"unique": "column_name", "complete_rows": "key_columns"}


def draw(manifest: Artifact) -> str:
    """One Mermaid diagram per domain of marts and reports, as Markdown."""
    marts = list_marts(manifest)
    keys, lines = read_relations(marts, manifest)
    page = ""
    for title in ("Deals", "Funnel", "Pipeline", "Marketing", "Scoring"):
        tags = [title.lower()] if title != "Deals" else []
        # A line into the other domain brings the table at its other end along.
        drawn = sorted(line for line in lines if marts[line[0]]["tags"] == tags)
        if not drawn:  # switched off
            continue
        page += f"\n## {title}\n\n```mermaid\nerDiagram\n"
        for name in sorted({name for line in drawn for name in line[:2]}):
            columns = [column for column in marts[name]["columns"].values() if column["name"] in keys[name]]
            types = [re.sub(r"\(.*\)", "", column["data_type"]) for column in columns]
            shown = [f"    {kind} {column['name']}\n" for kind, column in zip(types, columns, strict=True)]
            page += f"  {name} {{\n{''.join(shown)}  }}\n"
        page += "".join(f'  {child} }}o--|| {parent} : "{label}"\n' for child, parent, label in drawn)
        page += "```\n"
    page += "\n## As a list\n\nFor tools that want each key named. Primary keys are constraints in the database.\n"
    page += "\n| table | columns | point to |\n|---|---|---|\n"
    for child, parent, label in sorted(lines):
        theirs, _, ours = label.partition(" = ")
        page += f"| `{child}` | {ours or theirs} | `{parent}` ({theirs}) |\n"
    return page


def list_marts(manifest: Artifact) -> dict[str, Artifact]:
    """Marts and reports, by name."""
    return {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
        and {"marts", "reports"} & set(node["fqn"])
        and not node["name"].startswith("int_")
    }


def read_relations(
    marts: dict[str, Artifact], manifest: Artifact
) -> tuple[dict[str, set[str]], set[tuple[str, str, str]]]:
    """{mart: columns that identify its rows or tie it to another}, and (child, parent, columns) of each relation."""
    keys = {
        name: {column for constraint in node["constraints"] for column in constraint["columns"]}
        for name, node in marts.items()
    }
    lines = set()
    for test in manifest["nodes"].values():
        child = (test.get("attached_node") or "").split(".")[-1]
        if child not in marts or not test.get("test_metadata"):
            continue
        name, arguments = test["test_metadata"]["name"], test["test_metadata"]["kwargs"]
        if name in KEY_TESTS:
            found = arguments.get(KEY_TESTS[name], [])
            keys[child].update([found] if isinstance(found, str) else found)
        elif name in RELATION_TESTS:
            [parent] = re.findall(r"ref\('(\w+)'\)", arguments["to"])
            if parent in marts:
                # Columns, or several of them put together: crm_source || ' ' || owner_id.
                ours, theirs = (re.findall(r"\w+", arguments[side]) for side in ("column_name", "field"))
                keys[child].update(ours)
                keys[parent].update(theirs)
                label = ", ".join(theirs) + ("" if ours == theirs else f" = {', '.join(ours)}")
                lines.add((child, parent, label))
    return keys, lines
