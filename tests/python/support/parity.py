"""A warehouse whose marts follow random sequences of loads, each run compared with a full refresh.

Shared by the proof that the contract of incremental marts holds, and by the proof that the first one is not blind.
"""

from __future__ import annotations

import contextlib
import io
import random
from collections.abc import Callable
from pathlib import Path

from conftest import Dbt
from support.crm_simulator import Crm
from support.dbt_replay import Replay, record
from support.hubspot_simulator import HubSpot
from support.other_ways import OtherWays
from support.reference_simulator import References
from support.salesforce_simulator import Salesforce

INCREMENTAL = "config.materialized:incremental"
COUNTED_FILES = {"deal_changes.csv", "activity.csv", "stages.csv"}


def build(dbt: Dbt, database: str, target: str = "dev") -> None:
    """Make the incremental tables and what they read: only the run after the first one is incremental."""
    dbt("seed --full-refresh", database=database, target=target)
    dbt(["run", "--full-refresh", "--select", f"+{INCREMENTAL}"], database=database, target=target)


class Warehouse:
    """A scratch database whose marts follow the loads, and the record of an incremental run of a project."""

    def __init__(
        self,
        database: str,
        dbt: Dbt,
        connect: Callable,
        load: Callable,
        target: str = "dev",
    ) -> None:
        """`database` is as build() left it, or such a database's copy."""
        self.target = target
        self.database = database
        self.load_files = load
        self.admin = connect(database)
        self.admin.autocommit = True
        self.connection = connect(database, "transformer")
        events: list = []
        dbt.callbacks.append(lambda event: events.append(event) if event.info.name == "SQLQuery" else None)
        try:
            # The other marts are written anew from these in every run, so there is nothing to compare.
            self.replay: Replay = record(
                lambda *arguments: dbt(arguments, database=database, target=target), events, INCREMENTAL
            )
        finally:
            dbt.callbacks.pop()

    def reset(self) -> None:
        """Back to no loads and no marts."""
        with self.admin.cursor() as cursor:
            cursor.execute("select 'raw.' || table_name from raw.files")
            tables = [name for (name,) in cursor.fetchall()] + ["raw.load_batches", "raw.rejected_rows"]
            cursor.execute(f"truncate {', '.join(tables + [node.relation for node in self.replay.nodes])}")
            # Tables that the replay does not build again hold nothing back.
            cursor.execute(f"update {self.target}_monitoring.definitions set complete_until = 'infinity'")

    def load(self, files: list[Path], mode: str) -> None:
        # The simulated CRM takes changes back, which an export alone cannot tell from an older one.
        self.load_by(*files, "--mode", mode, "--accept-older")

    def load_by(self, *arguments: str | Path) -> None:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = self.load_files(*arguments, "--max-deleted", "1", database=self.database, check=False)
        assert status == 0, output.getvalue()

    def read(self, query: str) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(query)
            rows = cursor.fetchall()
        self.connection.rollback()
        return rows

    def first_stage_entries(self) -> dict[tuple[str, str], int]:
        """What rep_sales_funnel_monthly says of stage steps: (month, step) → deals, cells above zero."""
        rows = self.read(
            "select month::text, funnel_step, funnel.deals_count"
            f" from {self.target}_marts.rep_sales_funnel_monthly as funnel"
            f" inner join {self.target}_marts.dim_funnel_steps as steps using (funnel_step, kpi_name)"
            f" inner join {self.target}_marts.dim_pipelines as pipelines using (crm_source, pipeline_id)"
            " where is_default and event_type = 'stage' and funnel.deals_count > 0"
        )
        return {(month, step): deals for month, step, deals in rows}

    def stages_of_the_funnel(self) -> dict[str, str] | None:
        """Stage → step of the funnel that the headline shows; None where that is not Pipedrive's."""
        rows = self.read(
            "select crm_source, source_value, funnel_step"
            f" from {self.target}_intermediate.int_funnel_steps as steps"
            f" inner join {self.target}_marts.dim_pipelines using (crm_source, pipeline_id)"
            " where is_default and event_type = 'stage'"
        )
        return {stage: step for crm, stage, step in rows if crm == "pipedrive"} or None


