"""The marts that the small inputs of tests/cases are looked at in: built once empty, then filled by replay."""

from __future__ import annotations

import contextlib
import io
import re
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

from conftest import ROOT, Databases, Dbt, ScratchServer
from support.dbt_replay import Node, Replay

CASES = ROOT / "tests" / "cases"
SELECT = (
    "+rep_sales_funnel_monthly +fct_deal_stage_history +fct_deals +dim_deal_owner_history +fct_deal_outcomes"
    " +dim_as_of +rep_pipeline_monthly +rep_pipeline_coverage +rep_executive_dashboard +fct_deal_states"
)
# Look-ups and descriptions.
CHANGES_NOTHING = re.compile(r"information_schema|\A\s*(/\*.*?\*/\s*)?comment on ", re.IGNORECASE | re.DOTALL)
STAGES = "stage_id,stage_name,pipeline_id,order_nr\n"
CHANGES = "deal_id,change_time,changed_field_key,new_value\n"
HISTORY = "Id,OpportunityId,StageName,Amount,Probability,CloseDate,ForecastCategory,CreatedDate,IsDeleted\n"


def first_run(results: list, events: list) -> Iterator[Node]:
    """The models of a run, in its order, with the statements that dbt sent for each; `events`: all its queries."""
    statements: dict[str, list[str]] = {}
    for event in events:
        if not CHANGES_NOTHING.search(event.data.sql):
            statements.setdefault(event.data.node_info.unique_id, []).append(event.data.sql)
    for result in results:
        if result.node.resource_type == "model":
            sent = tuple(statements[result.node.unique_id])
            yield Node(result.node.name, result.node.relation_name, sent, result.node.compiled_code)


class House:
    """A database whose marts follow the loads, by the statements that dbt sent when it built them first."""

    def __init__(
        self,
        server: ScratchServer,
        databases: Databases,
        dbt: Dbt,
        load: Callable[..., int],
        folder: Path,
        variables: dict | None = None,
    ) -> None:
        self.server, self.databases, self.load_files, self.folder = server, databases, load, folder
        self.database = databases.create()
        self.exports = 0
        events: list = []
        dbt.callbacks.append(lambda event: events.append(event) if event.info.name == "SQLQuery" else None)
        command = f"build --threads 1 --exclude-resource-type test unit_test --select {SELECT}"
        try:
            done = dbt(command, database=self.database, variables=variables)
        finally:
            dbt.callbacks.pop()
        self.replay = Replay(first_run(done.result.results, events))

    def close(self) -> None:
        self.databases.drop(self.database)

    def query(self, statement: str) -> list[tuple]:
        return self.server.query(self.database, statement)

    def empty(self) -> None:
        """Back to no loads and no marts; the seeds stay."""
        raw = [f"raw.{name}" for (name,) in self.query("select table_name from raw.files")]
        self.query(f"truncate {', '.join([*raw, 'raw.load_batches', 'raw.rejected_rows'])}")
        names = [repr(node.relation.partition(".")[2]) for node in self.replay.nodes]
        for kind in ("v", "r"):
            left = self.query(
                f"select oid::regclass::text from pg_class where relkind = '{kind}'"
                f" and oid = any(array[{', '.join(f'to_regclass({name})' for name in names)}])"
            )
            if left:
                kinds = {"v": "view", "r": "table"}
                self.query(f"drop {kinds[kind]} {', '.join(name for (name,) in left)} cascade")

    def load(self, export: Path | dict[str, str], *options: str | Path) -> str:
        """Load, which must succeed; what the loader said."""
        status, said = self.try_to_load(export, *options)
        assert status == 0, said
        return said

    def try_to_load(self, export: Path | dict[str, str], *options: str | Path) -> tuple[int, str]:
        """Load a folder, or files given as name → text; the loader's exit status and what it said."""
        if isinstance(export, dict):
            self.exports += 1
            folder = self.folder / str(self.exports)
            folder.mkdir()
            for name, text in export.items():
                (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
            export = folder
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            status = self.load_files(
                export, "--max-deleted", "1", *options, database=self.database, check=False
            )
        return status, said.getvalue()

    def run(self) -> None:
        with contextlib.closing(self.server.connect(self.database, "transformer")) as connection:
            self.replay.run(connection)

    def play(self, *exports: Path | dict[str, str]) -> None:
        """From nothing: load the exports one after the other and build the marts."""
        self.empty()
        for export in exports:
            self.load(export)
        self.run()

    # --- what people read ------------------------------------------------------------------------------------------

    def funnel(self) -> dict[tuple[str, str], int]:
        """The headline: (kpi, month) → deals, cells above zero."""
        rows = self.query(
            "select kpi_name, to_char(month, 'YYYY-MM'), deals_count from dev_marts.rep_sales_funnel_monthly"
            " where deals_count > 0"
        )
        return {(kpi, month): deals for kpi, month, deals in rows}

    def first_kpi(self) -> str:
        """What the headline calls the first step."""
        [(kpi,)] = self.query(
            "select distinct kpi_name from dev_marts.rep_sales_funnel_monthly where funnel_step = '1'"
        )
        return kpi

    def visits(self, deal: str = "1") -> list[tuple]:
        """(stage, entered at, moved) of a deal."""
        return self.query(
            "select stage_id, (entered_at at time zone 'UTC')::text, moved from dev_marts.fct_deal_stage_history"
            f" where deal_id = '{deal}' order by visit_number"
        )

    def is_open(self, deal: str, day: str, zone: str = "UTC") -> bool:
        """Whether the pipeline held it as open at the end of a day."""
        end = f"(('{day}'::date + 1)::timestamp at time zone '{zone}')"
        return self.query(
            "select exists (select from dev_marts.fct_deal_states"
            f" where deal_id = '{deal}' and status = 'open' and valid_from < {end}"
            f" and (valid_to is null or valid_to >= {end}))"
        ) == [(True,)]
