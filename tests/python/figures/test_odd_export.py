"""One small export that is odd in every way it may be, built once: what is not known is no zero, a call that is due
after the load is in no month, a date that cannot be opens no period, and no person's name is in what a reporter reads.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from conftest import Databases, Dbt

SOON = (datetime.now(UTC) + timedelta(days=700)).strftime("%Y-%m-%d")
"""After the load, and yet no date that cannot be."""

# Deal → the reason it was lost for, its owner.
LOSSES = {
    **{number: ("Wants a cheaper plan", 1 + number % 2) for number in range(101, 106)},
    **dict.fromkeys(range(111, 116), ("Merged with a client", 1)),
    **{number: ("Told by Petra Beispiel", 1 + number % 2) for number in range(121, 125)},
    131: ("price", 1),
    134: ("no  budget", 1),
    132: ("77", 1),
    133: ("", 1),
}
"""A text of 5 deals and 2 owners, of 5 deals and 1 owner, of 4 deals; the label of an option, one that the seed lists,
an id that is not listed, none."""


def write_export(folder: Path) -> None:
    """Four domains, each with few rows."""
    files = {
        "pipedrive/stages.csv": ["stage_id,stage_name", "1,Lead Generation", "2,Qualified Lead"],
        "pipedrive/users.csv": [
            "id,name,email,modified",
            "1,Q,q@example.org,2024-01-01 00:00:00",
            "2,Ann Lee,,2024-01-01 00:00:00",
        ],
        "pipedrive/activity_types.csv": ["id,name,active,type", "1,Sales Call 1,Yes,meeting"],
        "settings/funnel_steps.csv": [
            "pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value,parent_step",
            "1,1,1,Lead Generation,stage,1,",
            "1,2,2,Qualified Lead,stage,2,",
            "1,3,2.1,Sales Call 1,activity,meeting,2",
            "1,4,Lost,Lost,outcome,lost,",
        ],
        # Of one currency a rate with many digits, of the other only that in the other direction.
        "settings/exchange_rates.csv": [
            "from_currency,to_currency,valid_from,rate",
            "VND,CHF,2000-01-01,0.0000345",
            "CHF,JPY,2000-01-01,170",
        ],
        "pipedrive/activity.csv": [
            "activity_id,type,assigned_to_user,deal_id,done,due_to",
            "1,meeting,1,101,True,2024-01-20T10:00:00",
            f"2,meeting,1,102,True,{SOON}T10:00:00",
            "3,meeting,1,103,True,9999-12-31T10:00:00",
            f"4,meeting,1,104,False,{SOON}T10:00:00",
        ],
        "pipedrive/deal_changes.csv": [
            "deal_id,change_time,changed_field_key,new_value",
            *list_losses(),
            "201,0024-01-03 09:00:00,stage_id,1",
            "201,2024-01-05 09:00:00,stage_id,2",
            "201,2024-01-05 09:00:00,expected_close_date,9999-12-31",
            "202,2024-01-05 09:00:00,stage_id,1",
            "202,2024-01-05 09:00:00,value,500",
            "202,2024-01-05 09:00:00,currency,GBP",
        ],
        "salesforce/OpportunityStage.csv": [
            "ApiName,SortOrder,IsClosed,IsWon",
            "New,1,False,False",
            "Closed Won,2,True,True",
        ],
        "salesforce/Opportunity.csv": [
            "Id,StageName,Amount,CloseDate,IsClosed,IsWon,CurrencyIsoCode,LeadSource,CreatedDate,SystemModstamp",
            "006a,Closed Won,100,2024-02-10,True,True,GBP,Web,2024-01-10T09:00:00Z,2024-02-10T09:00:00Z",
            "006b,Closed Won,70,2024-03-10,True,True,GBP,Web,2024-01-10T09:00:00Z,2024-03-10T09:00:00Z",
            "006c,Closed Won,30,2024-03-11,True,True,,Web,2024-01-10T09:00:00Z,2024-03-11T09:00:00Z",
            # Won, and nobody knows since when it was there.
            "006i,Closed Won,,2024-02-11,True,True,,Web,,2024-02-11T09:00:00Z",
            # No list names a stage in which one is closed and another was and is no more.
            "006g,Parked,5,2024-02-12,True,False,CHF,Web,2024-02-01T09:00:00Z,2024-02-12T09:00:00Z",
            "006h,New,5,2024-06-12,False,False,CHF,Web,2024-02-01T09:00:00Z,2024-02-20T09:00:00Z",
            "006e,New,1000000,2024-06-10,False,False,VND,Web,2024-03-11T09:00:00Z,2024-03-11T09:00:00Z",
            "006f,New,17000,2024-06-10,False,False,JPY,Web,2024-03-11T09:00:00Z,2024-03-11T09:00:00Z",
            "006d,New,10,9999-12-31,False,False,CHF,Web,0024-01-10T09:00:00Z,2024-03-11T09:00:00Z",
        ],
        "salesforce/OpportunityFieldHistory.csv": [
            "OpportunityId,Field,OldValue,NewValue,CreatedDate",
            "006d,Owner,Q,Ann Lee,2024-03-11T09:00:00Z",
        ],
        "marketing/ad_spend.csv": [
            "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions",
            "2024-02-01,F1,Meta,facebook,a,10,1,10",
            "1492-02-01,F1,Meta,facebook,a,10,1,10",
            "2024-06-01,F2,Meta,facebook,a,0,0,0",
        ],
        # One row each, for the names to be planted beside.
        "pipedrive/fields.csv": [
            "ID,FIELD_KEY,NAME,FIELD_VALUE_OPTIONS",
            """1,lost_reason,Reason,"[{""id"": 1, ""label"": ""Price""}]\"""",
        ],
        "pipedrive/pipedrive_leads.csv": ["id,add_time,source_name", "L1,2024-06-01 09:00:00,Web forms"],
        "salesforce/OpportunityHistory.csv": [
            "Id,OpportunityId,StageName,CreatedDate",
            "008b,006h,Parked,2024-02-01T09:00:00Z",
            "008c,006h,New,2024-02-20T09:00:00Z",
            "008a,006d,New,2024-03-11T09:00:00Z",
        ],
        "salesforce/Account.csv": ["Id,Name", "001a,Northwind"],
        "salesforce/User.csv": ["Id,Name,UserRoleId", "005a,Ann Lee,00Ea"],
        "salesforce/UserRole.csv": ["Id,Name", "00Ea,Sales Director"],
        "salesforce/Task.csv": [
            "Id,WhatId,OwnerId,Type,IsClosed,CompletedDateTime",
            "00Ta,006d,005a,Call,True,2024-03-01T09:00:00Z",
        ],
        "salesforce/Event.csv": ["Id,WhatId,StartDateTime", "00Ua,006d,2024-03-02T09:00:00Z"],
        "hubspot/hubspot_deals.csv": [
            "deal_id,dealstage,createdate,hs_lastmodifieddate,hubspot_owner_id,company_id",
            "7001,new,2024-01-10T09:00:00Z,2024-01-10T09:00:00Z,51,61",
        ],
        "hubspot/hubspot_deal_property_history.csv": [
            "deal_id,property,value,timestamp",
            "7001,dealstage,new,2024-01-10T09:00:00Z",
        ],
        "hubspot/hubspot_pipeline_stages.csv": ["stage_id,stage_label,pipeline_id", "new,New,default"],
        "hubspot/hubspot_owners.csv": ["owner_id,name,email,team", "51,Ann Lee,ann@example.org,North"],
        "hubspot/hubspot_companies.csv": ["company_id,name", "61,Northwind"],
        "hubspot/hubspot_deal_contacts.csv": ["deal_id,contact_id,lifecyclestage", "7001,71,lead"],
        "hubspot/hubspot_line_items.csv": ["line_item_id,deal_id,name", "81,7001,Starter"],
        "hubspot/hubspot_merged_deals.csv": ["deal_id,merged_deal_id", "7001,7000"],
        "hubspot/hubspot_engagements.csv": [
            "engagement_id,deal_id,type,hubspot_owner_id,timestamp,outcome",
            "91,7001,CALL,51,2024-01-11T09:00:00Z,COMPLETED",
        ],
        "marketing/Campaign.csv": ["Id,Name,Type,ActualCost", "701a,Fair,Event,1"],
        "marketing/CampaignMember.csv": [
            "CampaignId,LeadId,ContactId,CreatedDate",
            "701a,,003a,2024-01-01T09:00:00Z",
        ],
        "marketing/Lead.csv": ["Id,LeadSource,CreatedDate", "00Qa,Web,2024-06-01T09:00:00Z"],
        "marketing/OpportunityContactRole.csv": ["OpportunityId,ContactId,IsPrimary", "006d,003a,True"],
        "marketing/web_analytics.csv": [
            "session_id,user_id,session_date,landing_page,utm_source,utm_campaign,pageviews,conversions",
            "S1,U1,2024-06-01,/,google,a,1,0",
        ],
    }
    for name, lines in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("\n".join([*lines, ""]), encoding="utf-8")


