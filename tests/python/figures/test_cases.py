"""Small inputs of every kind that 0.1.0 got wrong, with the right answer: the folders of tests/cases, and inputs of the
same kinds beside them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.house import CASES, CHANGES, HISTORY, STAGES, House

SALESFORCE_STAGES = """\
ApiName,MasterLabel,SortOrder,IsClosed,IsWon,DefaultProbability,ForecastCategoryName
Prospecting,Prospecting,1,false,false,10,Pipeline
Negotiation,Negotiation,2,false,false,70,Pipeline
Closed Won,Closed Won,3,true,true,100,Closed
Closed Lost,Closed Lost,4,true,false,0,Omitted
"""
OPPORTUNITIES = "Id,StageName,IsClosed,IsWon,Amount,CloseDate,CreatedDate,SystemModstamp\n"
ACTIVITIES = "activity_id,type,assigned_to_user,deal_id,done,due_to\n"
TWO_STAGES = STAGES + "1,Lead Generation,1,1\n2,Qualified Lead,1,2\n"


@pytest.fixture(scope="module")
def house(server, databases, dbt, load, tmp_path_factory) -> Iterator[House]:
    house = House(server, databases, dbt, load, tmp_path_factory.mktemp("exports"))
    yield house
    house.close()


@pytest.fixture(scope="module", params=["America/Los_Angeles", "Europe/Berlin", "Asia/Tokyo"])
def house_elsewhere(request, server, databases, dbt, load, tmp_path_factory) -> Iterator[tuple[House, str]]:
    """A house whose reporting zone lies west or east of UTC, and the zone."""
    folder = tmp_path_factory.mktemp("exports")
    house = House(server, databases, dbt, load, folder, {"reporting_timezone": request.param})
    yield house, request.param
    house.close()


def log(*lines: str) -> str:
    """A log from lines of deal, time, field and value."""
    return CHANGES + "".join(f"{line}\n" for line in lines)


def born(deal: int, day: str, stage: str, *more: str) -> list[str]:
    """The lines of a deal that was created in a stage."""
    created = f"{deal},{day} 10:00:00"
    return [f"{created},add_time,{day}T10:00:00", f"{created},stage_id,{stage}", *more]


# --- the folders of tests/cases that are right ---------------------------------------------------------------------


def test_case_same_instant(house):
    house.play(CASES / "same_instant")
    visited = house.query(
        "select stage_id, (entered_at at time zone 'UTC')::text, exited_at - entered_at = interval '0'"
        " from dev_marts.fct_deal_stage_history order by visit_number"
    )
    second = "2024-01-02 10:00:00"
    assert visited == [
        ("1", "2024-01-01 10:00:00", False),
        ("2", second, True),
        ("3", second, True),
        ("2", second, None),
    ]
    [(owner, stage)] = house.query("select owner_id, stage_id from dev_marts.dim_deals")
    assert (owner, stage) == ("7", "2")


def test_case_offsets(house):
    house.empty()
    house.load(CASES / "offsets", "--source-timezone", "Europe/Berlin")
    house.run()
    assert [visit[:2] for visit in house.visits("1")] == [
        ("1", "2024-10-27 00:30:00"),
        ("2", "2024-10-27 01:10:00"),
    ]
    assert [visit[:2] for visit in house.visits("2")] == [("1", "2024-10-31 23:30:00")]


def test_case_won_step_without_won_a_missing_email_is_null(house, dbt):
    house.play(CASES / "won_step")
    rows = house.query(
        "select user_id::text, email_masked from dev_staging.stg_pipedrive__users order by user_id"
    )
    assert rows == [("1", "a***"), ("2", None)]
    dbt("test --select user_emails_are_masked", database=house.database)


def test_case_text_ids(house):
    house.play(CASES / "text_ids")
    assert [visit[:2] for visit in house.visits("DEAL-1")] == [("1", "2024-01-01 10:00:00")]
    assert house.funnel() == {(house.first_kpi(), "2024-01"): 1}


UUID = "7d444840-9dc0-11d1-b245-5ffdce74fad2"
BEYOND_BIGINT = "98765432109876543210987"
IDS_OF_EVERY_KIND = {
    "stages.csv": STAGES + "new,New,sales,1\n03,Offer,sales,2\n",
    "users.csv": "id,name,email,modified\nu-1,Ann Lee,,\n0042,Bo Orr,,\nzoe@example.org,Zoe Lim,,\n",
    "activity.csv": ACTIVITIES
    + f"a-1,meeting,0042,007,True,2024-01-09 10:00\n2,meeting,u-1,{UUID},True,2024-01-09\n",
    "deal_changes.csv": log(
        "DEAL-1,2024-01-01 10:00,add_time,2024-01-01T10:00:00",
        "DEAL-1,2024-01-01 10:00,pipeline_id,sales",
        "DEAL-1,2024-01-01 10:00,stage_id,new",
        "DEAL-1,2024-01-01 10:00,user_id,u-1",
        "DEAL-1,2024-02-01 10:00,stage_id,3",
        "DEAL-1,2024-02-02 10:00,user_id,Zoe@example.org",
        f"{UUID},2024-01-02 10:00,stage_id,new",
        f"{UUID},2024-01-02 10:00,user_id,42.0",
        f"{BEYOND_BIGINT},2024-02-03 10:00,stage_id,new",
        " 007,2024-02-04 10:00,stage_id,new",
        "7,2024-03-04 10:00,stage_id,03.0",
    ),
}


def test_ids_of_every_kind_are_told_apart_and_meet_in_all_files(house):
    again = {
        name: text.replace(" 007,", "7,")
        .replace(",007,", ",7,")
        .replace("0042", "42")
        .replace("\n03,", "\n3,")
        for name, text in IDS_OF_EVERY_KIND.items()
    }
    again["deal_changes.csv"] += f"{UUID},2024-04-01 10:00,stage_id,3\n"
    house.play(IDS_OF_EVERY_KIND, again)
    assert house.query(
        "select sum(rows_new), sum(rows_changed + rows_deleted) from raw.load_batches"
        " where _loaded_at = (select max(_loaded_at) from raw.load_batches)"
    ) == [(1, 0)], "the numbers in another spelling are other ids"
    assert house.funnel() == {
        ("New", "2024-01"): 2,
        ("New", "2024-02"): 2,
        ("Offer", "2024-02"): 1,
        ("Offer", "2024-03"): 1,
        ("Offer", "2024-04"): 1,
    }
    assert [visit[0] for visit in house.visits("7")] == ["new", "3"]
    deals = house.query("select deal_id from dev_marts.dim_deals")
    assert {deal for (deal,) in deals} == {"7", BEYOND_BIGINT, UUID, "DEAL-1"}
    owners = house.query(
        "select deal_id, owner_name_masked from dev_marts.dim_deal_owner_history"
        " left join dev_marts.dim_owners using (crm_source, owner_id) order by deal_id, owner_number"
    )
    known = {(deal, name) for deal, name in owners if name != "Unknown"}
    assert known == {(UUID, "B*** O***"), ("DEAL-1", "A*** L***"), ("DEAL-1", "Z*** L***")}
    ids = [owner for (owner,) in house.query("select owner_id from dev_marts.dim_owners")]
    assert {"u-1", "42"} < set(ids)
    assert not any("@" in owner for owner in ids), "an address in place of an id stands in clear"


# --- the folders that show values as people have them --------------------------------------------------------------


def test_case_stage_names(house):
    house.empty()
    said = house.load(CASES / "stage_names")
    house.run()
    assert house.funnel() == {("Qualified", "2024-01"): 1}
    assert "Qualified" in said


def test_case_date_formats(house, tmp_path):
    house.empty()
    status, said = house.try_to_load(CASES / "date_formats")
    assert status == 1
    assert "date_format" in said, "the line names the rule to write, since both readings are possible"
    columns = {name: name for name in ("deal_id", "changed_field_key", "new_value")}
    columns["change_time"] = {"column": "change_time", "date_format": "%d/%m/%Y %H:%M"}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(json.dumps({"deal_changes.csv": {"load_as": "deal_changes.csv", "columns": columns}}))
    house.load(CASES / "date_formats", "--mapping", mapping)
    house.run()
    assert [visit[:2] for visit in house.visits()] == [("1", "2024-02-01 10:00:00")]


def test_case_money_as_people_write_it(house, tmp_path):
    """1,054.00 has one meaning; whose dollars $900 are, the file does not say."""
    house.empty()
    status, said = house.try_to_load(CASES / "money_as_people_write_it")
    assert status == 1
    assert "line 3, column amount: '$900' has the sign $" in said
    assert 'write the rule "decimal"' in said
    columns = {
        name: name for name in ("Id", "StageName", "IsClosed", "IsWon", "Amount", "CloseDate", "CreatedDate")
    }
    columns["CurrencyIsoCode"] = {"constant": "USD"}
    mapping = tmp_path / "mapping.json"
    mapping.write_text(
        json.dumps({"Opportunity.csv": {"load_as": "Opportunity.csv", "decimal": ".", "columns": columns}})
    )
    house.load(CASES / "money_as_people_write_it", "--mapping", mapping)
    house.run()
    amounts = house.query("select deal_id, amount, currency from dev_marts.dim_deals order by 1")
    assert [(name, float(amount), currency) for name, amount, currency in amounts] == [
        ("A", 1054.0, "USD"),
        ("B", 900.0, "USD"),
    ]


def test_case_file_per_year(house):
    house.play(CASES / "file_per_year")
    assert [visit[:2] for visit in house.visits()] == [("1", "2024-01-01 10:00:00")]


# --- clause 8: a step of wins --------------------------------------------------------------------------------------

STEPS = "crm_source,pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value,parent_step\n"
WON_STEP = STEPS + "pipedrive,1,1,1,New,stage,1,\npipedrive,1,2,Won,Won,outcome,won,\n"
OTHER_PIPELINE = "pipedrive,2,1,1,Hello,stage,21,\npipedrive,2,2,Won,Won,outcome,won,\n"
WINS = {
    "the case": (
        CASES / "won_step",
        {("New", "2024-01"): 2, ("New", "2024-03"): 1, ("Won", "2024-02"): 1, ("Lost", "2024-02"): 1},
    ),
    # The lines of the sample name other stages, so they do not apply.
    "the case without its steps": (
        CASES / "won_step",
        {("New", "2024-01"): 2, ("New", "2024-03"): 1, ("Won", "2024-02"): 1, ("Lost", "2024-02"): 1},
    ),
    "won, reopened and won again": (
        {
            "stages.csv": STAGES + "1,New,1,1\n",
            "deal_changes.csv": log(
                *born(1, "2024-01-05", "1"),
                "1,2024-02-01 10:00:00,status,won",
                "1,2024-03-01 10:00:00,status,open",
                "1,2024-04-01 10:00:00,status,won",
            ),
            "funnel_steps.csv": WON_STEP,
        },
        {("New", "2024-01"): 1, ("Won", "2024-02"): 1},
    ),
    "won in another pipeline": (
        {
            "stages.csv": STAGES + "1,New,1,1\n21,Hello,2,1\n",
            "deal_changes.csv": log(
                *born(1, "2024-01-05", "1"),
                *born(2, "2024-01-06", "1"),
                "2,2024-01-07 10:00:00,pipeline_id,2",
                "2,2024-01-07 10:00:00,stage_id,21",
                "1,2024-02-01 10:00:00,status,won",
                "2,2024-03-01 10:00:00,status,won",
            ),
            "funnel_steps.csv": WON_STEP + OTHER_PIPELINE,
        },
        {("New", "2024-01"): 2, ("Won", "2024-02"): 1},
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", WINS)
def test_a_won_step_counts_first_wins(house, kind, tmp_path):
    export, expected = WINS[kind]
    if isinstance(export, Path):
        shutil.copytree(export, tmp_path / "export")
        (tmp_path / "export" / "Opportunity.csv").unlink()
        if kind == "the case without its steps":
            (tmp_path / "export" / "funnel_steps.csv").unlink()
        export = tmp_path / "export"
    house.play(export)
    assert house.funnel() == expected


# --- clause 9: whose stages the funnel shows -----------------------------------------------------------------------

STRANGERS = {
    "the case pipeline_7": (
        CASES / "pipeline_7",
        {("New", "2024-01"): 1, ("New", "2024-02"): 1, ("Qualified", "2024-01"): 1},
    ),
    "the sample's ids, other names": (
        {
            "stages.csv": STAGES + "1,Neu,1,1\n2,Qualifiziert,1,2\n",
            "deal_changes.csv": log(*born(1, "2024-01-05", "1", "1,2024-02-05 10:00:00,stage_id,2")),
            "activity_types.csv": "id,name,active,type\n1,Termin,Yes,meeting\n",
            "activity.csv": ACTIVITIES + "1,meeting,7,1,True,2024-01-06T10:00:00\n",
        },
        {("Neu", "2024-01"): 1, ("Qualifiziert", "2024-02"): 1},
    ),
    "of several pipelines the one with most deals": (
        {
            "stages.csv": STAGES + "71,Hello,7,1\n81,Salut,8,1\n",
            "deal_changes.csv": log(
                *born(1, "2024-01-05", "71"), *born(2, "2024-02-05", "81"), *born(3, "2024-03-05", "81")
            ),
        },
        {("Salut", "2024-02"): 1, ("Salut", "2024-03"): 1},
    ),
    "of equal pipelines the one with the lower id": (
        {
            "stages.csv": STAGES + "71,Hello,7,1\n81,Salut,8,1\n",
            "deal_changes.csv": log(*born(1, "2024-02-05", "81"), *born(2, "2024-01-05", "71")),
        },
        {("Hello", "2024-01"): 1},
    ),
    "Salesforce alone": (
        {
            "Opportunity.csv": OPPORTUNITIES
            + "A,Negotiation,false,false,10,2024-09-01,2024-01-05T10:00:00Z,2024-02-05T10:00:00Z\n",
            "OpportunityHistory.csv": HISTORY
            + "H1,A,Prospecting,10,10,2024-09-01,Pipeline,2024-01-05T10:00:00Z,false\n"
            + "H2,A,Negotiation,10,70,2024-09-01,Pipeline,2024-02-05T10:00:00Z,false\n",
            "OpportunityStage.csv": SALESFORCE_STAGES,
        },
        {("Prospecting", "2024-01"): 1, ("Negotiation", "2024-02"): 1},
    ),
}


@pytest.mark.parametrize("kind", STRANGERS)
def test_the_funnel_shows_the_export_s_own_stages(house, kind):
    export, expected = STRANGERS[kind]
    house.play(export)
    assert house.funnel() == expected


# --- clause 10: two reports, one answer ----------------------------------------------------------------------------

TRANSFERS = {
    # There and back; the order of the stages of two pipelines says nothing of the move.
    "to a later place": (["11", "22"], ["transferred", "open"]),
    "to an earlier place": (["12", "21"], ["transferred", "open"]),
    "there and back": (["11", "21", "12"], ["transferred", "transferred", "open"]),
}


@pytest.mark.parametrize("kind", TRANSFERS)
def test_a_move_to_another_pipeline_is_a_transfer_everywhere(house, kind):
    stages, expected = TRANSFERS[kind]
    moves = [f"1,2024-01-{5 + place:02} 10:00:00,stage_id,{stage}" for place, stage in enumerate(stages)]
    house.play(
        {
            "stages.csv": STAGES + "11,First,1,1\n12,Second,1,2\n21,Erste,2,1\n22,Zweite,2,2\n",
            "deal_changes.csv": log("1,2024-01-05 10:00:00,add_time,2024-01-05T10:00:00", *moves),
        }
    )
    assert [visit[2] for visit in house.visits()] == expected


OPEN_UNTIL_MAY = {
    "Opportunity.csv": OPPORTUNITIES
    + "A,Negotiation,false,false,10,2024-09-01,2024-01-05T10:00:00Z,2024-04-20T10:00:00Z\n",
    "OpportunityHistory.csv": HISTORY
    + "H1,A,Prospecting,10,10,2024-09-01,Pipeline,2024-01-05T10:00:00Z,false\n"
    + "H2,A,Negotiation,10,70,2024-09-01,Pipeline,2024-04-20T10:00:00Z,false\n",
    "OpportunityStage.csv": SALESFORCE_STAGES,
}
AD_SPEND = {
    "ad_spend.csv": "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions\n"
    "2024-07-03,C1,Google,google,demo,10.00,1,10\n"
}
SESSIONS = {
    "web_analytics.csv": "session_id,user_id,session_date,landing_page,utm_source,utm_campaign,pageviews,conversions\n"
    "S1,U1,2024-07-05,/,google,demo,1,0\n"
}
ONE_DEAL = {"stages.csv": TWO_STAGES, "deal_changes.csv": log(*born(1, "2024-02-10", "1"))}
A_LATE_CALL = {
    "activity_types.csv": "id,name,active,type\n1,Meeting,Yes,meeting\n",
    "activity.csv": ACTIVITIES + "1,meeting,7,1,True,2024-06-10T10:00:00\n",
}
AS_OF_DATES = {
    "Salesforce alone": (OPEN_UNTIL_MAY, "2024-04-20"),
    "spend alone": (AD_SPEND, "2024-07-03"),
    "spend and sessions": (AD_SPEND | SESSIONS, "2024-07-05"),
    "the newer of two CRMs": (ONE_DEAL | OPEN_UNTIL_MAY, "2024-04-20"),
    "a call": (ONE_DEAL | OPEN_UNTIL_MAY | A_LATE_CALL, "2024-06-10"),
    "no day of spend where there is a CRM": (OPEN_UNTIL_MAY | AD_SPEND, "2024-04-20"),
}


@pytest.mark.parametrize("kind", AS_OF_DATES)
def test_as_of_is_the_newest_event_of_any_crm(house, kind):
    export, expected = AS_OF_DATES[kind]
    house.play(export)
    names = house.query(
        r"select tablename from pg_tables where schemaname = 'dev_marts' and tablename like 'dim\_%as\_of'"
    )
    said = {name: house.query(f"select as_of_date::text from dev_marts.{name}") for (name,) in names}
    assert said
    assert list(said.values()) == [[(expected,)]] * len(said), said


def weigh(house: House, *opportunities: tuple[str, str, str]) -> dict[str, list[float]]:
    """The weighted pipeline at the end of April of opportunities (stage, amount in euros, probability), by report."""
    current = "Id,StageName,IsClosed,IsWon,Amount,Probability,CurrencyIsoCode,CloseDate,OwnerId"
    current += ",CreatedDate,SystemModstamp\n"
    history = HISTORY
    for number, (stage, amount, probability) in enumerate(opportunities):
        due = "2024-06-15"
        days = "2024-01-05T10:00:00Z,2024-04-30T10:00:00Z"
        current += f"O{number},{stage},false,false,{amount},{probability},EUR,{due},W,{days}\n"
        for turn, day in enumerate(days.split(",")):
            likely = probability if turn else 1
            history += f"H{number}{turn},O{number},{stage},{amount},{likely},{due},Pipeline,{day},false\n"
    house.play(
        {
            "Opportunity.csv": current,
            "OpportunityHistory.csv": history,
            "OpportunityStage.csv": SALESFORCE_STAGES,
            "exchange_rates.csv": "from_currency,to_currency,valid_from,rate\nEUR,USD,2024-01-01,1.09\n",
        }
    )
    at = "where weighted_amount > 0"
    return {
        name: [
            float(amount) for (amount,) in house.query(f"select weighted_amount from dev_marts.{name} {when}")
        ]
        for name, when in (
            ("rep_executive_dashboard", at),
            ("rep_pipeline_monthly", f"{at} and snapshot_date = '2024-04-30'"),
            ("rep_pipeline_coverage", f"{at} and snapshot_date = '2024-04-30'"),
        )
    }


def test_weighted_pipelines_agree_to_the_cent(house):
    # 100.06 times 1.09 times 50 % is 54.5327; rounded to 109.07 before it is halved, it would be 54.54.
    one = weigh(house, ("Prospecting", "100.06", "50"))
    assert list(one.values()) == [[54.53]] * 3, one
    # Twice that is 109.0654; the sum of two rounded amounts would be 109.06.
    two = weigh(house, ("Prospecting", "100.06", "50"), ("Negotiation", "100.06", "50"))
    assert two["rep_executive_dashboard"] == two["rep_pipeline_coverage"] == [109.07]


# --- clause 13: a stage that was deleted in the CRM ----------------------------------------------------------------

# Ids that tell nothing of the order, in a pipeline that is not the default one.
THREE_STAGES = {10: "10,First,7,1", 5: "5,Second,7,2", 8: "8,Third,7,3"}
DELETIONS = {
    "the middle one": (5, {1: ["forward", "forward"], 2: ["backward"], 3: ["forward"], 4: ["skipped", "backward"]}),
    "the first one": (10, {1: ["forward", "forward"], 2: ["backward"], 3: ["skipped"], 4: ["skipped", "backward"]}),
    "the last one": (8, {1: ["forward", "forward"], 2: ["backward"], 3: ["skipped"], 4: ["skipped", "backward"]}),
}  # fmt: skip
# Where the middle stage is gone, none lives between the first and the third.
DELETIONS["the middle one"][1][4][0] = "forward"
PATHS = {1: [10, 5, 8], 2: [5, 10], 3: [10, 8], 4: [10, 8, 5]}


@pytest.mark.parametrize("kind", DELETIONS)
def test_a_deleted_stage_keeps_its_place(house, kind):
    gone, expected = DELETIONS[kind]
    lines = []
    for deal, path in PATHS.items():
        lines += born(deal, "2024-01-05", str(path[0]))
        lines += [f"{deal},2024-02-0{day} 10:00:00,stage_id,{stage}" for day, stage in enumerate(path[1:], 1)]
    changes = log(*lines)
    left = [line for stage, line in THREE_STAGES.items() if stage != gone]
    house.play(
        {"stages.csv": STAGES + "\n".join(THREE_STAGES.values()) + "\n", "deal_changes.csv": changes},
        {"stages.csv": STAGES + "\n".join(left) + "\n", "deal_changes.csv": changes},
    )
    assert {deal: [visit[2] for visit in house.visits(str(deal))][:-1] for deal in PATHS} == expected
    assert house.query("select distinct pipeline_id from dev_marts.fct_deal_stage_history") == [("7",)]


# --- clause 14: when a deal closes ---------------------------------------------------------------------------------


def closing(closes: str, modified: str, *history: str, won: bool = True) -> dict[str, str]:
    """The export of one closed opportunity W, whose log holds its creation on 1 March and these lines."""
    stage = "Closed Won,true,true" if won else "Closed Lost,true,false"
    return {
        "Opportunity.csv": OPPORTUNITIES + f"W,{stage},1000,{closes},2024-03-01T00:00:00Z,{modified}\n",
        "OpportunityHistory.csv": HISTORY
        + "H1,W,Prospecting,1000,10,2024-03-15,Pipeline,2024-03-01T00:00:00Z,false\n"
        + "".join(f"{line}\n" for line in history),
        "OpportunityStage.csv": SALESFORCE_STAGES,
    }


A_MOVE_IN_APRIL = "H2,W,Negotiation,1000,70,2024-03-15,Pipeline,2024-04-10T12:00:00Z,false"
# Export, then closed_date, the last day on which it is open at midnight, and the first on which it is not.
BACKDATED = {
    "won": (closing("2024-03-15", "2024-07-01T12:00:00Z"), "2024-03-15", "2024-03-14", "2024-03-15"),
    "lost": (closing("2024-03-15", "2024-07-01T12:00:00Z", won=False), "2024-03-15", "2024-03-14", "2024-03-15"),
    "moved after its date": (
        closing("2024-03-15", "2024-07-01T12:00:00Z", A_MOVE_IN_APRIL), "2024-03-15", "2024-04-09", "2024-04-10",
    ),
    "dated before its creation": (
        closing("2024-02-15", "2024-07-01T12:00:00Z"), "2024-02-15", "2024-02-28", "2024-03-01",
    ),
}  # fmt: skip
AHEAD = {
    "lost": (closing("2031-01-01", "2024-05-01T12:00:00Z", won=False), "2024-05-01", "2024-04-30", "2024-05-01"),
    "won": (closing("2024-12-24", "2024-05-01T12:00:00Z"), "2024-05-01", "2024-04-30", "2024-05-01"),
    "moved since": (
        closing("2031-01-01", "2024-05-01T12:00:00Z", A_MOVE_IN_APRIL), "2024-05-01", "2024-04-30", "2024-05-01",
    ),
}  # fmt: skip


def check_closing(house: House, case: tuple, zone: str = "UTC") -> None:
    export, closed_date, still_open, no_longer = case
    house.play(export)
    assert house.query("select closed_date::text from dev_marts.dim_deals") == [(closed_date,)]
    assert (house.is_open("W", still_open, zone), house.is_open("W", no_longer, zone)) == (
        still_open >= "2024-03-01",
        False,
    )


def check_case(house: House, name: str, closed_date: str, month_end: str, zone: str = "UTC") -> None:
    house.play(CASES / "closing_dates")
    assert (name, closed_date) in house.query("select deal_id, closed_date::text from dev_marts.dim_deals")
    assert not house.is_open(name, month_end, zone)


@pytest.mark.parametrize("kind", [*BACKDATED, "the case closing_dates"])
def test_a_backdated_closing_closes_on_its_date(house, kind):
    if kind in BACKDATED:
        check_closing(house, BACKDATED[kind])
    else:
        check_case(house, "W", "2024-03-15", "2024-03-31")


@pytest.mark.parametrize("kind", [*AHEAD, "the case closing_dates"])
def test_a_closing_dated_ahead_closes_when_it_was_last_modified(house, kind):
    if kind in AHEAD:
        check_closing(house, AHEAD[kind])
    else:
        check_case(house, "X", "2024-05-01", "2024-05-31")


def test_a_logged_closing_closes_when_the_log_says(house):
    """The two clocks: the log's moment ends the open pipeline, the CRM's own date counts the win."""
    logged = "H2,W,Closed Won,1000,100,2024-03-15,Closed,2024-03-20T12:00:00Z,false"
    check_closing(
        house,
        (closing("2024-03-15", "2024-07-01T12:00:00Z", logged), "2024-03-15", "2024-03-19", "2024-03-20"),
    )


@pytest.mark.nightly
def test_closings_west_and_east_of_utc(house_elsewhere):
    house, zone = house_elsewhere
    for case in (*BACKDATED.values(), *AHEAD.values()):
        check_closing(house, case, zone)
    # At 20:00 UTC it is the next day in Tokyo.
    late = "2024-05-02" if zone == "Asia/Tokyo" else "2024-05-01"
    export = closing("2031-01-01", "2024-05-01T20:00:00Z")
    check_closing(house, (export, late, "2024-04-30", late), zone)


# --- clause 16: deleted deals, and stages that only the old value names --------------------------------------------

DELETED = {
    "in a stage": born(1, "2024-01-05", "1", "1,2024-02-05 10:00:00,status,deleted"),
    "in a later stage": born(
        1, "2024-01-05", "1", "1,2024-02-04 10:00:00,stage_id,2", "1,2024-02-05 10:00:00,status,deleted"
    ),
    "after a loss": born(
        1, "2024-01-05", "1", "1,2024-02-04 10:00:00,status,lost", "1,2024-02-05 10:00:00,status,deleted"
    ),
    "after a win": born(
        1, "2024-01-05", "1", "1,2024-02-04 10:00:00,status,won", "1,2024-02-05 10:00:00,status,deleted"
    ),
}


@pytest.mark.parametrize("kind", DELETED)
def test_a_deleted_deal_counts_nowhere(house, kind):
    other = born(2, "2024-03-05", "1", "2,2024-03-05 10:00:00,status,open")
    house.play({"stages.csv": TWO_STAGES, "deal_changes.csv": log(*DELETED[kind], *other), **A_LATE_CALL})
    assert house.funnel() == {("Lead Generation", "2024-03"): 1}
    for name in ("fct_deal_stage_history", "fct_deal_outcomes", "fct_deals"):
        assert house.query(f"select count(*) from dev_marts.{name} where deal_id = '1'") == [(0,)], name
    # The one place that keeps it, so that somebody can see how many there are.
    assert house.query("select status from dev_marts.dim_deals where deal_id = '1'") == [("deleted",)]


def test_a_deal_that_came_back_counts(house):
    lines = born(
        1, "2024-01-05", "1", "1,2024-02-05 10:00:00,status,deleted", "1,2024-02-06 10:00:00,status,open"
    )
    house.play({"stages.csv": TWO_STAGES, "deal_changes.csv": log(*lines)})
    assert house.funnel() == {("Lead Generation", "2024-01"): 1}


WITH_OLD_VALUE = "deal_id,change_time,changed_field_key,old_value,new_value\n"
OLD_VALUES = {
    "the case old_value": (CASES / "old_value", [("1", "2024-01-05 10:00:00"), ("2", "2024-02-03 10:00:00")]),
    "of several changes the first": (
        {
            "stages.csv": STAGES + "1,New,1,1\n2,Qualified,1,2\n3,Offered,1,3\n",
            "deal_changes.csv": WITH_OLD_VALUE
            + "1,2024-01-05 10:00:00,add_time,,2024-01-05T10:00:00\n"
            + "1,2024-03-03 10:00:00,stage_id,2,3\n"
            + "1,2024-02-03 10:00:00,stage_id,1,2\n",
        },
        [("1", "2024-01-05 10:00:00"), ("2", "2024-02-03 10:00:00"), ("3", "2024-03-03 10:00:00")],
    ),
    "back to it later": (
        {
            "stages.csv": STAGES + "1,New,1,1\n2,Qualified,1,2\n",
            "deal_changes.csv": WITH_OLD_VALUE
            + "1,2024-01-05 10:00:00,add_time,,2024-01-05T10:00:00\n"
            + "1,2024-02-03 10:00:00,stage_id,1,2\n"
            + "1,2024-03-03 10:00:00,stage_id,2,1\n",
        },
        [("1", "2024-01-05 10:00:00"), ("2", "2024-02-03 10:00:00"), ("1", "2024-03-03 10:00:00")],
    ),
}


@pytest.mark.parametrize("kind", OLD_VALUES)
def test_a_first_stage_that_only_the_old_value_names_is_an_entry(house, kind):
    export, expected = OLD_VALUES[kind]
    house.play(export)
    assert [visit[:2] for visit in house.visits()] == expected
    assert house.funnel()[(house.first_kpi(), "2024-01")] == 1


def test_a_first_stage_that_the_log_names_is_entered_once(house):
    lines = (
        "1,2024-01-05 10:00:00,add_time,,2024-01-05T10:00:00\n"
        "1,2024-01-05 10:00:00,stage_id,,1\n"
        "1,2024-02-03 10:00:00,stage_id,1,2\n"
    )
    house.play({"stages.csv": TWO_STAGES, "deal_changes.csv": WITH_OLD_VALUE + lines})
    assert [visit[0] for visit in house.visits()] == ["1", "2"]


# --- what people do in Salesforce, and whom Pipedrive's deals are with -----------------------------------------------

TASKS_AND_EVENTS = {
    "OpportunityStage.csv": SALESFORCE_STAGES,
    "Opportunity.csv": "Id,StageName,IsClosed,IsWon,IsDeleted,CreatedDate,SystemModstamp\n"
    + "".join(
        f"006{letter},Prospecting,false,false,{letter == 'C'},2024-01-02T10:00:00Z,2024-05-02T10:00:00Z\n"
        for letter in "ABC"
    ),
    "funnel_steps.csv": "crm_source,pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value,parent_step\n"
    "salesforce,default,1,1,Prospecting,stage,Prospecting,\n"
    "salesforce,default,2,1.1,Called,activity,Call,1\n"
    "salesforce,default,3,1.2,Met,activity,Meeting,1\n"
    "salesforce,default,4,2,Negotiation,stage,Negotiation,\n",
    "Task.csv": "Id,WhatId,OwnerId,Type,TaskSubtype,Status,IsClosed,ActivityDate,CompletedDateTime,IsDeleted\n"
    "00T1,006A,005A,Call,Call,Completed,true,2024-02-20,2024-01-15T10:00:00Z,false\n"  # when it was done
    "00T2,006B,005A,,Call,Completed,true,2024-02-20,,false\n"  # when it was due
    "00T3,006A,005A,Call,Call,Open,false,2024-03-20,,false\n"
    "00T4,006C,005A,Call,Call,Completed,true,2024-03-20,,false\n"  # of a deleted opportunity
    "00T5,001A,005A,Call,Call,Completed,true,2024-03-20,,false\n"  # about an account
    "00T6,006A,005A,Call,Call,Completed,true,2199-03-20,,false\n"  # done, nobody knows when
    "00T7,006B,005A,Email,Email,Completed,true,2024-04-02,,true\n",
    "User.csv": "Id,Name,ManagerId,UserRoleId\n005A,Ann Lee,005B,00E1\n005B,Bo Ek,,\n",
    "UserRole.csv": "Id,Name\n00E1,Account Executive\n",
    "Event.csv": "Id,WhatId,OwnerId,Type,StartDateTime,EndDateTime\n"
    "00U1,006A,005A,Meeting,2024-03-05T10:00:00Z,2024-03-05T11:00:00Z\n"
    "00U2,006B,005A,Meeting,2199-03-05T10:00:00Z,2199-03-05T11:00:00Z\n",  # ahead
}
CALLS = """
    select deal_id, activity_id, is_completed, completed_month::text from dev_marts.fct_activities order by activity_id
