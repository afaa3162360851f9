"""A copy of the project whose definitions change, its warehouse, and a world that changes and exports itself.

Unlike parity.Warehouse this one runs dbt itself, for what dbt makes of a change is what it proves.
"""

from __future__ import annotations

import contextlib
import io
import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path

from conftest import ROOT, Databases, Dbt, copy_part, describe_failure
from support.crm_simulator import Crm
from support.dbt_replay import compare
from support.hubspot_simulator import HubSpot
from support.reference_simulator import SETTINGS, References
from support.salesforce_simulator import Salesforce

# Small enough to run often, yet with every kind: the headline, facts of stages and of states, and a fact on a fact.
MARTS = ("rep_sales_funnel_monthly", "fct_deal_stage_history", "dim_deals", "fct_pipeline_moves")
WITH_PARENTS = tuple(f"+{mart}" for mart in MARTS)
# Kind of change → (file, a text in it, what the text may become).
DEFINITIONS: dict[str, list[tuple[str, str, str]]] = {
    "zone": [
        ("dbt_project.yml", "reporting_timezone: UTC", "reporting_timezone: Asia/Tokyo"),
        ("dbt_project.yml", "reporting_timezone: UTC", "reporting_timezone: America/Los_Angeles"),
    ],
    "var": [
        ("dbt_project.yml", "fiscal_year_start_month: 1", "fiscal_year_start_month: 2"),
        ("dbt_project.yml", "default_pipeline_id: null", "default_pipeline_id: 2"),
    ],
    "seed": [
        ("seeds/funnel_steps.csv", "pipedrive,1,3,2.1,Sales Call 1,activity,meeting,2\n", ""),
        ("seeds/funnel_steps.csv", "1,2,2,Qualified Lead,stage,2", "1,2,2,Qualified Lead,stage,11"),
        ("seeds/exchange_rates.csv", "valid_from,rate\n", "valid_from,rate\nEUR,USD,2000-01-01,1.5\n"),
    ],
    "macro": [
        ("macros/time/count_days.sql", "/ 86400", "/ 43200"),
        ("macros/time/cut_day.sql", ")::date", ")::date + 1"),
    ],
    "model": [
        (
            "models/marts/deals/fct_deal_stage_history.sql",
            "visits.entered_by,",
            "upper(visits.entered_by) as entered_by,",
        ),
        (
            "models/intermediate/timelines/int_deal_owner_intervals.sql",
            "field = 'owner'",
            "field = 'owner' and value != '2'",
        ),
        (
            "models/marts/deals/dim_deals.sql",
            "coalesce(attributes.lead_source, 'Unknown')",
            "coalesce(attributes.lead_source, 'None')",
        ),
    ],
}


# Kind of change of rows → the reference files that it is about.
ROWS: dict[str, tuple[str, ...]] = {
    "Pipedrive": (),
    "Salesforce": (),
    "HubSpot": (),
    "stages": (),
    "users": ("users.csv", "User.csv", "UserRole.csv", "hubspot_owners.csv"),
    "marketing": (
        "Campaign.csv",
        "CampaignMember.csv",
        "Lead.csv",
        "OpportunityContactRole.csv",
        "ad_spend.csv",
        "web_analytics.csv",
    ),
    "other references": (
        "fields.csv",
        "activity_types.csv",
        "organizations.csv",
        "deal_products.csv",
        "pipedrive_leads.csv",
        "Account.csv",
        "OpportunityLineItem.csv",
        "hubspot_companies.csv",
        "hubspot_deal_contacts.csv",
        "hubspot_line_items.csv",
    ),
    "settings": tuple(SETTINGS),
}