def list_losses() -> Iterator[str]:
    """Rows of the log: each deal of LOSSES enters stage 1 and is lost, with its reason."""
    for deal, (reason, owner) in LOSSES.items():
        yield f"{deal},2024-01-02 09:00:00,add_time,2024-01-02T09:00:00"
        yield f"{deal},2024-01-02 09:00:00,user_id,{owner}"
        yield f"{deal},2024-01-02 09:00:00,stage_id,1"
        yield f"{deal},2024-02-02 09:00:00,status,lost"
        if reason:
            yield f"{deal},2024-02-02 09:00:00,lost_reason,{reason}"


# --- where names are planted -----------------------------------------------------------------------------------

# Settings are left out: their words are written by the user, to be read in reports.
TEXT_COLUMNS = """
    select files.table_name, columns.column_name, files.key_columns
    from raw.files as files
    inner join information_schema.columns as columns on columns.table_name = files.table_name
    where columns.table_schema = 'raw' and columns.data_type in ('text', 'json') and left(columns.column_name, 1) <> '_'
        -- Settings are words that the company chose for its reports.
        and not files.is_setting
    order by files.table_name, columns.column_name
"""
LOGGED = "stage_id user_id pipeline_id status lost_reason value currency expected_close_date title person_id"
OWNER = ("Owner", "Owner ", " OWNER")
OWN_KEYS = (
    "id", "deal_id", "activity_id", "stage_id", "apiname", "session_id", "campaignid", "campaign_id",
    "owner_id", "company_id", "contact_id", "line_item_id", "merged_deal_id", "engagement_id",
)  # fmt: skip
PROPERTIES = (
    "dealstage pipeline hubspot_owner_id amount deal_currency_code closedate closed_lost_reason dealname"
    " hs_manual_forecast_category"
)
# Columns whose values mean something else beside other values of the row.
BESIDE = {
    ("deal_changes", "new_value"): [{"changed_field_key": key} for key in LOGGED.split()],
    ("deal_changes", "old_value"): [{"changed_field_key": key} for key in LOGGED.split()],
    ("salesforce_opportunity_field_history", "oldvalue"): [{"field": field} for field in (*OWNER, "Name")],
    ("salesforce_opportunity_field_history", "newvalue"): [{"field": field} for field in (*OWNER, "Name")],
    # Of a deal that is in HubSpot's list.
    ("hubspot_deal_property_history", "value"): [
        {"property": name, "deal_id": "7001"} for name in PROPERTIES.split()
    ],
    **{
        ("hubspot_engagement", column): [{"deal_id": "7001"}]
        for column in ("engagement_id", "type", "hubspot_owner_id", "outcome")
    },
}


