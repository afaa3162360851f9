"""Ways to corrupt the exports or the raw data, each with the guard that must notice it.

A corruption edits a copy of the sample's exports (`edit`), or rows of the database behind the loader's back
(`statement`). Exactly one of the guards is named: `refused` or `warned` (pattern of the loader's line), `caught_by`
(name of a dbt test or of a source whose freshness fails), or `absorbed` (the loader appends nothing, so the marts stay
as they are). What is odd and yet lawful is in odd_inputs.py.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass

from support.edits import (
    ACTIVITIES,
    LOG,
    STAGES,
    TYPES,
    USERS,
    Input,
    Row,
    anywhere,
    append_creations,
    content,
    first_entries,
    in_month,
    is_field,
    repeat_every_20th,
    rows_of,
    swap,
    values,
    without,
)


@dataclass(frozen=True)
class Corruption(Input):
    refused: str | None = None
    warned: str | None = None
    caught_by: str | None = None
    absorbed: bool = False
    at_night: bool = False  # through every mart and every test


HISTORY, HUBSPOT_DEALS, HUBSPOT_STAGES = (
    f"hubspot_{name}.csv" for name in ("deal_property_history", "deals", "pipeline_stages")
)


def is_property(name: str) -> Callable[[Row], bool]:
    return lambda row: row["property"] == name


# --- the list ----------------------------------------------------------------------------------------------------

SQL_IN_TEXT = "1; drop table raw.users; --"

CORRUPTIONS = [
    # Rows that are missing or too many
    Corruption(
        "5 % of the changes twice in the file",
        rows_of(LOG, repeat_every_20th),
        warned=r"rows \(4\.8%\) repeat an earlier row",
    ),
    Corruption(
        "5 % of the changes twice in raw, past the loader",
        statement="insert into raw.deal_changes select * from raw.deal_changes where _row_number % 20 = 0",
        caught_by="raw_versions_count_up",
    ),
    Corruption("the whole export loaded three times", lambda folder: None, loads=3, absorbed=True),
    Corruption("empty file", content(LOG, lambda data: b""), refused=r"deal_changes\.csv: is empty"),
    Corruption(
        "header without rows",
        content(LOG, lambda data: data.split(b"\n")[0] + b"\n"),
        refused="has no data rows",
    ),
    Corruption(
        "file cut in the middle of a row",
        content(LOG, lambda data: data[: len(data) * 95 // 100 - 7]),
        refused="rows rejected",
    ),
    Corruption(
        "file cut at a row, a half missing",
        content(LOG, lambda data: data[: data.rindex(b"\n", 0, len(data) // 2) + 1]),
        refused="would delete",
    ),
    Corruption(
        "file cut at a row, a tenth missing",
        content(LOG, lambda data: data[: data.rindex(b"\n", 0, len(data) * 9 // 10) + 1]),
        caught_by="newest_load_changed_little",
    ),
    Corruption(
        "raw rows deleted past the loader",
        statement="delete from raw.activity where _row_number % 50 = 0",
        caught_by="load_batches_account_for_raw_rows",
    ),
    Corruption(
        "a version missing in raw",
        statement="update raw.users set _version = 3 where id = '1'",
        caught_by="raw_versions_count_up",
    ),
    # Values without a meaning
    Corruption(
        "stage that is no number",
        values(LOG, "new_value", "Qualified", is_field("stage_id"), 60),
        caught_by="logged_stages_are_known",
    ),
    Corruption(
        "stage without a value",
        values(LOG, "new_value", "", is_field("stage_id"), 60),
        caught_by="logged_ids_are_given",
    ),
    Corruption(
        "owner that is no user",
        values(LOG, "new_value", "99999", is_field("user_id"), 60),
        caught_by="logged_owners_are_known",
    ),
    Corruption(
        "activity of somebody who is no user",
        values(ACTIVITIES, "assigned_to_user", "99999", anywhere, 60),
        caught_by="activity_users_are_known",
    ),
    Corruption(
        "unknown activity type",
        values(ACTIVITIES, "type", "demo", anywhere, 60),
        caught_by="activity_types_are_known",
    ),
    Corruption(
        "lost reason outside the options",
        values(LOG, "new_value", "77", is_field("lost_reason"), 60),
        caught_by="logged_values_are_options_of_their_field",
    ),
    Corruption(
        "unknown status",
        values(LOG, "new_value", "Won!", is_field("status"), 60),
        caught_by="logged_statuses_are_known",
    ),
    Corruption(
        "amount with a currency sign and a comma",
        values(LOG, "new_value", "€1,000.00", is_field("value"), 60),
        caught_by="logged_amounts_are_numbers",
    ),
    Corruption(
        "close date in another format",
        values(LOG, "new_value", "12/31/2025", is_field("expected_close_date"), 60),
        caught_by="logged_close_dates_are_dates",
    ),
    Corruption(
        "SQL in a text field",
        values(LOG, "new_value", SQL_IN_TEXT, is_field("stage_id"), 60),
        caught_by="logged_stages_are_known",
    ),
    Corruption(
        "owner that is no number",
        values(LOG, "new_value", "Amara Abbott", is_field("user_id"), 60),
        caught_by="logged_owners_are_known",
    ),
    Corruption(
        "amount that is not a number",
        values(LOG, "new_value", "NaN", is_field("value"), 60),
        caught_by="logged_amounts_are_numbers",
    ),
    Corruption(
        "close date on the 31st of February",
        values(LOG, "new_value", "2025-02-31", is_field("expected_close_date"), 60),
        caught_by="logged_close_dates_are_dates",
    ),
    Corruption(
        "two stages in one place",
        values(STAGES, "order_nr", "5", lambda row: row["stage_id"] in ("5", "6")),
        caught_by="stages_have_a_place_of_their_own",
    ),
    Corruption(
        "a user twice, under two names",
        content(
            USERS,
            lambda data: data.rstrip(b"\n") + b"\n1,Somebody Else,s@example.net,2025-06-15 16:57:55,True\n",
        ),
        refused="has the key of line 2 but other values",
    ),
    # Deals whose story cannot be
    Corruption(
        "stages before the creation",
        values(LOG, "change_time", lambda row: "2023" + row["change_time"][4:], is_field("stage_id"), 60),
        caught_by="nothing_happens_before_the_creation",
    ),
    Corruption(
        "two creations, for 2 % of the deals",
        rows_of(LOG, append_creations(50)),
        caught_by="deal_ids_rarely_carry_two_lives",
    ),
    # Times
    Corruption(
        "changes in 2099",
        values(LOG, "change_time", lambda row: "2099" + row["change_time"][4:], in_month("2025-02"), 60),
        caught_by="logged_changes_have_a_plausible_time",
    ),
    Corruption(
        "changes in 1970",
        values(LOG, "change_time", "1970-01-01 00:00:00", is_field("user_id"), 60),
        caught_by="logged_changes_have_a_plausible_time",
    ),
    Corruption(
        "calls done in 2099",
        values(
            ACTIVITIES,
            "due_to",
            lambda row: "2099" + row["due_to"][4:],
            lambda row: row["done"] == "True" and in_month("2025-03", "due_to")(row),
            10,
        ),
        caught_by="completed_activities_lie_not_ahead",
    ),
    Corruption(
        "every call of a quarter done in 2099",
        values(
            ACTIVITIES,
            "due_to",
            lambda row: "2099" + row["due_to"][4:],
            lambda row: row["done"] == "True" and row["due_to"][:7] in ("2025-01", "2025-02", "2025-03"),
        ),
        caught_by="completed_activities_lie_not_ahead",
    ),
    Corruption(
        "all times an hour off",
        values(
            LOG, "change_time", lambda row: row["change_time"][:14] + "59" + row["change_time"][16:], anywhere
        ),
        refused="would delete",
    ),
    Corruption(
        "American dates",
        values(
            LOG,
            "change_time",
            lambda row: f"{row['change_time'][5:7]}/{row['change_time'][8:10]}/{row['change_time'][:4]}",
            anywhere,
            60,
        ),
        refused='write the rule "date_format"',
    ),
    Corruption(
        "no change time", values(LOG, "change_time", "", anywhere, 60), refused="column change_time: is empty"
    ),
    Corruption(
        "no due time", values(ACTIVITIES, "due_to", "", anywhere, 60), refused="column due_to: is empty"
    ),
    Corruption("no deal id", values(LOG, "deal_id", "", anywhere, 60), refused="column deal_id: is empty"),
    Corruption("no done flag", values(ACTIVITIES, "done", "", anywhere, 60), refused="column done: is empty"),
    Corruption(
        "an hour 25", values(LOG, "change_time", "2025-01-01 25:00:00", anywhere, 60), refused="change_time"
    ),
    Corruption(
        "a time without end",
        values(LOG, "change_time", "infinity", anywhere, 60),
        refused="is not an ISO 8601 time",
    ),
    # HubSpot's history of properties and its lists
    Corruption(
        "half of HubSpot's history missing",
        without(HISTORY, anywhere, 2),
        folder="hubspot",
        refused="would delete",
    ),
    Corruption(
        "a HubSpot time that is none",
        values(HISTORY, "timestamp", "yesterday", anywhere, 60),
        folder="hubspot",
        refused="column timestamp: 'yesterday' is not an ISO 8601 time",
    ),
    Corruption(
        "stages in HubSpot's history that no list has",
        values(HISTORY, "value", "nowhere", is_property("dealstage"), 20),
        folder="hubspot",
        caught_by="hubspot_logged_stages_are_known",
        at_night=True,
    ),
    Corruption(
        "stages of HubSpot's deals that no list has",
        values(HUBSPOT_DEALS, "dealstage", "nowhere", anywhere, 20),
        folder="hubspot",
        caught_by="hubspot_stages_are_known",
        at_night=True,
    ),
    Corruption(
        "amounts in HubSpot's history in words",
        values(HISTORY, "value", "twelve", is_property("amount"), 5),
        folder="hubspot",
        caught_by="hubspot_logged_amounts_are_numbers",
        at_night=True,
    ),
    Corruption(
        "a currency of HubSpot that has no rate",
        values(HUBSPOT_DEALS, "deal_currency_code", "XTS", anywhere, 10),
        folder="hubspot",
        caught_by="currencies_have_a_rate",
        at_night=True,
    ),
    Corruption(
        "HubSpot's history in 2099",
        values(HISTORY, "timestamp", lambda row: "2099" + row["timestamp"][4:], anywhere, 60),
        folder="hubspot",
        caught_by="hubspot_history_has_a_plausible_time",
        at_night=True,
    ),
    Corruption(
        "HubSpot's history of another account",
        values(HISTORY, "deal_id", lambda row: f"7{row['deal_id']}", anywhere, 3),
        folder="hubspot",
        options=("--max-deleted", "1"),
        caught_by="hubspot_history_belongs_to_a_deal",
        at_night=True,
    ),
    Corruption(
        "owners of HubSpot's deals that no list has",
        values(HUBSPOT_DEALS, "hubspot_owner_id", "99999", anywhere, 10),
        folder="hubspot",
        caught_by="hubspot_owners_are_known",
        at_night=True,
    ),
    Corruption(
        "HubSpot's stages won and lost the other way round",
        rows_of(HUBSPOT_STAGES, swap("is_closed", "closed_won")),
        folder="hubspot",
        caught_by="funnel_looks_plausible",
        at_night=True,
    ),
    # Files of another shape or origin
    Corruption(
        "deal ids with a fraction",
        values(LOG, "deal_id", lambda row: f"{row['deal_id']}.5", anywhere, 60),
        refused="column deal_id: .* is no id but a number with a fraction",
    ),
    Corruption(
        "deal ids beyond any",
        values(LOG, "deal_id", lambda row: row["deal_id"] * 4, anywhere, 60),
        # They are deals of their own, of which the log holds one row each.
        caught_by="logged_deals_have_a_creation",
    ),
    Corruption(
        "a done flag in words",
        values(ACTIVITIES, "done", "perhaps", anywhere, 60),
        refused="column done: 'perhaps' is not true or false",
    ),
    Corruption(
        "a NUL byte in a name",
        content(USERS, lambda data: data.replace(b"Amara", b"Am\0ra", 1)),
        refused="holds a NUL byte",
    ),
    Corruption(
        "commas in names without quotes",
        content(USERS, lambda data: data.replace(b"Amara Abbott", b"Abbott, Amara", 1)),
        refused="has 6 fields where the header has 5",
    ),
    Corruption(
        "a needed column twice",
        content(LOG, lambda data: data.replace(b"new_value", b"deal_id,new_value", 1)),
        refused="deal_id",
    ),
    Corruption(
        "the wrong file under a known name",
        lambda folder: (folder / USERS).write_bytes((folder / STAGES).read_bytes()),
        refused=r"users\.csv, line 1: the header lacks",
    ),
    Corruption(
        "a compressed file cut short",
        lambda folder: (
            (folder / f"{USERS}.gz").write_bytes(gzip.compress((folder / USERS).read_bytes())[:-20]),
            (folder / USERS).unlink(),
        ),
        refused="is not a whole gzip file",
    ),
    Corruption(
        "bad rows that --max-rejects allows",
        values(LOG, "change_time", "", anywhere, 60),
        options=("--max-rejects", "0.05"),
        caught_by="newest_load_rejected_no_rows",
    ),
    Corruption(
        "an amount of Salesforce in words",
        values("Opportunity.csv", "Amount", "twelve", anywhere, 60),
        folder="salesforce",
        refused="column amount: 'twelve' is not a plain number",
    ),
    Corruption(
        "an opportunity without an id",
        values("Opportunity.csv", "Id", "", anywhere, 60),
        folder="salesforce",
        refused="column id: is empty",
    ),
    Corruption(
        "clicks that are no number",
        values("ad_spend.csv", "clicks", "many", anywhere, 600),
        folder="marketing",
        refused="column clicks: 'many' is not a whole number",
    ),
    Corruption(
        "two columns swapped, of one type",
        rows_of(LOG, swap("changed_field_key", "new_value")),
        options=("--max-deleted", "1"),
        caught_by="log_holds_fields_of_the_funnel",
    ),
    Corruption(
        "two columns swapped, of two types",
        rows_of(LOG, swap("deal_id", "change_time")),
        refused="column change_time: .* is not an ISO 8601 time",
    ),
    Corruption(
        "user and deal of activities swapped",
        rows_of(ACTIVITIES, swap("assigned_to_user", "deal_id")),
        options=("--max-deleted", "1"),
        caught_by="activity_users_are_known",
    ),
    Corruption(
        "column renamed",
        content(LOG, lambda data: data.replace(b"change_time", b"changed_on", 1)),
        refused="the header lacks change_time",
    ),
    Corruption(
        "Windows-1252 bytes",
        content(
            USERS,
            lambda data: (
                data + "9001,J\u00f6rg M\u00fcller,j@example.org,2025-01-01 00:00:00,True\n".encode("cp1252")
            ),
        ),
        refused="--encoding cp1252",
    ),
    Corruption(
        "quote left open",
        content(USERS, lambda data: data.replace(b"1,", b'1,"', 1)),
        refused="the quotes of this record do not match",
    ),
    Corruption(
        "users of another account",
        rows_of(USERS, lambda rows: [row | {"id": f"7{row['id']}"} for row in rows]),
        options=("--max-deleted", "1"),
        caught_by="logged_owners_are_known",
    ),
    Corruption(
        "activity types of another account",
        values(TYPES, "type", lambda row: row["type"] + "_x", anywhere),
        caught_by="activity_types_are_known",
    ),
    Corruption(
        "activity ids numbered anew",
        rows_of(
            ACTIVITIES,
            lambda rows: [row | {"activity_id": str(n % (len(rows) // 2))} for n, row in enumerate(rows)],
        ),
        options=("--max-deleted", "1"),
        caught_by="raw_activity_ids_rarely_repeat",
    ),
    Corruption(
        "every done flag reset",
        values(ACTIVITIES, "done", "False", anywhere),
        caught_by="newest_load_changed_little",
    ),
    # Marts that somebody edited
    Corruption(
        "rows of a fact deleted by hand",
        statement="delete from dev_marts.fct_funnel_events where deal_key % 50 = 0",
        caught_by="first_entries_equal_a_recount_of_the_log",
    ),
    Corruption(
        "a cell of the report overwritten by hand",
        statement="update dev_marts.rep_sales_funnel_monthly set deals_count = deals_count + 1 where funnel_step = '1'",
        absorbed=True,  # the next run counts it anew
    ),
    Corruption(
        "a month of the report deleted by hand",
        statement="delete from dev_marts.rep_sales_funnel_monthly where month = '2024-10-01'",
        absorbed=True,
    ),
    Corruption(
        "visits deleted by hand",
        statement="delete from dev_marts.fct_deal_stage_history where visit_number = 2 and deal_key % 50 = 0",
        caught_by="visits_leave_no_gap",
    ),
    Corruption(
        "open visits closed by hand",
        statement="update dev_marts.fct_deal_stage_history set moved = 'lost'"
        " where moved = 'open' and deal_key % 9 = 0",
        caught_by="deals_are_where_their_last_visit_is",
    ),
    Corruption(
        "deals deleted by hand",
        statement="delete from dev_marts.dim_deals where deal_key % 50 = 0",
        caught_by="deals_are_where_their_last_visit_is",
    ),
    # News that a person should hear of
    Corruption(
        "step 1 down by more than 20 %",
        without(LOG, first_entries("2025-05"), 3),
        caught_by="alert_first_step_dropped",
    ),
    Corruption(
        "no event for 8 days",
        lambda folder: None,
        command="build --select dim_as_of alert_no_new_events --exclude-resource-type unit_test",
        variables=(("as_of_date", "2025-07-09"),),
        caught_by="alert_no_new_events",
    ),
    Corruption(
        "no load for 8 days",
        statement="; ".join(
            f"update raw.{table} set _loaded_at = _loaded_at - interval '8 days'"
            for table in ("deal_changes", "activity", "load_batches")
        ),
        command="source freshness",
        caught_by="pipedrive.deal_changes",
    ),
]