def play(
    seed: int, warehouse: Warehouse, folder: Path, turns: int = 6, *, mixes_ways: bool = False
) -> tuple[int, int]:
    """Play one sequence of loads and runs; with `mixes_ways` about half of the loads come by a connector or the API.

    Returns the number of runs compared, and of those whose headline was counted once more apart from the models;
    AssertionError on a difference."""
    rng = random.Random(seed)
    crm = Crm(rng)
    exported = crm.copy()
    salesforce = Salesforce(random.Random(seed + 1_000_000))
    hubspot = HubSpot(random.Random(seed + 2_000_000))
    references = References(random.Random(-seed))
    ways = OtherWays(seed, warehouse.admin, warehouse.load_by) if mixes_ways else None
    warehouse.reset()
    story: list[str] = []
    compared = counted_apart = 0

    def bring(crm_source: str, exports: list[Path], held: str) -> None:
        """A whole export, as files or by another way."""
        if ways and ways.is_next():
            story.append(f"load by {getattr(ways, crm_source)(exports)}")
        else:
            story.append(f"load {crm_source}: {held}")
            warehouse.load(exports, "full")

    for step in range(turns):
        loaded_in_full = False
        for load in range(rng.choice([1, 1, 2, 3])):
            for _ in range(rng.randint(1, 6)):
                crm.change()
            mode = "full" if step == 0 or rng.random() < 0.6 else "delta"
            files = crm.export(
                folder / f"{seed}-{step}-{load}", delta_from=exported if mode == "delta" else None
            )
            # Salesforce and HubSpot come and go: a whole export at a time, in some loads only.
            if salesforce.rng.random() < 0.5:
                for _ in range(salesforce.rng.randint(1, 6)):
                    salesforce.change()
                if salesforce.opportunities:
                    exports = salesforce.export(folder / f"{seed}-{step}-{load}-salesforce")
                    bring("salesforce", exports, f"{salesforce.opportunities} {salesforce.history}")
            if hubspot.rng.random() < 0.5:
                for _ in range(hubspot.rng.randint(1, 8)):
                    hubspot.change()
                if hubspot.deals:
                    exports = hubspot.export(folder / f"{seed}-{step}-{load}-hubspot")
                    bring("hubspot", exports, f"{hubspot.deals} {hubspot.history} {hubspot.merged}")
            loaded_in_full = False
            if ways and ways.is_next():
                story.append(f"load by {ways.pipedrive(crm, folder / f'{seed}-{step}-{load}-api')}")
                continue
            story.append(
                f"load {mode}: {sorted(crm.log)} {sorted(crm.activities.items())} {crm.stages} {crm.listed}"
            )
            if references.rng.random() < 0.3:
                story.append(f"changed {references.change()}")
            warehouse.load(files + references.export(folder / f"{seed}-{step}-{load}-references"), mode)
            if rng.random() < 0.15:
                story.append("load the same again")
                warehouse.load(files, mode)
            # A table that became empty is not exported: the loader refuses empty files.
            loaded_in_full = mode == "full" and {path.name for path in files} >= COUNTED_FILES
            if loaded_in_full:
                exported = crm.copy()
        if rng.random() < 0.15:
            stop_after = rng.randrange(warehouse.replay.count_statements())
            story.append(f"run killed after {stop_after} statements")
            warehouse.replay.run(warehouse.connection, stop_after=stop_after)
            continue
        story.append("run")
        warehouse.replay.run(warehouse.connection)
        compared += 1
        differences = warehouse.replay.differences(warehouse.connection)
        assert not differences, describe(seed, story, differences)
        steps = warehouse.stages_of_the_funnel()
        if loaded_in_full and steps and not crm.has_deletions():
            counted = warehouse.first_stage_entries()
            assert counted == crm.first_stage_entries(steps), describe(
                seed, story, {"counted apart": [counted]}
            )
            counted_apart += 1
    return compared, counted_apart


def describe(seed: int, story: list[str], differences: dict[str, list]) -> str:
    lines = [f"incremental differs from full refresh; repeat with SALES_FUNNEL_PARITY_SEED={seed}", *story]
    for mart, rows in differences.items():
        lines += [f"{mart}:", *(f"  {row}" for row in rows)]
    return "\n".join(lines)
