#!/usr/bin/env python3
"""Bring the marts of an earlier version over: list what this version has no use for, then build all marts anew.

    python3 scripts/with_venv.py scripts/server/upgrade.py --target prod [--drop]

Before it, as a superuser, `scripts/server/postgres.py init` brings the raw tables over, with every version of every
row. Then this command, as the transformer: relations in the project's schemas that transformer owns and that no model
or seed makes any more are listed, with --drop dropped, and all marts are built in full. Nothing of anybody else is
touched: where something of theirs stands on such a relation, the command stops and names it. Exit status 1 where it
stopped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg2
from psycopg2 import sql

from command import command
from server.database import connect
from with_venv import ROOT, UserError

DBT = Path(sys.executable).parent / "dbt"
KINDS = {"r": "table", "v": "view", "m": "materialized view"}
LEFT_OVER = """
    select schemas.nspname, classes.relname, classes.relkind::text
    from pg_class as classes
    inner join pg_namespace as schemas on classes.relnamespace = schemas.oid
    where schemas.nspname = any(%(schemas)s) and classes.relkind in ('r', 'v', 'm')
        and pg_get_userbyid(classes.relowner) = 'transformer'
        and not (schemas.nspname || '.' || classes.relname) = any(%(made)s)
    order by classes.relkind = 'r', schemas.nspname, classes.relname
"""
# Views on them, and views on those, that transformer owns.
STANDING_ON = """
    with recursive found (relid) as (
        select to_regclass(name)::oid from unnest(%(names)s::text[]) as names (name)
        union
        select rules.ev_class
        from found
        inner join pg_depend as dependencies
            on dependencies.refobjid = found.relid and dependencies.refclassid = 'pg_class'::regclass
        inner join pg_rewrite as rules
            on dependencies.objid = rules.oid and dependencies.classid = 'pg_rewrite'::regclass
    )
    select schemas.nspname, classes.relname, classes.relkind::text
    from found
    inner join pg_class as classes on found.relid = classes.oid
    inner join pg_namespace as schemas on classes.relnamespace = schemas.oid
    where classes.relkind = 'v' and pg_get_userbyid(classes.relowner) = 'transformer'
"""

Relation = tuple[str, str, str]  # schema, name, kind as in pg_class


def find_left_over(connection: psycopg2.extensions.connection, manifest: dict[str, Any]) -> list[Relation]:
    """Relations of transformer in the project's schemas that the manifest does not name, views first."""
    made = {
        f"{node['schema']}.{node['alias']}": node["schema"]
        for node in manifest["nodes"].values()
        if node["resource_type"] in ("model", "seed")
    }
    with connection.cursor() as cursor:
        cursor.execute(LEFT_OVER, {"schemas": sorted(set(made.values())), "made": list(made)})
        return cursor.fetchall()


def drop(connection: psycopg2.extensions.connection, left_over: list[Relation]) -> None:
    """Drop them all or none, and with them views of the project that stand on them: the build makes those again."""
    with connection, connection.cursor() as cursor:
        cursor.execute(STANDING_ON, {"names": [f'"{schema}"."{name}"' for schema, name, _ in left_over]})
        doomed = {*left_over, *cursor.fetchall()}
        for kind, word in sorted(KINDS.items(), reverse=True):
            names = [sql.Identifier(schema, name) for schema, name, its_kind in doomed if its_kind == kind]
            if names:
                statement = sql.SQL("drop {} {}").format(sql.SQL(word), sql.SQL(", ").join(names))
                cursor.execute(statement)


def run_dbt(*arguments: str) -> bool:
    return subprocess.run([str(DBT), *arguments], check=False, cwd=ROOT).returncode == 0


@command
def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--target", default="dev", help="the target of profiles.yml (default dev)")
    parser.add_argument("--drop", action="store_true", help="drop what no model or seed makes any more")
    options = parser.parse_args(arguments)
    if not run_dbt("parse", "--quiet", "--target", options.target):
        return 1
    manifest = json.loads((ROOT / "target" / "manifest.json").read_text(encoding="utf-8"))
    with closing(connect()) as connection:
        left_over = find_left_over(connection, manifest)
        fate = "dropped" if options.drop else "no model makes it any more"
        for schema, name, kind in left_over:
            print(f"{KINDS[kind]} {schema}.{name}: {fate}")
        if left_over and not options.drop:
            raise UserError(f"{len(left_over)} relations are left over; run it again with --drop")
        try:
            drop(connection, left_over)
        except psycopg2.errors.DependentObjectsStillExist as error:
            needs = "; ".join((error.diag.message_detail or "").splitlines())
            raise UserError(f"nothing was dropped, because something stands on it: {needs}") from error
    return 0 if run_dbt("build", "--full-refresh", "--target", options.target) else 1


if __name__ == "__main__":
    sys.exit(main())
