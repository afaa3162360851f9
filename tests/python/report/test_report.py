"""The report without a browser: what is embedded equals SQL, nothing escapes, and nothing loaded is no crash."""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache

import psycopg2
import pytest
import yaml

from report import write_report
from report.page_data import CODES, OTHERS, fold_owners, keep_deals, pack
from report.write_report import (
    PAGE,
    QUERIES,
    ROOT,
    SCRIPTS,
    read_marts,
    render,
)
from with_venv import UserError

pytest_plugins = ("support.browser",)

Rows = list[dict]
PLACES = {letter: place for place, letter in enumerate(CODES)}
HOSTILE = "</script><img src=x onerror=alert(1)>&amp;<b>=1+1</b>\u2028"


@cache
def read_page(page: str) -> dict[str, Rows | None]:
    """The data sets of a page, as its script reads them."""
    text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)[1]
    return {name: data and unpack(data) for name, data in json.loads(text).items()}


def unpack(table: dict) -> Rows:
    """Rows of a data set that is kept by column, as data.js does."""
    columns = []
    for column in table.values():
        if isinstance(column, dict):
            wide = 1 if len(column["of"]) <= len(CODES) else 2
            letters = [PLACES[letter] for letter in column["at"]]
            places = (
                letters
                if wide == 1
                else [64 * one + two for one, two in zip(*[iter(letters)] * 2, strict=True)]
            )
            columns.append([column["of"][place] for place in places])
        else:
            columns.append(column)
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]


@pytest.fixture
def sample(sample_database: str, connect: Callable) -> Iterator[psycopg2.extensions.connection]:
    """The sample's database, as reporter."""
    with contextlib.closing(connect(sample_database, "reporter")) as connection:
        yield connection


@pytest.fixture(scope="module")
def page(sample_database: str, connect: Callable) -> str:
    with contextlib.closing(connect(sample_database, "reporter")) as connection:
        return render(read_marts(connection))


def test_owners_have_names_only_where_the_var_says_so(sample_database, connect, monkeypatch):
    with contextlib.closing(connect(sample_database)) as connection, connection.cursor() as cursor:
        cursor.execute("select crm_source, owner_id, owner_name from named.owners")
        names = {(crm, owner): name for crm, owner, name in cursor.fetchall()}
    shown = {}
    for role in ("reporter", "reporter_named"):
        monkeypatch.setattr(write_report, "choose_role", lambda role=role: role)
        with contextlib.closing(connect(sample_database, role)) as connection:
            data = read_marts(connection)
        [as_of] = data["as_of"]["rows"]
        owners = {(crm, owner): name for crm, owner, name in data["owners"]["rows"] if owner != "Unknown"}
        shown[role] = as_of[-1], owners
    assert shown["reporter"][0] == "names are masked"
    assert shown["reporter_named"] == ("names are in clear text", names)
    assert not set(shown["reporter"][1].values()) & set(names.values())
    # The var is off, and reporter_named asks all the same.
    monkeypatch.setattr(write_report, "choose_role", lambda: "reporter")
    with (
        contextlib.closing(connect(sample_database, "reporter_named")) as connection,
        pytest.raises(UserError, match="connected as reporter_named"),
    ):
        read_marts(connection)


def test_names_are_masked_by_default():
    assert write_report.choose_role() == "reporter"


