"""The values in force: those of the file among the exports, as of any load; where it has no row, the seed's.

What the loader makes of such a file is in test_settings_files.py, that it reaches every mart in test_definitions.py.
"""

from __future__ import annotations

import contextlib
import csv
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import ROOT
from loader import draft_steps

SEEDS = {
    path.stem: path
    for path in sorted((ROOT / "seeds").glob("*.csv"))
    if path.stem != "channel_metrics"  # the project's own
}
SPELLINGS = "spelling,channel,utm_source,is_paid\n"


class Settings:
    """A copy of the sample's database, and what its views of settings say."""

    def __init__(self, database: str, connection, load: Callable[..., int], folder: Path) -> None:
        self.database, self.connection, self.folder = database, connection, folder
        self.connection.autocommit = True
        self.load_files = load
        self.loads = 0

    def load(self, name: str, text: str) -> str:
        """Load one file; the moment of the load."""
        self.loads += 1
        folder = self.folder / str(self.loads)
        folder.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
        self.load_files(folder, database=self.database)
        [(moment,)] = self.query("select max(_loaded_at)::text from raw.load_batches")
        return moment

    def query(self, statement: str) -> list[tuple]:
        with self.connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def rows(self, setting: str, loaded_until: str = "infinity") -> list[tuple]:
        """What the setting is after the load of that moment."""
        self.query(f"set sales_funnel.loaded_until = '{loaded_until}'")
        rows = self.query(f"select * from dev_staging.stg_settings__{setting} as setting order by setting")
        return [row[:8] for row in rows]  # the further ones of funnel_steps say where the row is from


@pytest.fixture
def settings(databases, sample_database, connect, load, tmp_path) -> Iterator[Settings]:
    name = databases.create(template=sample_database)
    with contextlib.closing(connect(name)) as connection:
        yield Settings(name, connection, load, tmp_path)
    databases.drop(name)


def test_a_file_replaces_the_whole_seed_and_a_header_alone_restores_it(settings):
    seed = settings.rows("channels")
    assert len(seed) > 10
    settings.load("channels.csv", SPELLINGS + " Google ,Search,google,true\n")
    assert settings.rows("channels") == [("google", "Search", "google", True)]
    settings.load("channels.csv", SPELLINGS)
    assert settings.rows("channels") == seed


def test_an_earlier_load_shows_the_setting_of_then(settings):
    [(sample,)] = settings.query("select max(_loaded_at)::text from raw.load_batches")
    seed = settings.rows("channels")
    moments = [settings.load("channels.csv", SPELLINGS + f"google,{name},,true\n") for name in ("One", "Two")]
    moments.append(settings.load("channels.csv", SPELLINGS))
    assert [settings.rows("channels", moment) for moment in (sample, *moments)] == [
        seed,
        [("google", "One", None, True)],
        [("google", "Two", None, True)],
        seed,
    ]


def test_a_changed_seed_overwrites_no_file(settings):
    settings.load("channels.csv", SPELLINGS + "google,Search,,true\n")
    for change in (
        "update dev_reference.channels set channel = 'Pulled'",
        "delete from dev_reference.channels",
    ):
        settings.query(change)
        assert settings.rows("channels") == [("google", "Search", None, True)]


def test_a_copy_of_a_seed_among_the_exports_changes_nothing(settings):
    shipped = {name for name, path in SEEDS.items() if len(path.read_text(encoding="utf-8").splitlines()) > 1}
    assert set(SEEDS) - shipped == {"deal_urls", "exchange_rates", "funnel_dimensions", "sales_quotas"}
    before = {name: settings.rows(name) for name in shipped}
    for name in shipped:
        text = SEEDS[name].read_text(encoding="utf-8")
        settings.load(f"{name}.csv", text)
        # Only then is it the file that is read.
        settings.query(f"delete from dev_reference.{name}")
        assert settings.rows(name) == before[name], name
        assert len(before[name]) == len(text.splitlines()) - 1


def test_every_setting_has_a_file_and_nothing_else_has(settings):
    files = settings.query("select file_name, table_name from raw.files where is_setting")
    assert sorted(files) == [(f"{name}.csv", f"settings_{name}") for name in SEEDS]


def test_steps_without_a_crm_are_pipedrives(settings):
    with SEEDS["funnel_steps"].open(encoding="utf-8", newline="") as file:
        rows = [row[1:] for row in csv.reader(file)]
    before = settings.rows("funnel_steps")
    settings.load("funnel_steps.csv", "".join(f"{','.join(row)}\n" for row in rows))
    settings.query("delete from dev_reference.funnel_steps")
    assert settings.rows("funnel_steps") == before
    assert {row[0] for row in before} == {"pipedrive"}


def test_a_stage_of_salesforce_may_stand_by_its_name(settings):
    """Though its id names the record type as well, which may be written with 15 characters."""
    given = {
        "salesforce,012000000000AAA,{},stage,Quoted": "012000000000AAAAA2:Quoted",
        " Salesforce ,012000000000AAB,{},stage, Quoted ": "012000000000AABAA2:Quoted",
        "salesforce,012000000000AAAAA2,{},stage,012000000000AAAAA2:Signed": "012000000000AAAAA2:Signed",
        "salesforce,default,{},stage,Quoted": "Quoted",
        "salesforce,012000000000AAAAA2,{},activity,Call": "Call",
        "hubspot,77,{},stage,78": "78",
        ",1,{},stage,2": "2",
    }
    header = "crm_source,pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value"
    lines = [line.format(f"{place},{place},Offer") for place, line in enumerate(given)]
    settings.load("funnel_steps.csv", "\n".join([header, *lines]))
    assert {row[2]: row[6] for row in settings.rows("funnel_steps")} == dict(enumerate(given.values()))


def test_the_draft_of_the_steps_holds_the_stages_that_were_seen_and_can_be_loaded(settings, tmp_path):
    path = tmp_path / "target" / "funnel_steps.csv"
    assert draft_steps.write_draft(settings.connection, path) == 35
    text = path.read_text(encoding="utf-8")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    steps: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        steps.setdefault((row["crm_source"], row["pipeline_id"]), []).append(row["kpi_name"])
    assert steps["salesforce", "default"] == [
        *("Prospecting", "Qualification", "Needs Analysis", "Proposal/Price Quote", "Negotiation/Review"),
        *("Won", "Lost"),
    ]
    assert steps["pipedrive", "2"] == [
        *("Partner Lead", "Partner Qualified", "Partner Proposal", "Partner Negotiation", "Partner Closing"),
        *("Won", "Lost"),
    ]
    assert len(steps["pipedrive", "1"]) == 11
    assert steps["hubspot", "2"] == ["Renewal Due", "Quote Sent", "Won", "Lost"]
    settings.load("funnel_steps.csv", text)
    assert {row[:2] + row[3:7] for row in settings.rows("funnel_steps")} == {
        tuple(value for name, value in row.items() if name not in ("step_order", "parent_step"))
        for row in rows
    }
    assert settings.query("select distinct is_own from dev_staging.stg_settings__funnel_steps") == [(True,)]