def plant_names(execute: Callable[..., list[tuple]]) -> dict[str, str]:
    """In every text column of every raw table one more row, the last one's copy under a key of its own, that names a
    person; returns the number in each name → its place."""
    planted: dict[str, str] = {}
    for table, column, keys in execute(TEXT_COLUMNS):
        for beside in BESIDE.get((table, column), [{}]):
            place = f"{table}.{column}" + "".join(f"({value})" for value in beside.values())
            number = 9000 + len(planted)
            name = f"Zq{number}zq Zq{number}zq"
            is_options = column == "field_value_options"
            value = [{"id": str(number), "label": name}] if is_options else name
            own_key = {key: str(number) for key in keys if key in OWN_KEYS}
            execute(
                f"insert into raw.{table} select (jsonb_populate_record(null::raw.{table}, to_jsonb(held) || %s)).* "
                f"from (select * from raw.{table} where _row_number < 9000 order by _row_number desc limit 1) as held",
                [json.dumps(own_key | beside | {column: value, "_row_number": number})],
            )
            planted[str(number)] = place
    return planted


# Where a name may be read, and why. A planted name that shows from anywhere else fails.
ID = "an id of the CRM, by which reports are joined"
WORD = "a word that a company has for its stages, channels, campaigns and kinds of things"
ORGANISATION = "about an organisation, which is no person"
READABLE = {
    "activity.activity_id": ID,
    "activity.deal_id": ID,
    "activity.type": WORD,
    "ad_spend.utm_campaign": WORD,
    "deal_changes.deal_id": ID,
    "deal_changes.new_value(pipeline_id)": ID,
    "deal_changes.new_value(stage_id)": ID,
    "deal_changes.new_value(status)": WORD,
    "deal_changes.old_value(stage_id)": ID,
    "fields.field_value_options": "the label of an option that the company offers, such as a lost reason",
    "hubspot_company.company_id": ID,
    "hubspot_company.country": ORGANISATION,
    "hubspot_company.hs_parent_company_id": ID,
    "hubspot_company.industry": ORGANISATION,
    "hubspot_company.name": ORGANISATION,
    "hubspot_company.type": ORGANISATION,
    "hubspot_deal.company_id": ID,
    "hubspot_deal.deal_id": ID,
    "hubspot_deal.dealstage": ID,
    "hubspot_deal.dealtype": WORD,
    "hubspot_deal.hs_analytics_source": WORD,
    "hubspot_deal.hs_manual_forecast_category": WORD,
    "hubspot_deal.pipeline": ID,
    "hubspot_deal_property_history.value(dealstage)(7001)": ID,
    "hubspot_deal_property_history.value(hs_manual_forecast_category)(7001)": WORD,
    "hubspot_deal_property_history.value(pipeline)(7001)": ID,
    "hubspot_engagement.engagement_id(7001)": ID,
    "hubspot_engagement.type(7001)": WORD,
    "hubspot_owner.team": ORGANISATION,
    "hubspot_pipeline_stage.pipeline_id": ID,
    "hubspot_pipeline_stage.pipeline_label": WORD,
    "hubspot_pipeline_stage.stage_id": ID,
    "hubspot_pipeline_stage.stage_label": WORD,
    "pipedrive_lead.id": ID,
    "pipedrive_lead.source_name": WORD,
    "salesforce_account.billingcountry": ORGANISATION,
    "salesforce_account.id": ID,
    "salesforce_account.industry": ORGANISATION,
    "salesforce_account.name": ORGANISATION,
    "salesforce_account.ownerid": ID,
    "salesforce_account.parentid": ID,
    "salesforce_account.type": ORGANISATION,
    "salesforce_campaign.name": WORD,
    "salesforce_campaign.type": WORD,
    "salesforce_lead.id": ID,
    "salesforce_lead.leadsource": WORD,
    "salesforce_opportunity.accountid": ID,
    "salesforce_opportunity.campaignid": ID,
    "salesforce_opportunity.forecastcategoryname": WORD,
    "salesforce_opportunity.id": ID,
    "salesforce_opportunity.leadsource": WORD,
    "salesforce_opportunity.ownerid": ID,
    "salesforce_opportunity.recordtypeid": ID,
    "salesforce_opportunity.stagename": WORD,
    "salesforce_opportunity.type": WORD,
    "salesforce_opportunity_history.stagename": WORD,
    "salesforce_opportunity_stage.apiname": WORD,
    "salesforce_opportunity_stage.masterlabel": WORD,
    "salesforce_event.id": ID,
    "salesforce_event.ownerid": ID,
    "salesforce_event.type": WORD,
    "salesforce_task.id": ID,
    "salesforce_task.ownerid": ID,
    "salesforce_task.tasksubtype": WORD,
    "salesforce_task.type": WORD,
    "salesforce_user.department": ORGANISATION,
    "salesforce_user.id": ID,
    "salesforce_user.managerid": ID,
    "salesforce_user_role.name": "a position, no person",
    "stages.pipeline_id": ID,
    "stages.stage_id": ID,
    "stages.stage_name": WORD,
    "web_analytics.utm_campaign": WORD,
}