def change_marts(statement: str) -> Callable:
    """A change that another session makes, which has ended before the next look."""

    def change(administrator: Callable, *_: object) -> None:
        with contextlib.closing(administrator()) as connection, connection, connection.cursor() as cursor:
            cursor.execute(statement)

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(change_marts("insert into dev_marts.rep_one values (2)"), id="a row more"),
        pytest.param(change_marts("update dev_marts.rep_one set deals = 5"), id="a row changed"),
        pytest.param(change_marts("delete from dev_marts.rep_one"), id="a row less"),
        pytest.param(change_marts("truncate dev_marts.rep_one"), id="emptied"),
        pytest.param(change_marts("drop table dev_marts.rep_one"), id="dropped"),
        pytest.param(change_marts("create table dev_marts.rep_two (deals int)"), id="a mart more"),
        pytest.param(change_marts("insert into below.step values (2)"), id="a table that a view reads"),
        pytest.param(lambda _, __, page: page.write_text("edited"), id="page edited"),
        pytest.param(lambda _, __, page: page.unlink(), id="page deleted"),
        pytest.param(lambda _, __, page: page.with_suffix(".made_from").unlink(), id="note deleted"),
        pytest.param(
            lambda _, patch, __: patch.setattr(write_report, "hash_code", lambda: "other code"), id="code"
        ),
        pytest.param(
            lambda _, patch, __: patch.setattr(write_report, "choose_role", lambda: "reporter_named"),
            id="names in clear text",
        ),
    ],
)
def test_page_is_made_again_when_anything_changed(change, database, connect, monkeypatch, tmp_path):
    change_marts(
        "create schema dev_marts; create table dev_marts.rep_one as select 1 as deals;"
        "create schema below; create table below.step as select 1 as deals"
    )(lambda: connect(database))
    monkeypatch.setattr(
        write_report, "write_report", lambda _, output: output.write_text("the page of the marts")
    )
    page = tmp_path / "index.html"

    def renew() -> bool:
        with contextlib.closing(connect(database, "reporter")) as connection:
            return write_report.renew_report(connection, page)

    assert renew()
    change_marts("create table raw.load as select 1 as rows")(lambda: connect(database))
    assert not renew(), "written again although nothing changed but raw"
    change(lambda: connect(database), monkeypatch, page)
    assert renew()


