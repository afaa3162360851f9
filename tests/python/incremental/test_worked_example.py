"""The worked example of docs/incremental.md, followed to the letter, is an incremental mart."""

from __future__ import annotations

import re
import shutil

import pytest

from conftest import ROOT, Dbt, copy_project

MART = "fct_amount_changes"
ROWS = f"select * from dev_marts.{MART} order by deal_key"
WRITTEN_BY = f"select deal_id, xmin::text from dev_marts.{MART}"


def find_block(language: str) -> str:
    example = (ROOT / "docs" / "incremental.md").read_text(encoding="utf-8").partition("## Worked example")[2]
    [block] = re.findall(rf"```{language}\n(.*?)```", example, re.DOTALL)
    return block


@pytest.mark.nightly
def test_the_worked_example_follows_the_loads(sample_database, databases, dbt, load, query, tmp_path):
    project = copy_project(tmp_path / "project")
    for language, ending in (("sql", "sql"), ("yaml", "yml")):
        (project / "models/marts/deals" / f"{MART}.{ending}").write_text(
            find_block(language), encoding="utf-8"
        )
    database = databases.create(template=sample_database)
    (tmp_path / "dbt").mkdir()
    example = Dbt(dbt.server, tmp_path / "dbt", project)
    example(f"build --exclude-resource-type test unit_test --select +{MART}", database=database)
    before = dict(query(database, WRITTEN_BY))
    corrected, late, gone = query(
        database,
        f"select deal_id, (first_changed_at at time zone 'UTC')::text from dev_marts.{MART}"
        " join dev_marts.dim_deals using (deal_key, crm_source, deal_id)"
        " where crm_source = 'pipedrive' and status = 'open' order by deal_key limit 3",
    )
    export = tmp_path / "export"
    shutil.copytree(ROOT / "raw_data" / "pipedrive", export)
    log = export / "deal_changes.csv"
    lines = log.read_text(encoding="utf-8").splitlines()
    lines = [line for line in lines if not line.startswith(f"{gone[0]},")]
    lines += [f"{corrected[0]},2025-06-29 10:00:00,value,7654321", f"{late[0]},{late[1]},value,1234567"]
    log.write_text("\n".join(lines) + "\n", encoding="utf-8")
    load(export, "--max-deleted", "1", database=database)

    example(f"run --select +{MART}", database=database)
    incremental, after = query(database, ROWS), dict(query(database, WRITTEN_BY))
    assert before.keys() - after.keys() == {gone[0]}
    rewritten = {deal for deal, transaction in after.items() if before[deal] != transaction}
    assert rewritten == {corrected[0], late[0]}, "an incremental run replaces the changed deals alone"
    example(f"run --full-refresh --select {MART}", database=database)
    assert incremental == query(database, ROWS)