READABLE_COLUMNS = """
    select format('%I.%I', nspname, relname)
    from pg_class
    inner join pg_namespace on pg_namespace.oid = relnamespace
    where relkind in ('r', 'v', 'm', 'p', 'f')
      and nspname not in ('pg_catalog', 'information_schema') and nspname not like 'pg_toast%'
      and has_schema_privilege('reporter', pg_namespace.oid, 'usage')
      and has_any_column_privilege('reporter', pg_class.oid, 'select')
    order by 1
"""


@dataclass(frozen=True)
class Warehouse:
    """What was built: query(sql) → rows; `planted` names by their number; `check(tests)` runs tests of dbt."""

    query: Callable[[str], list[tuple]]
    check: Callable[[str], object]
    planted: dict[str, str]

    def one(self, text: str) -> tuple:
        [row] = self.query(text)
        return row


@pytest.fixture(scope="module")
def warehouse(databases: Databases, dbt: Dbt, load, connect, tmp_path_factory) -> Iterator[Warehouse]:
    folder = tmp_path_factory.mktemp("odd")
    write_export(folder)
    name = databases.create()
    load(folder, database=name)
    with contextlib.closing(connect(name)) as connection, connection.cursor() as cursor:
        connection.autocommit = True

        def execute(text: str, values: list | None = None) -> list[tuple]:
            cursor.execute(text, values)
            return cursor.fetchall() if cursor.description else []

        planted = plant_names(execute)

        def run(command: str) -> object:
            return dbt(command, database=name, variables={"reporting_currency": "CHF"})

        run("build --exclude-resource-type test unit_test")
        yield Warehouse(execute, lambda tests: run(f"test -s {tests}"), planted)
    databases.drop(name)


