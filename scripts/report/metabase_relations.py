#!/usr/bin/env python3
"""Tell Metabase which column of a mart points to which: the relations of docs/erd.md, as keys of its table metadata.

    METABASE_URL=https://metabase.example.com METABASE_API_KEY=... \\
        python3 scripts/with_venv.py scripts/report/metabase_relations.py [--database NAME] [--schema marts]

The key is that of an administrators' group (Admin settings > Authentication > API keys). Metabase must have read the
tables. It knows keys of one column only: those of several are counted, and joined in the question. Run again, it
changes nothing. The relations are read from target/manifest.json, as dbt parse leaves it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

from checks.check_layers import read_manifest
from checks.erd import list_marts, read_relations
from command import command
from server.database import DATABASE
from with_venv import UserError

TIMEOUT_SECONDS = 30
FOREIGN_KEY = "type/FK"
Column = tuple[str, str]  # table, column


def list_keys(manifest: dict[str, Any]) -> tuple[dict[Column, Column], int]:
    """{column: what it points to}, and how many relations are of several columns."""
    _, relations = read_relations(list_marts(manifest), manifest)
    keys, several = {}, 0
    for child, parent, label in sorted(relations):
        theirs, _, ours = label.partition(" = ")
        if "," in theirs:
            several += 1
        else:
            keys[child, ours or theirs] = parent, theirs
    return keys, several


def find_fields(ask: Metabase, database: str, schema: str) -> dict[Column, dict[str, Any]]:
    """The fields of the schema's tables, as Metabase has read them. Raises UserError."""
    listed = ask("GET", "/api/database")
    found = [one for one in listed.get("data", []) if (one.get("details") or {}).get("dbname") == database]
    found = found or [one for one in listed.get("data", []) if one["name"] == database]
    if len(found) != 1:
        raise UserError(f"Metabase knows {len(found)} databases {database}; --database names one")
    tables = ask("GET", f"/api/database/{found[0]['id']}/metadata")["tables"]
    fields = {
        (table["name"], field["name"]): field
        for table in tables
        if table["schema"] == schema
        for field in table["fields"]
    }
    if not fields:
        raise UserError(
            f"Metabase has read no table of the schema {schema}; --schema names another, or sync it first"
        )
    return fields


def apply(
    ask: Metabase, keys: dict[Column, Column], fields: dict[Column, dict[str, Any]]
) -> tuple[int, list[str]]:
    """Set the keys that are not as they should be: how many, and the columns that Metabase does not know."""
    changed, missing = 0, []
    for column, target in keys.items():
        missing += [".".join(one) for one in (column, target) if one not in fields]
        if column not in fields or target not in fields:
            continue
        wanted = {"semantic_type": FOREIGN_KEY, "fk_target_field_id": fields[target]["id"]}
        if any(fields[column].get(name) != value for name, value in wanted.items()):
            ask("PUT", f"/api/field/{fields[column]['id']}", wanted)
            changed += 1
    return changed, sorted(set(missing))


class Metabase:
    """Asks Metabase's API. Raises UserError with what it answers."""

    def __init__(self, url: str, key: str) -> None:
        if not url.startswith(("https://", "http://")):
            raise UserError(f"METABASE_URL is no address of the web: {url}")
        self.url, self.key = url.rstrip("/"), key

    def __call__(self, method: str, path: str, content: dict[str, Any] | None = None) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - the address is checked above
            self.url + path,
            data=None if content is None else json.dumps(content).encode(),
            headers={"x-api-key": self.key, "Content-Type": "application/json"},
            method=method,
        )
        try:
            with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
                return dict(json.load(answer))
        except urllib.error.HTTPError as error:
            raise UserError(
                f"Metabase answers {error.code} to {method} {path}: is the key an administrator's?"
            ) from error
        except (OSError, ValueError) as error:
            raise UserError(f"{self.url} does not answer as Metabase does: {error}") from error


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="metabase_relations.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--database", default=DATABASE, help=f"as PostgreSQL names it (default: {DATABASE})")
    parser.add_argument("--schema", default="marts", help="schema of the marts (default: marts)")
    options = parser.parse_args(arguments)
    url, key = os.environ.get("METABASE_URL"), os.environ.get("METABASE_API_KEY")
    if not url or not key:
        raise UserError("METABASE_URL and METABASE_API_KEY say where Metabase is, and who asks")
    keys, several = list_keys(read_manifest())
    ask = Metabase(url, key)
    changed, missing = apply(ask, keys, find_fields(ask, options.database, options.schema))
    print(f"{changed} of {len(keys)} keys set; {several} of several columns are joined in the question")
    if missing:
        raise UserError(
            f"Metabase does not know {', '.join(missing)}; sync the database's schema, and run again"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
