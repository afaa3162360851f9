"""Checks every dbt YAML file against the JSON schemas that dbt ships.

On PostgreSQL dbt itself does not warn about a key that is misspelt or misplaced, and such a key tests nothing.

    python3 scripts/with_venv.py scripts/checks/check_yaml.py
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dbt.jsonschemas
import yaml
from jsonschema.exceptions import ValidationError, best_match
from jsonschema.validators import Draft7Validator, extend

from with_venv import ROOT

SCHEMAS = Path(dbt.jsonschemas.JSONSCHEMAS_PATH)
RESOURCE_FOLDERS = ("models", "macros", "seeds", "analyses", "tests")
# What dbt does not read there; test_guards.py checks the shape of the guards.
NOT_DBT = {("tests", "python"), ("tests", "guards")}


def accept_unrendered(
    validator: Any, types: Any, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """YAML reads unquoted dates as dates, which dbt's schemas call strings; Jinja has its type only when rendered."""
    is_date = "string" in types and isinstance(instance, datetime.date)
    is_jinja = isinstance(instance, str) and instance.startswith("{{")
    if not (is_date or is_jinja):
        yield from Draft7Validator.VALIDATORS["type"](validator, types, instance, schema)


def ignore_case(
    validator: Any, allowed: Any, instance: object, schema: Mapping[str, Any]
) -> Iterator[ValidationError]:
    """dbt reads `severity: warn` in any case; its schema lists 'Warn' alone."""
    if not (isinstance(instance, str) and instance.lower() in [str(value).lower() for value in allowed]):
        yield from Draft7Validator.VALIDATORS["enum"](validator, allowed, instance, schema)


Validator: type[Draft7Validator] = extend(  # type: ignore[no-untyped-call] # of the stubs
    Draft7Validator, validators={"type": accept_unrendered, "enum": ignore_case}
)


def load_schema(name: str) -> dict[str, Any]:
    """Return dbt's JSON schema of that name: 'project' or 'resources'."""
    folder = SCHEMAS / name
    newest = folder / "latest.json"
    if not newest.exists():
        newest = max(folder.glob("*.json"), key=lambda path: [int(part) for part in path.stem.split(".")])
    return dict(json.loads(newest.read_text(encoding="utf-8")))


def check(path: Path, schema: dict[str, Any]) -> list[str]:
    """Return one line per violation in the file: where, and what."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        return [f"{path}: not YAML: {' '.join(str(error).split())}"]
    lines = []
    for violation in Validator(schema).iter_errors(content):
        # Of the branches of an "any of", the deepest failure is the one that a reader can act on.
        deepest = best_match([violation])
        place = ".".join(str(part) for part in deepest.absolute_path) or "top level"
        lines.append(f"{path}: {place}: {deepest.message}")
    return lines


def main() -> int:
    """Print the violations of all files; return 1 when there are any."""
    resources = load_schema("resources")
    files = [
        path
        for folder in RESOURCE_FOLDERS
        for path in sorted((ROOT / folder).rglob("*.yml"))
        if path.relative_to(ROOT).parts[:2] not in NOT_DBT
    ]
    lines = [line for path in files for line in check(path, resources)]
    lines += check(ROOT / "dbt_project.yml", load_schema("project"))
    for line in lines:
        print(line.replace(f"{ROOT}/", ""), file=sys.stderr)
    print(f"check_yaml: {len(files) + 1} files, {len(lines)} violations")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