# --- 12: what is not known is no zero ------------------------------------------------------------------------------


def test_spend_without_a_rate_is_unknown_and_counted(warehouse):
    spend, missing, cac = warehouse.one(
        "select spend, missing_spend_count, period_cac from dev_marts.rep_marketing_efficiency_monthly "
        "where month = '2024-02-01' and channel = 'Meta'"
    )
    assert (spend, missing, cac) == (None, 1, None)


def test_rates_keep_their_digits_in_either_direction(warehouse):
    assert warehouse.query(
        "select deal_id, reporting_amount::float from dev_marts.fct_deals"
        " where deal_id in ('006e', '006f') order by deal_id"
    ) == [("006e", 34.5), ("006f", 100.0)]


def test_a_month_without_ads_cost_nothing(warehouse):
    assert warehouse.query(
        "select distinct spend, missing_spend_count from dev_marts.rep_marketing_efficiency_monthly "
        "where month = '2024-03-01'"
    ) == [(0, 0)]


def test_an_amount_is_the_sum_of_what_is_known_and_null_if_nothing_is(warehouse):
    figures = warehouse.query(
        "select crm_source, won_count, won_amount, created_count = missing_amount_count, created_amount "
        "from dev_marts.rep_deal_cohorts where month = '2024-01-01' order by crm_source"
    )
    # Salesforce: 100 and 70 GBP have no rate to CHF, 30 name no currency. Pipedrive: 500 GBP, others without an amount.
    # HubSpot: none at all.
    assert figures == [
        ("hubspot", 0, 0, True, None),
        ("pipedrive", 0, 0, True, None),
        ("salesforce", 3, 30, False, 30),
    ]


def test_win_rates_show_unknown_amounts_as_unknown(warehouse):
    assert warehouse.one(
        "select won_count, won_amount, missing_amount_count from dev_marts.rep_win_rate_trend "
        "where crm_source = 'salesforce' and dimension = 'all' and quarter = '2024-01-01'"
    ) == (4, 30, 3)
    assert warehouse.one(
        "select lost_count > 0, lost_amount, won_count, won_amount from dev_marts.rep_win_rate_trend "
        "where crm_source = 'pipedrive' and dimension = 'all' and quarter = '2024-01-01'"
    ) == (True, None, 0, 0)


# --- 16c: calls that are done early --------------------------------------------------------------------------------


def test_calls_that_are_due_after_the_load_count_in_totals_and_in_no_month(warehouse):
    assert warehouse.one(
        "select calls_count, undated_calls_count from dev_marts.rep_calls_before_stage where funnel_step = '2.1'"
    ) == (3, 2)
    assert warehouse.query(
        "select month, sales_call_1_completed from dev_marts.rep_sales_rep_performance_monthly "
        "where sales_call_1_completed > 0"
    ) == [(date(2024, 1, 1), 1)]


