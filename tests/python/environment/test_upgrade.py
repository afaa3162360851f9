"""A database that version 0.1.0 built is brought over: each version of each row stays; the marts are those of today."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT, environment
from server import upgrade

VERSION_0_1_0 = "58073ab"


@pytest.fixture
def old_project(tmp_path: Path) -> Path:
    """The project as it was in 0.1.0, from git's history."""
    folder = tmp_path / "old"
    folder.mkdir()
    archive = subprocess.run(["git", "archive", VERSION_0_1_0], check=False, cwd=ROOT, capture_output=True)
    if archive.returncode:
        pytest.skip(f"git does not hold {VERSION_0_1_0} here")
    subprocess.run(["tar", "-x", "-C", str(folder)], check=True, input=archive.stdout)
    (folder / "dbt_packages").symlink_to(ROOT / "dbt_packages")
    (folder / "profiles.yml").write_text((folder / "profiles.example.yml").read_text(encoding="utf-8"))
    return folder


def run_old(old_project: Path, variables: dict[str, str], *command: str) -> None:
    done = subprocess.run(
        [sys.executable, *command],
        check=False,
        cwd=old_project,
        env={
            **os.environ,
            **variables,
            "PYTHONPATH": str(old_project / "scripts"),
            "DBT_PROFILES_DIR": str(old_project),
        },
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.nightly
def test_a_database_of_0_1_0_is_brought_over(
    server, databases, old_project, dbt, load, query, sample_database, connect, capfd, monkeypatch
):
    name = databases.create("template0")
    with connect(name) as connection, connection.cursor() as cursor:
        cursor.execute("drop schema raw cascade")
        cursor.execute((old_project / "init.sql").read_text(encoding="utf-8"))
    connection.close()
    loader = server.environment(name, "loader")
    run_old(old_project, loader, "scripts/load_raw.py", "raw_data")
    # A second version of some rows, which must outlive the upgrade.
    stages = old_project / "raw_data" / "pipedrive" / "stages.csv"
    stages.write_text(stages.read_text(encoding="utf-8").replace("Lead Generation", "Lead generation"))
    run_old(old_project, loader, "scripts/load_raw.py", str(stages))
    transformer = server.environment(name, "transformer")
    dbt_old = ["-m", "dbt.cli.main", "build", "--exclude-resource-type", "test", "unit_test", "--quiet"]
    run_old(old_project, transformer, *dbt_old)
    versions = query(name, "select count(*), max(_version) from raw.stages")

    from server.database import initialize

    connection = connect(name)
    initialize(connection, {})
    connection.close()
    assert query(name, "select count(*), max(_version) from raw.stages") == versions
    monkeypatch.setenv("DBT_PROFILES_DIR", str(dbt.folder))
    monkeypatch.setenv("DBT_TARGET_PATH", str(ROOT / "target"))
    with environment(transformer):
        assert upgrade.main([]) == 1
        said = capfd.readouterr().out
        assert "table dev_marts.fct_opportunities: no model makes it any more" in said
        assert upgrade.main(["--drop"]) == 0
    gone = query(
        name, "select to_regclass('dev_marts.fct_opportunities'), to_regclass('dev_marts.rep_opportunities')"
    )
    assert gone == [(None, None)]
    # The sample has changed since: the quotas and rates are files among the exports now.
    load(ROOT / "raw_data", "--accept-older", "--max-deleted", "1", database=name)
    dbt("build --exclude-resource-type test unit_test", database=name)
    for mart in (
        "rep_sales_funnel_monthly",
        "fct_deal_stage_history",
        "fct_deal_states",
        "rep_win_rate_trend",
    ):
        columns = query(
            name,
            "select string_agg(quote_ident(column_name), ', ' order by column_name) from information_schema.columns"
            f" where table_schema = 'dev_marts' and table_name = '{mart}' and column_name <> '_loaded_at'",
        )[0][0]
        rows = f"select {columns} from dev_marts.{mart} order by {columns}"
        assert query(name, rows) == query(sample_database, rows), mart
    databases.drop(name)