@pytest.mark.parametrize("name", ["page.js", "style.css", "index.html", "cards/all.js", "sql/as_of.sql"])
def test_changed_code_is_noticed(name, monkeypatch, tmp_path):
    monkeypatch.setattr(write_report, "PAGE", shutil.copytree(PAGE, tmp_path / "page"))
    before = write_report.hash_code()
    changed = tmp_path / "page" / name
    changed.write_text(changed.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert write_report.hash_code() != before


def add_up(rows: Rows, keys: tuple[str, ...], measure: str) -> Counter:
    """{key values: sum}, without zeros."""
    sums: Counter = Counter()
    for row in rows:
        sums[tuple(row[key] for key in keys)] += row[measure] or 0
    return Counter({key: value for key, value in sums.items() if value})


# Each data set against tables that it is not read from: facts, or a report of another grain.
INDEPENDENT = {
    "funnel": (
        ("crm", "month", "pipeline_id", "step"),
        "deals",
        """select crm_source, to_char(occurred_month, 'YYYY-MM'), pipeline_id, funnel_step, count(*)
           from fct_funnel_events where is_first_entry group by 1, 2, 3, 4""",
    ),
    "cohorts": (
        ("crm", "month", "pipeline_id", "step"),
        "ever",
        """select crm_source, to_char(cohort_month, 'YYYY-MM'), pipeline_id, funnel_step, reached_count
           from rep_funnel_conversion_cohort where horizon_days = 0 and reached_count > 0""",
    ),
    "visits": (
        ("crm", "month", "pipeline_id", "stage_id"),
        "visits",
        """select crm_source, to_char(entered_month, 'YYYY-MM'), pipeline_id, stage_id, count(*)
           from fct_deal_stage_history group by 1, 2, 3, 4""",
    ),
    "losses": (
        ("crm", "month", "pipeline_id", "owner"),
        "losses",
        """select crm_source, to_char(occurred_month, 'YYYY-MM'), pipeline_id, owner_id, count(*)
           from fct_deal_outcomes where outcome = 'lost' group by 1, 2, 3, 4""",
    ),
    "cohorts within 60 days": (
        ("crm", "month", "pipeline_id", "step"),
        "horizon_2",
        """select crm_source, to_char(cohort_month, 'YYYY-MM'), pipeline_id, funnel_step, reached_count
           from rep_funnel_conversion_cohort where horizon_days = 60 and reached_count > 0""",
    ),
    "reps": (
        ("month",),
        "call_1",
        # A meeting of HubSpot is no step of its funnel.
        """select to_char(due_month, 'YYYY-MM'), count(*) from fct_activities
           where is_completed and activity_type = 'meeting' and crm_source = 'pipedrive' group by 1""",
    ),
    "closings": (
        ("crm", "month"),
        "won",
        """select outcomes.crm_source, to_char(deals.closed_date, 'YYYY-MM'), count(distinct deals.deal_key)
           from fct_deal_outcomes as outcomes inner join dim_deals as deals using (deal_key)
           where outcomes.outcome = 'won' and deals.status = 'won' group by 1, 2""",
    ),
    "quotas": (
        ("crm", "month"),
        "quota",
        """select crm_source, to_char(snapshot_date, 'YYYY-MM'), sum(quota)::integer
           from rep_pipeline_coverage
           where date_trunc('quarter', snapshot_date) = quarter and quota > 0 group by 1, 2""",
    ),
    "deals": (
        ("crm", "status"),
        "one",
        # Of deals that only activities name, those whose activity is a step of the funnel.
        """select crm_source, status, count(*) from dim_deals
           where status in ('open', 'won', 'lost')
               or (status = 'unknown' and deal_key in (select deal_key from fct_funnel_events where is_first_entry))
           group by 1, 2""",
    ),
    "open_pipeline": (
        ("crm", "month", "owner"),
        "deals",
        """select crm_source, to_char(snapshot_date, 'YYYY-MM'), owner_id, count(*)
           from fct_pipeline_snapshots group by 1, 2, 3""",
    ),
    "channel_efficiency": (
        ("month", "channel"),
        "new_accounts",
        """select to_char(won_date, 'YYYY-MM'), channel, count(*)
           from fct_deal_channels where is_first_win_of_account group by 1, 2""",
    ),
    "slippage": (
        ("crm", "quarter"),
        "due",
        """select snapshots.crm_source, to_char(quarters.quarter, 'YYYY-MM'), count(*)
           from fct_pipeline_snapshots as snapshots
           inner join dim_fiscal_quarters as quarters
               on snapshots.snapshot_date = quarters.quarter - 1
               and snapshots.close_quarter = quarters.quarter
           group by 1, 2""",
    ),
}


@pytest.mark.parametrize("name", INDEPENDENT)
def test_figures_of_the_page_equal_sql(name: str, page: str, sample: psycopg2.extensions.connection) -> None:
    keys, measure, query = INDEPENDENT[name]
    with sample, sample.cursor() as cursor:
        cursor.execute("set local search_path = dev_marts")
        cursor.execute(query)
        expected = Counter({tuple(row[:-1]): row[-1] for row in cursor.fetchall()})
    assert expected, "nothing to compare with"
    rows = [row | {"one": 1} for row in read_page(page)[name.partition(" ")[0]]]
    assert add_up(rows, keys, measure) == expected


# Rows of deals, and the data set and the column that count the same: what a click lists is what the figure says.
LISTED = {
    "deal_entries": ("funnel", "deals", ("crm", "month", "pipeline_id", "owner", "step"), {}),
    "deal_visits": ("visits", "visits", ("crm", "month", "pipeline_id", "owner", "stage_id", "became"), {}),
    "deal_outcomes": (
        "losses",
        "losses",
        ("crm", "month", "pipeline_id", "owner", "reason", "stage_id"),
        {"outcome": ["lost"]},
    ),
    "deal_outcomes of owners": ("reps", "wins", ("crm", "month", "owner"), {"outcome": ["won"]}),
    "deal_visits of owners": (
        "reps",
        "entries",
        ("crm", "month", "owner"),
        {"entry": ["started", "entered"]},
    ),
    "deal_visits that begin": ("reps", "started", ("crm", "month", "owner"), {"entry": ["started"]}),
    "deal_due": ("slippage", "due", ("crm", "quarter", "owner"), {}),
    "deal_due that slipped": ("slippage", "slipped", ("crm", "quarter", "owner"), {"became": ["slipped"]}),
    "deal_due still open": ("slippage", "overdue", ("crm", "quarter", "owner"), {"became": ["overdue"]}),
    "deal_open": ("open_pipeline", "deals", ("crm", "month", "owner"), {}),
    "deal_open past its date": ("open_pipeline", "overdue", ("crm", "month", "owner"), {"overdue": [True]}),
    "deal_steps": ("cohorts", "ever", ("crm", "month", "pipeline_id", "owner", "step"), {}),
    "deal_steps within 30 days": (
        "cohorts",
        "horizon_1",
        ("crm", "month", "pipeline_id", "owner", "step"),
        {},
    ),
    "deal_steps within 90 days": (
        "cohorts",
        "horizon_3",
        ("crm", "month", "pipeline_id", "owner", "step"),
        {},
    ),
}


@pytest.mark.parametrize("name", LISTED)
def test_deals_that_are_listed_are_those_that_are_counted(name: str, page: str) -> None:
    counted, measure, keys, wanted = LISTED[name]
    datasets = read_page(page)
    rows = place_deals(datasets, name.partition(" ")[0])
    if "open" in counted:
        rows = [row | {"month": month} for row in rows for month in months_between(row["first"], row["last"])]
    if counted == "cohorts":
        rows = [row | {"step": step} for row in rows for step in steps_up_to(datasets, row, measure)]
        # Of a month that is too young there is no figure.
        told = {tuple(row[key] for key in keys) for row in datasets["cohorts"] if row[measure] is not None}
        rows = [row for row in rows if tuple(row[key] for key in keys) in told]
    rows = [row | {"one": 1} for row in rows if all(row[key] in values for key, values in wanted.items())]
    assert len(rows) > 50
    assert add_up(rows, keys, "one") == add_up(datasets[counted], keys, measure)


def place_deals(datasets: dict[str, Rows | None], name: str) -> Rows:
    """Rows of deals with the deal of each, as data.js reads them."""
    place, placed = 0, []
    for row in datasets[name]:
        place += row["after"]
        placed.append(datasets["deals"][place] | row)
    return placed


def months_between(first: str, last: str) -> list[str]:
    start, end = (12 * int(month[:4]) + int(month[5:]) - 1 for month in (first, last))
    return [f"{month // 12}-{month % 12 + 1:02}" for month in range(start, end + 1)]


def steps_up_to(datasets: dict[str, Rows | None], row: dict, column: str) -> list[str]:
    """The steps of a pipeline up to the one that a deal reached."""
    steps = [
        step["step"]
        for step in datasets["steps"]
        if (step["crm"], step["pipeline_id"], step["event_type"]) == (row["crm"], row["pipeline_id"], "stage")
    ]
    return steps[: steps.index(row[column]) + 1] if row[column] else []


def test_moves_that_are_listed_are_those_of_the_waterfall(
    page: str, sample: psycopg2.extensions.connection
) -> None:
    moves = place_deals(read_page(page), "deal_moves")
    with sample, sample.cursor() as cursor:
        cursor.execute(
            """select crm_source, to_char(period, 'YYYY-MM'), move, moves_count
               from dev_marts.rep_pipeline_waterfall
               cross join lateral (values
                   ('new', new_count), ('reopened', reopened_count), ('won', won_count), ('lost', lost_count)
               ) as counts (move, moves_count)
               where scope = 'all' and period_type = 'month' and moves_count > 0"""
        )
        expected = Counter({tuple(row[:3]): row[3] for row in cursor.fetchall()})
    amounts = {"increased", "decreased"}
    assert amounts < {row["move"] for row in moves}
    rows = [row | {"one": 1} for row in moves if row["move"] not in amounts]
    assert add_up(rows, ("crm", "month", "move"), "one") == expected


def test_deals_of_channels_are_those_that_are_counted(page: str) -> None:
    datasets = read_page(page)
    rows = place_deals(datasets, "deal_channels")
    for column, metric in (("created", "opportunities"), ("won", "won")):
        listed = Counter((row["channel"], row[column]) for row in rows if row[column])
        metrics = [row for row in datasets["channels"] if row["metric"] == metric]
        assert listed == add_up(metrics, ("channel", "month"), "value")


def test_of_too_many_deals_the_oldest_closed_are_left_out_and_counted() -> None:
    deals = {
        "columns": ["crm", "id", "status"],
        "rows": [["x", "open", "open"], ["x", "new", "won"], ["x", "old", "won"], ["x", "call", "unknown"]],
    }
    steps = {
        "columns": ["crm", "deal", "pipeline_id"],
        "rows": [["x", "old", "1"], ["x", "new", "1"], ["x", "new", "2"]],
    }
    kept = keep_deals({"deals": deals, "deal_steps": steps}, max_deals=2)
    assert kept["deals"]["rows"] == deals["rows"][:2]
    assert kept["deal_steps"] == {"columns": ["after", "pipeline_id"], "rows": [[1, "1"], [0, "2"]]}
    assert kept["page"] == {"columns": ["deals_left_out"], "rows": [[1]]}
    # A deal that only activities name is kept where a figure counts it.
    steps["rows"].append(["x", "call", "1"])
    assert keep_deals({"deals": deals, "deal_steps": steps})["deals"]["rows"] == deals["rows"]
    assert keep_deals({"deals": deals, "deal_steps": steps})["deal_steps"]["rows"][-1] == [1, "1"]


def test_columns_are_read_as_they_were_packed() -> None:
    columns = {
        "few": [None, True, True, False] * 1000,
        "some": [f"name {number % 200}" for number in range(4000)],
        "many": list(range(4000)),
    }
    rows = [list(row) for row in zip(*columns.values(), strict=True)]
    packed = pack({"columns": list(columns), "rows": rows})
    assert [len(packed["few"]["at"]), len(packed["some"]["at"]), packed["many"]] == [
        4000,
        8000,
        columns["many"],
    ]
    assert unpack(packed) == [dict(zip(columns, row, strict=True)) for row in rows]


def test_deals_come_open_first_and_the_last_closed_next(page: str) -> None:
    deals = read_page(page)["deals"]
    keys = [
        (deal["closed"] is not None, deal["closed"] or "") for deal in deals if deal["status"] != "unknown"
    ]
    assert {deal["status"] for deal in deals[len(keys) :]} == {"unknown"}
    assert {is_closed for is_closed, _ in keys} == {True, False}
    assert [is_closed for is_closed, _ in keys] == sorted(is_closed for is_closed, _ in keys)
    closed = [day for is_closed, day in keys if is_closed]
    assert closed == sorted(closed, reverse=True)


def test_revenue_of_channels_equals_sql(page: str, sample: psycopg2.extensions.connection) -> None:
    with sample, sample.cursor() as cursor:
        cursor.execute(
            """select to_char(won_date, 'YYYY-MM'), channel, sum(revenue)::float from dev_marts.fct_deal_channels
               where revenue <> 0 group by 1, 2"""
        )
        expected = {(month, channel): revenue for month, channel, revenue in cursor.fetchall()}
    assert len(expected) > 100
    revenue = [row for row in read_page(page)["channels"] if row["metric"] == "revenue"]
    assert add_up(revenue, ("month", "channel"), "value") == pytest.approx(expected)


def test_months_of_the_waterfall_meet(page: str) -> None:
    """Adding up flows over a range of months is right only where one month's end is the next one's start."""
    for crm in ("pipedrive", "salesforce"):
        rows = [row for row in read_page(page)["waterfall"] if row["crm"] == crm]
        assert len(rows) > 12
        for row, following in itertools.pairwise(rows):
            assert row["end_amount"] == following["start_amount"]
            flows = row["new"] + row["reopened"] + row["increased"]
            flows -= row["decreased"] + row["won"] + row["lost"]
            assert row["start_amount"] + flows == pytest.approx(row["end_amount"], abs=0.01)


def test_the_same_marts_give_the_same_bytes_and_few_of_them(
    page: str, sample: psycopg2.extensions.connection
) -> None:
    assert render(read_marts(sample)) == page
    assert len(page.encode()) < 2_000_000


def test_page_loads_nothing_from_elsewhere(page: str) -> None:
    # The namespace of SVG is a name, and the address of a deal is made from a setting: neither is loaded.
    own = page.replace("http://www.w3.org/2000/svg", "").replace("^https?:", "")
    assert not re.search(r"https?:|<link(?![^>]*data:)|\ssrc=|@import|url\(", own)
    assert "default-src 'none'" in own
    assert "{{" not in re.sub(r"<script>.*?</script>", "", own, flags=re.DOTALL)


def test_names_cannot_leave_their_script_element(write_damaged: Callable) -> None:
    page = write_damaged(f"update rep_lost_deals_monthly set lost_reason = '{HOSTILE}'").read_text("utf-8")
    assert "<img" not in page
    assert page.count("</script>") == 2
    assert {row["reason"] for row in read_page(page)["losses"]} == {HOSTILE}


def test_nothing_loaded_gives_a_page_without_rows(write_damaged: Callable) -> None:
    page = write_damaged(
        """do $$ declare mart record; begin
             for mart in select relname from pg_class
                 where relnamespace = 'dev_marts'::regnamespace and relkind = 'r'
             loop execute format('truncate dev_marts.%I', mart.relname); end loop;
           end $$;
           drop table if exists rep_channel_metrics_monthly cascade"""
    )
    datasets = read_page(page.read_text("utf-8"))
    assert datasets["channels"] is None
    assert {len(data) for name, data in datasets.items() if not name.startswith("channel")} == {0}


@pytest.mark.parametrize("off", ["funnel", "pipeline, marketing", "funnel, pipeline, marketing, scoring"])
def test_what_is_switched_off_is_left_out_though_old_rows_are_there(
    write_damaged: Callable, off: str
) -> None:
    datasets = read_page(write_damaged(f"update dim_as_of set switched_off = '{off}'").read_text("utf-8"))
    left_out = {path.stem for domain in off.split(", ") for path in (QUERIES / domain).glob("*.sql")}
    assert left_out
    assert {name for name, data in datasets.items() if data is None} == left_out
    assert datasets["as_of"][0]["switched_off"] == off
    assert datasets["pipelines"]


def test_insights_name_a_card_and_no_table(page: str) -> None:
    """What a reader can open is a card of the page."""
    scripts = "".join((PAGE / name).read_text(encoding="utf-8") for name in SCRIPTS)
    titles = set(re.findall(r'title: "([^"]+)"', scripts))
    thresholds = (ROOT / "seeds" / "alert_thresholds.csv").read_text(encoding="utf-8")
    assert len(titles) > 10
    assert set(re.findall("“(.*?)”", thresholds)) - titles == set()
    assert re.findall("cards? [^“].*", thresholds) == []
    assert not re.search(r"\b(rep|fct|dim)_", thresholds)


def test_every_script_of_the_page_is_small_and_readable_and_written_into_it() -> None:
    scripts = {str(path.relative_to(PAGE)): path for path in PAGE.rglob("*.js")}
    assert set(scripts) == set(SCRIPTS)
    assert {name for name, path in scripts.items() if path.stat().st_size > 14_000} == set()
    lines = {name: path.read_text(encoding="utf-8").splitlines() for name, path in scripts.items()}
    assert {name for name in lines if max(map(len, lines[name])) > 120} == set()


def test_page_holds_no_column_that_its_scripts_do_not_read(page: str) -> None:
    datasets = read_page(page)
    columns = {column for rows in datasets.values() for row in rows[:1] for column in row}
    read = {
        word for name in SCRIPTS for word in re.findall(r"\w+", (PAGE / name).read_text(encoding="utf-8"))
    }
    assert columns - read - {row["horizon"] for row in datasets["horizons"]} == set()


def test_alerts_of_the_page_say_what_the_settings_say(page: str) -> None:
    alerts = read_page(page)["alerts"]
    assert {
        "Build pipeline or pull in deals due next quarter",
        "See in the cards “Losses by reason” and “Losses by stage” what grew",
    } <= {row["recommendation"] for row in alerts}


def test_report_is_made_as_reporter_from_a_schema_that_exists(
    sample_database: str, sample: psycopg2.extensions.connection, connect: Callable
) -> None:
    with (
        contextlib.closing(connect(sample_database, "transformer")) as connection,
        pytest.raises(UserError, match="PGUSER=reporter"),
    ):
        read_marts(connection)
    with pytest.raises(UserError, match="no schema nowhere"):
        read_marts(sample, "nowhere")


def test_exposure_names_every_mart_that_the_page_reads() -> None:
    marts = {path.stem for layer in ("marts", "reports") for path in (ROOT / "models" / layer).rglob("*.sql")}
    read = set()
    for path in QUERIES.rglob("*.sql"):
        read |= set(re.findall(r"\b(?:from|join) (\w+)", path.read_text(encoding="utf-8")))
    exposures = yaml.safe_load((ROOT / "models/reports/_report__exposures.yml").read_text(encoding="utf-8"))
    named = next(one for one in exposures["exposures"] if one["name"] == "sales_report")["depends_on"]
    assert {f"ref('{mart}')" for mart in read & marts} == set(named)


def test_every_mart_and_report_is_among_the_models_by_question() -> None:
    page = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    models = {
        path.stem for layer in ("marts", "reports") for path in (ROOT / "models" / layer).rglob("*.sql")
    }
    assert {name for name in models if not name.startswith("int_") and f"`{name}`" not in page} == set()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"`((?:rep|fct|dim)_\w+)`", page + readme)
    assert set(named) <= models