@pytest.mark.parametrize(
    ("report", "last_month"),
    [
        ("rep_sales_funnel_monthly", date(2024, 2, 1)),
        ("rep_sales_rep_performance_monthly where crm_source = 'pipedrive'", date(2024, 2, 1)),
        # Of all CRMs.
        ("dim_months", date(2024, 3, 1)),
    ],
)
def test_no_report_runs_past_the_last_event(warehouse, report, last_month):
    assert warehouse.one(f"select min(month), max(month) from dev_marts.{report}") == (
        date(2024, 1, 1),
        last_month,
    )


def test_the_as_of_date_is_no_day_to_come(warehouse):
    assert warehouse.one("select as_of_date from dev_marts.dim_as_of") == (date(2024, 3, 11),)
    assert warehouse.query(
        "select crm_source, newest_event_at::date from dev_marts.dim_export_coverage order by crm_source"
    ) == [
        ("hubspot", date(2024, 1, 11)),
        ("pipedrive", date(2024, 2, 2)),
        ("salesforce", date(2024, 3, 11)),
    ]


def test_a_stage_that_no_list_names_is_a_step_where_deals_were_open_in_it(warehouse):
    assert warehouse.query(
        "select kpi_name, funnel_step <> 'Unknown', count(*) from dev_marts.fct_deal_stage_history "
        "where crm_source = 'salesforce' and deal_id = '006h' group by 1, 2 order by 1"
    ) == [("New", True, 1), ("Parked", True, 1)]


@pytest.mark.nightly
def test_reports_of_odd_deals_add_up_as_any(warehouse):
    warehouse.check("channel_reports_add_up_to_sources stage_reports_add_up_to_visits")


# --- 16e: lost reasons in free text --------------------------------------------------------------------------------


def test_a_free_text_stands_if_enough_deals_share_it_or_it_is_listed(warehouse):
    reasons = warehouse.query(
        "select lost_reason, sum(losses_count)::integer from dev_marts.rep_lost_deals_monthly "
        "where crm_source = 'pipedrive' and month = '2024-02-01' group by lost_reason"
    )
    assert dict(reasons) == {
        "Wants a cheaper plan": 5,
        "Price": 1,
        "No budget": 1,
        "Other": 9,
        "Unknown": 2,
    }


# --- 25: dates that cannot be --------------------------------------------------------------------------------------


def test_no_period_of_any_mart_lies_where_no_date_can(warehouse):
    columns = warehouse.query(
        "select table_name, column_name from information_schema.columns where table_schema = 'dev_marts' "
        "and data_type = 'date' and table_name <> 'dim_exchange_rates'"
    )
    assert len(columns) > 50
    beyond = [
        (table, column)
        for table, column in columns
        if warehouse.query(
            f"select 1 from dev_marts.{table} where {column} not between '1990-01-01' and '2060-01-01' limit 1"
        )
    ]
    assert beyond == []


def test_dates_that_cannot_be_are_counted(warehouse):
    counts = {
        (model, column): count
        for model, column, count in warehouse.query(
            "select staging_model, column_name, implausible_date_count from dev_marts.rep_implausible_dates"
        )
    }
    assert counts["stg_pipedrive__deal_changes", "changed_at"] == 1
    assert counts["stg_pipedrive__deal_changes", "new_value of expected_close_date"] == 1
    assert counts["stg_pipedrive__activities", "due_at"] == 1
    assert counts["stg_marketing__ad_spend", "spend_date"] == 1
    assert counts["stg_salesforce__opportunities", "created_at"] >= 1  # and the copies with planted names
    assert counts["stg_salesforce__opportunity_history", "changed_at"] == 0


def test_a_deal_whose_dates_cannot_be_has_no_known_dates_and_still_counts(warehouse):
    assert warehouse.one(
        "select status, amount, close_date, created_date from dev_marts.dim_deals "
        "where deal_id = '006d' limit 1"
    ) == ("open", 10, None, None)


# --- 26: personal data ---------------------------------------------------------------------------------------------


def test_no_name_reaches_what_a_reporter_reads(warehouse):
    found = set()
    for (relation,) in warehouse.query(READABLE_COLUMNS):
        for (number,) in warehouse.query(
            f"select distinct (regexp_matches(held::text, 'zq(\\d+)zq', 'gi'))[1] from {relation} as held"
        ):
            found.add(warehouse.planted[number])
    assert sorted(found - set(READABLE)) == []
    assert len(found) > 20  # the scan does see what may be read