"""


def test_tasks_and_events_of_salesforce_are_steps_of_the_funnel(house):
    house.play(TASKS_AND_EVENTS)
    assert house.funnel() == {
        ("Prospecting", "2024-01"): 2,
        ("Called", "2024-01"): 1,
        ("Called", "2024-02"): 1,
        ("Met", "2024-03"): 1,
    }
    assert house.query(CALLS) == [
        ("006A", "00T1", True, "2024-01-01"),
        ("006B", "00T2", True, "2024-02-01"),
        ("006A", "00T3", False, None),
        ("006A", "00T6", True, None),
        ("006A", "00U1", True, "2024-03-01"),
        ("006B", "00U2", False, None),
    ]
    assert house.query("select crm_source, knows_calls from dev_intermediate.int_export_coverage") == [
        ("salesforce", True)
    ]
    roles = "select owner_id, role_name, manager_id from dev_marts.dim_owners where owner_id <> 'Unknown' order by 1"
    assert house.query(roles) == [("005A", "Account Executive", "005B"), ("005B", None, None)]


def test_a_task_that_passes_to_another_opportunity_counts_there_alone(house):
    moved = "Id,WhatId,Type,IsClosed,ActivityDate,CompletedDateTime\n00T1,006B,Call,true,2024-04-20,\n"
    house.empty()
    house.load(TASKS_AND_EVENTS)
    house.load({"Task.csv": moved}, "--mode", "delta")
    house.run()
    assert [row for row in house.query(CALLS) if row[1] == "00T1"] == [("006B", "00T1", True, "2024-04-01")]


def test_the_account_of_a_pipedrive_deal_comes_from_the_list_and_nothing_else_does(house):
    export = {
        "stages.csv": TWO_STAGES,
        "deal_changes.csv": log(
            *born(1, "2024-02-10", "1", "1,2024-03-01 10:00:00,stage_id,2"),
            *born(2, "2024-02-10", "1"),
            *born(3, "2024-02-10", "1"),
        ),
        "deals.csv": "id,stage_id,status,value,owner_id,add_time,org_id,label\n"
        "1,1,won,900,7,2023-01-01 10:00:00,11,hot\n2,1,open,,,,99,\n77,1,won,5,7,2023-01-01 10:00:00,11,\n",
        "organizations.csv": "id,name,industry,country,employee_count,owner_id\n"
        "11,Ahorn,Energy,Germany,120,7\n12,Birke,,,,\n",
    }
    house.play(export)
    assert house.query(
        "select deal_id, account_name, industry, segment <> 'Unknown', region <> 'Unknown', status, stage_id, amount,"
        " created_date::text from dev_marts.fct_deals order by deal_id"
    ) == [
        ("1", "Ahorn", "Energy", True, True, "open", "2", None, "2024-02-10"),
        ("2", "Unknown", "Unknown", False, False, "open", "1", None, "2024-02-10"),
        ("3", "Unknown", "Unknown", False, False, "open", "1", None, "2024-02-10"),
    ]
    assert house.query(
        "select crm_source, knows_statuses, knows_deals from dev_intermediate.int_export_coverage"
    ) == [("pipedrive", False, False)]
    house.empty()
    house.load(export)
    house.load({"deals.csv": "id,org_id\n1,12\n"}, "--mode", "delta")
    house.run()
    assert house.query("select account_id from dev_marts.dim_deals where deal_id = '1'") == [("12",)]
