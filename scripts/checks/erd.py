"""docs/erd.md: how the marts hang together, drawn by dbterd from the relations that are tested.

    python3 scripts/with_venv.py scripts/checks/erd.py              write it
    python3 scripts/with_venv.py scripts/checks/erd.py --check      fail where it is out of date, as lint does

It reads target/manifest.json, as dbt parse leaves it. No database is asked: contracts say what columns there are.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from with_venv import ROOT

MANIFEST = ROOT / "target" / "manifest.json"
PAGE = ROOT / "docs" / "erd.md"
Artifact = dict[str, Any]  # a part of dbt's manifest or catalog
# unmatched_share is a relationship with a threshold.
RELATION_TESTS = ("relationships", "unmatched_share")
KEY_TESTS = ("unique", "unique_combination_of_columns")
INTRODUCTION = """# How the marts hang together

Drawn by `make erd` from the relations that `dbt build` tests; lint checks that it is up to date. Only key columns are
shown, every column is described by `make docs`. A table that no test ties to another is left out.
"""


class ErdError(Exception):
    """Something the user can mend; the message is one line."""


def draw(manifest: Artifact) -> str:
    """The Markdown page with one Mermaid diagram per domain of marts and reports. Raises ErdError when dbterd fails."""
    marts = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
        and {"marts", "reports"} & set(node["fqn"])
        and not node["name"].startswith("int_")
    }
    tests = [
        node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and node.get("test_metadata")
    ]
    keys = list_keys(marts, tests)
    blocks, lines = run_dbterd(slim(manifest, marts, tests), marts)
    page = INTRODUCTION
    for title in ("Deals", "Funnel", "Pipeline", "Marketing", "Scoring"):
        tags = [title.lower()] if title != "Deals" else []
        names = {node["name"] for node in marts.values() if node["tags"] == tags}
        # A line into the other domain brings the table at its other end along.
        drawn = sorted(line for line in lines if line[0] in names)
        tables = sorted({name for line in drawn for name in line[:2]})
        if not tables:  # switched off
            continue
        page += f"\n## {title}\n\n```mermaid\nerDiagram\n"
        for name in tables:
            columns = [column for column in blocks[name] if column.split()[1] in keys.get(name, ())]
            page += f"  {name} {{\n" + "".join(f"    {column}\n" for column in columns) + "  }\n"
        page += "".join(f'  {child} }}o--|| {parent} : "{label}"\n' for child, parent, label in drawn)
        page += "```\n"
    return page


def list_keys(marts: dict[str, Artifact], tests: list[Artifact]) -> dict[str, set[str]]:
    """{model: columns that identify its rows or point to another model}."""
    keys: dict[str, set[str]] = {
        node["name"]: {column for constraint in node["constraints"] for column in constraint["columns"]}
        for node in marts.values()
    }
    for test in tests:
        name, arguments = test["test_metadata"]["name"], test["test_metadata"]["kwargs"]
        model = (test.get("attached_node") or "").split(".")[-1]
        if name in KEY_TESTS:
            columns = arguments.get("combination_of_columns") or [test["column_name"]]
            keys.setdefault(model, set()).update(column for column in columns if column)
        elif name in RELATION_TESTS:
            keys.setdefault(model, set()).add(test["column_name"])
            target = re.search(r"ref\('(\w+)'\)", arguments["to"])
            if target:
                keys.setdefault(target[1], set()).add(arguments["field"])
    return keys


def slim(manifest: Artifact, marts: dict[str, Artifact], tests: list[Artifact]) -> Artifact:
    """A manifest of the marts and their relations only, which dbterd reads in a tenth of the time.

    It knows a relation by the word in the test's id, which a test with a name of its own does not have.
    """
    nodes = dict(marts)
    for test in tests:
        if test["test_metadata"]["name"] in RELATION_TESTS and test.get("attached_node") in marts:
            key = f"test.relationships.{test['unique_id'].removeprefix('test.')}"
            nodes[key] = test | {"unique_id": key}
    empty = ("sources", "macros", "docs", "exposures", "metrics", "unit_tests", "parent_map", "child_map")
    return manifest | {name: {} for name in empty} | {"nodes": nodes}


def run_dbterd(
    manifest: Artifact, marts: dict[str, Artifact]
) -> tuple[dict[str, list[str]], set[tuple[str, str, str]]]:
    """What dbterd finds: {table: ["type column"]} and (child, parent, columns) of each relation."""
    catalog = {
        "metadata": {"dbt_schema_version": "https://schemas.getdbt.com/dbt/catalog/v1.json"},
        "nodes": {key: describe(key, node) for key, node in marts.items()},
        "sources": {},
        "errors": None,
    }
    blocks: dict[str, list[str]] = {}
    lines: set[tuple[str, str, str]] = set()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
        (Path(folder) / "catalog.json").write_text(json.dumps(catalog), encoding="utf-8")
        command = [str(Path(sys.executable).parent / "dbterd"), "run", "-ad", folder, "-o", folder]
        command += ["-t", "mermaid", "-enf", "model", "-a", "test_relationship"]
        done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder)
        output = Path(folder) / "output.md"
        if done.returncode != 0 or not output.exists():
            raise ErdError(f"dbterd failed: {(done.stderr or done.stdout).strip().splitlines()[-1]}")
        text = output.read_text(encoding="utf-8")
    for name, body in re.findall(r'^  "?(\w+)"? \{\n(.*?)^  \}', text, re.MULTILINE | re.DOTALL):
        blocks[name.lower()] = [line.strip() for line in body.splitlines()]
    for child, parent, label in re.findall(r'^  "?(\w+)"? \S+ "?(\w+)"?: (.+)$', text, re.MULTILINE):
        lines.add((child.lower(), parent.lower(), label.strip().strip('"').replace("--", " = ")))
    return blocks, {line for line in lines if line[0] in blocks and line[1] in blocks}


def describe(key: str, node: Artifact) -> Artifact:
    """The catalog's entry of a model, from its contract."""
    columns = {
        name: {
            "name": name,
            "index": index,
            "type": re.sub(r"\(.*\)", "", column["data_type"]),
            "comment": None,
        }
        for index, (name, column) in enumerate(node["columns"].items(), 1)
    }
    metadata = {"type": "BASE TABLE", "schema": "marts", "name": node["name"], "database": None}
    return {
        "unique_id": key,
        "metadata": metadata | {"comment": None, "owner": None},
        "columns": columns,
        "stats": {},
    }


def main(arguments: list[str]) -> int:
    try:
        page = draw(json.loads(MANIFEST.read_text(encoding="utf-8")))
    except FileNotFoundError:
        print("erd.py: no target/manifest.json; dbt parse writes it", file=sys.stderr)
        return 1
    except ErdError as error:
        print(f"erd.py: {error}", file=sys.stderr)
        return 1
    if arguments == ["--check"]:
        if not PAGE.exists() or PAGE.read_text(encoding="utf-8") != page:
            print("erd.py: docs/erd.md is out of date; make erd writes it", file=sys.stderr)
            return 1
        return 0
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