class DefinitionsLab:
    """A warehouse whose project is a copy of `selected` alone. `said` holds what the last run said in the log."""

    def __init__(
        self,
        databases: Databases,
        dbt: Dbt,
        connect: Callable,
        load: Callable,
        folder: Path,
        selected: tuple[str, ...] = WITH_PARENTS,
    ) -> None:
        self.folder = folder
        self.databases = databases
        self.database = databases.create()
        self.project = copy_part(dbt, folder / "project", *selected)
        self.load_files = load
        (folder / "dbt").mkdir()
        self.dbt = Dbt(dbt.server, folder / "dbt", self.project)
        self.said: list[str] = []
        self.dbt.callbacks.append(self._listen)
        self.connection = connect(self.database, "transformer")
        self.loads = 0

    def _listen(self, event) -> None:
        if event.info.name in ("JinjaLogInfo", "JinjaLogWarning"):
            self.said.append(event.info.msg)

    def run(self, *selected: str, command: str = "build", variables: dict | None = None) -> str | None:
        """Run dbt on `selected`, or on MARTS and all that they read. Returns the refusal, if it was refused."""
        self.connection.rollback()
        self.said.clear()
        arguments = [command]
        if command != "seed":
            arguments += ["--select", *(selected or WITH_PARENTS)]
        if command == "build":
            arguments += ["--exclude-resource-type", "test", "unit_test"]
        done = self.dbt(arguments, database=self.database, variables=variables, check=False)
        if done.success:
            return None
        message = describe_failure(done)
        assert re.search("Run: dbt build .* --target dev$", message, re.M), message
        return message

    def close(self) -> None:
        self.connection.close()
        self.databases.drop(self.database)

    def rewrite(self, file: str, old: str, new: str) -> None:
        """Change a definition."""
        path = self.project / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) >= 1, f"{file} has no {old!r}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    def restore(self, file: str) -> None:
        """The file as it is in the project itself."""
        shutil.copy(ROOT / file, self.project / file)

    def load(self, files: list[Path]) -> None:
        output = io.StringIO()
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            status = self.load_files(
                *files, "--max-deleted", "1", "--accept-older", database=self.database, check=False
            )
        assert status == 0, output.getvalue()
        self.loads += 1

    def differences(self, *marts: str, variables: dict | None = None) -> dict[str, list[tuple]]:
        """Mart → rows in which it differs from its full refresh over the views and tables as they are."""
        names = marts or [f"+{mart},config.materialized:incremental" for mart in MARTS]
        done = self.dbt(
            ["compile", "--full-refresh", "--select", *names], database=self.database, variables=variables
        )
        found = {}
        for result in done.result:
            if result.node.resource_type == "model":
                rows = compare(self.connection, result.node.relation_name, result.node.compiled_code)
                if rows:
                    found[result.node.name] = rows
        self.connection.rollback()
        return found

    def query(self, text: str) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(text)
            rows = cursor.fetchall()
        self.connection.rollback()
        return rows


class World:
    """Every CRM and every reference table; `counts` says how often each kind of change happened."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.pipedrive, self.salesforce, self.hubspot = Crm(rng), Salesforce(rng), HubSpot(rng)
        self.references = References(rng)
        self.counts: dict[str, int] = {}
        self.references.changed = set(self.references.rows)

    def change(self) -> None:
        """Several random changes of rows, of one or two kinds."""
        for kind in self.rng.sample(list(ROWS), 2):
            self.count(kind)
            for _ in range(self.rng.randint(2, 8)):
                if kind == "Pipedrive":
                    self.pipedrive.change()
                elif kind == "Salesforce":
                    self.salesforce.change()
                elif kind == "HubSpot":
                    self.hubspot.change()
                elif kind == "stages":
                    self.pipedrive.reorder_stages()
                    self.salesforce.change_stage()
                else:
                    self.references.change(self.rng.choice(ROWS[kind]))

    def count(self, kind: str) -> None:
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def export(self, folder: Path) -> list[Path]:
        files = self.pipedrive.export(folder / "pipedrive")
        if self.salesforce.opportunities:
            files += self.salesforce.export(folder / "salesforce")
        if self.hubspot.deals:
            files += self.hubspot.export(folder / "hubspot")
        return files + self.references.export(folder / "references")