def test_small_owners_are_added_up_when_a_data_set_is_too_long() -> None:
    columns = ["month", "owner", "step", "deals", "days_30"]
    rows = [
        ["2025-01", "1", "1", 5, 2],
        ["2025-01", "1", "2", 3, 1],
        ["2025-02", "1", "1", 4, None],
        ["2025-03", "1", "1", 1, None],
        ["2025-01", "2", "1", 7, 3],
        ["2025-01", "3", "1", 1, 1],
        ["2025-02", "2", "1", 2, None],
        ["2025-02", "3", "1", 6, None],
        ["2025-03", "2", "1", 9, None],
        ["2025-03", "3", "1", 1, 4],
    ]
    folded = fold_owners({"columns": columns, "rows": rows}, max_rows=8)
    assert folded["rows"] == [
        *rows[:4],
        ["2025-01", OTHERS, "1", 8, 4],
        ["2025-02", OTHERS, "1", 8, None],
        ["2025-03", OTHERS, "1", 10, 4],
    ]
    assert fold_owners({"columns": columns, "rows": rows}, max_rows=10)["rows"] == rows
    # Deals are no figures that could be added up.
    deals = {
        "columns": ["crm", "id", "owner", "status"],
        "rows": [["x", str(one), "1", "won"] for one in range(9)],
    }
    assert fold_owners(deals, max_rows=8) == deals
