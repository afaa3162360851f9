#!/usr/bin/env python3
"""target/superset_dashboard.zip from bi/superset: what Superset imports, pointed at a database and a schema.

    python3 scripts/with_venv.py scripts/report/superset_dashboard.py [--schema marts]

The address of the server comes from PG* where PGHOST is set, else it is the embedded one's. The password of the
reporter is never written: Superset asks for it at the import.
"""

from __future__ import annotations

import argparse
import os
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import yaml

from command import command
from server import postgres
from server.cluster import HOST
from server.database import DATABASE
from with_venv import ROOT

SOURCE = ROOT / "bi" / "superset"
OUTPUT = ROOT / "target" / "superset_dashboard.zip"
# Superset's own word for "asked for at the import".
NO_PASSWORD = "XXXXXXXXXX"  # noqa: S105 - it stands where a password is left out


def write_zip(output: Path, server: str, database: str, schema: str) -> Path:
    """Write the archive for marts in `schema` of this database; the server is host:port. Same settings, same bytes."""
    output.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(output, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(SOURCE.rglob("*.yaml")):
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            if path.parent.name == "databases":
                address = f"{server}/{quote(database, safe='')}"
                content["sqlalchemy_uri"] = f"postgresql+psycopg2://reporter:{NO_PASSWORD}@{address}"
            if path.parent.parent.name == "datasets":
                content["schema"] = schema
            # A fixed time, since an archive keeps one for every file.
            entry = zipfile.ZipInfo(f"superset/{path.relative_to(SOURCE).as_posix()}")
            archive.writestr(entry, yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return output


@command
def main() -> int:
    parser = argparse.ArgumentParser(prog="superset_dashboard.py", description=__doc__.split("\n", 1)[0])
    parser.add_argument("--schema", default="dev_marts", help="schema of the marts (default: dev_marts)")
    options = parser.parse_args()
    if host := os.environ.get("PGHOST"):
        server = f"{host}:{os.environ.get('PGPORT') or 5432}"
    else:
        server = f"{HOST}:{postgres.start().port}"
    database = os.environ.get("PGDATABASE") or DATABASE
    output = write_zip(OUTPUT, server, database, options.schema)
    print(
        f"{os.path.relpath(output)}: import it in Superset, Settings > Import dashboards; it asks for the password"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
