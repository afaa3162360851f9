"""Ways to corrupt the exports or the raw data, each with the guard that must notice it.

A corruption edits a copy of the sample's exports (`edit`), or rows of raw behind the loader's back (`statement`).
Exactly one of the guards is named: `refused` or `warned` (pattern of the loader's line), `caught_by` (name of a dbt
test or of a source whose freshness fails), or `absorbed` (the loader appends nothing, so the marts stay as they are).
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Row = dict[str, str]
LOG, ACTIVITIES, USERS, STAGES, TYPES = (
    f"{name}.csv" for name in ("deal_changes", "activity", "users", "stages", "activity_types")
)


@dataclass(frozen=True)
class Corruption:
    """`first_load` starts from empty raw tables, otherwise the good sample of last night is there; `options` are the
    loader's; `loads` is how often the files are loaded; with `command` dbt itself runs in place of the replay."""

    name: str
    edit: Callable[[Path], None] | None = None
    statement: str | None = None
    refused: str | None = None
    warned: str | None = None
    caught_by: str | None = None
    absorbed: bool = False
    first_load: bool = False
    options: tuple[str, ...] = ()
    loads: int = 1
    command: str | None = None
    variables: tuple[tuple[str, str], ...] = ()


# --- editing files -----------------------------------------------------------------------------------------------


def rows_of(name: str, change: Callable[[list[Row]], list[Row]]) -> Callable[[Path], None]:
    """Rewrites a file with the rows that `change` returns."""

    def edit(folder: Path) -> None:
        path = folder / name
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            rows = change(list(reader))
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, reader.fieldnames)
            writer.writeheader()
            writer.writerows(rows)

    return edit


def values(
    name: str, column: str, value: str | Callable[[Row], str], where: Callable[[Row], bool], every: int = 1
):
    """Sets a column in every n-th row that `where` picks."""

    def change(rows: list[Row]) -> list[Row]:
        picked = [row for row in rows if where(row)][::every]
        assert picked, "the sample has no such row"
        for row in picked:
            row[column] = value(row) if callable(value) else value
        return rows

    return rows_of(name, change)


def without(name: str, where: Callable[[Row], bool], every: int = 1) -> Callable[[Path], None]:
    """Leaves out every n-th row that `where` picks."""

    def change(rows: list[Row]) -> list[Row]:
        dropped = {id(row) for row in [row for row in rows if where(row)][::every]}
        assert dropped, "the sample has no such row"
        return [row for row in rows if id(row) not in dropped]

    return rows_of(name, change)


def content(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], None]:
    """Rewrites the bytes of a file."""

    def edit(folder: Path) -> None:
        path = folder / name
        before = path.read_bytes()
        path.write_bytes(change(before))
        assert path.read_bytes() != before, "nothing was corrupted"

    return edit


def is_field(key: str) -> Callable[[Row], bool]:
    return lambda row: row["changed_field_key"] == key


def in_month(month: str, column: str = "change_time") -> Callable[[Row], bool]:
    return lambda row: row[column].startswith(month)


def anywhere(_: Row) -> bool:
    return True


def repeat_every_20th(rows: list[Row]) -> list[Row]:
    return rows + rows[::20]


def swap(first: str, second: str) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        for row in rows:
            row[first], row[second] = row[second], row[first]
        return rows

    return change


def first_entries(month: str) -> Callable[[Row], bool]:
    return lambda row: is_field("stage_id")(row) and row["new_value"] == "1" and in_month(month)(row)


def append_creations(every: int) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        creations = [row for row in rows if is_field("add_time")(row)][::every]
        return rows + [row | {"change_time": row["change_time"][:11] + "23:59:59"} for row in creations]

    return change


# --- the list ----------------------------------------------------------------------------------------------------

SQL_IN_TEXT = "1; drop table raw.users; --"
FORMULA = '=HYPERLINK("http://example.invalid";"Lead")'

CORRUPTIONS = [
    # Rows that are missing or too many
    Corruption(
        "a month of changes missing, first load",
        without(LOG, in_month("2024-10")),
        first_load=True,
        caught_by="logged_changes_month_volume",
    ),
    Corruption(
        "a month of changes missing after a good night",
        without(LOG, in_month("2024-10")),
        caught_by="logged_changes_month_volume",
    ),
    Corruption(
        "a month of activities missing after a good night",
        without(ACTIVITIES, in_month("2024-10", "due_to")),
        caught_by="activities_month_volume",
    ),
    Corruption(
        "5 % of the changes twice in the file",
        rows_of(LOG, repeat_every_20th),
        warned=r"rows \(4\.8%\) repeat an earlier row",
    ),
    Corruption(
        "5 % of the changes twice in raw, past the loader",
        statement="insert into raw.deal_changes select * from raw.deal_changes where _row_number % 20 = 0",
        caught_by="raw_deal_changes_key_and_version_are_unique",
    ),
    Corruption("the whole export loaded three times", lambda folder: None, loads=3, absorbed=True),
    Corruption(
        "a file missing from the folder",
        lambda folder: (folder / USERS).unlink(),
        warned=r"not in the folder.*: pipedrive/users\.csv",
    ),
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
        statement="update raw.users set _version = 3 where id = 1",
        caught_by="raw_users_versions_count_up",
    ),
    # Values without a meaning
    Corruption(
        "unknown stage 10",
        values(LOG, "new_value", "10", is_field("stage_id"), 60),
        caught_by="logged_stages_are_known",
    ),
    Corruption(
        "stage without a funnel step",
        lambda folder: (
            content(STAGES, lambda data: data + b"\n10,New Stage,1,10,95,")(folder),
            values(LOG, "new_value", "10", is_field("stage_id"), 60)(folder),
        ),
        caught_by="stages_visited_have_a_funnel_step",
    ),
    Corruption(
        "renamed stage",
        values(STAGES, "stage_name", "Signed", lambda row: row["stage_id"] == "6"),
        caught_by="stage_names_agree",
    ),
    Corruption(
        "stage that is no number",
        values(LOG, "new_value", "Qualified", is_field("stage_id"), 60),
        caught_by="logged_ids_are_numbers",
    ),
    Corruption(
        "stage without a value",
        values(LOG, "new_value", "", is_field("stage_id"), 60),
        caught_by="logged_ids_are_numbers",
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
        caught_by="logged_ids_are_numbers",
    ),
    Corruption(
        "formula in a text field",
        values(STAGES, "stage_name", FORMULA, lambda row: row["stage_id"] == "6"),
        caught_by="stage_names_agree",
    ),
    # Deals whose story cannot be
    Corruption(
        "deals without a creation",
        without(LOG, is_field("add_time"), 60),
        caught_by="logged_deals_have_a_creation",
    ),
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
        refused="is not an ISO 8601 time",
    ),
    Corruption(
        "no change time", values(LOG, "change_time", "", anywhere, 60), refused="column change_time: is empty"
    ),
    Corruption(
        "no due time", values(ACTIVITIES, "due_to", "", anywhere, 60), refused="column due_to: is empty"
    ),
    Corruption("no deal id", values(LOG, "deal_id", "", anywhere, 60), refused="column deal_id: is empty"),
    Corruption("no done flag", values(ACTIVITIES, "done", "", anywhere, 60), refused="column done: is empty"),
    # Files of another shape or origin
    Corruption(
        "two columns swapped, of one type",
        rows_of(LOG, swap("changed_field_key", "new_value")),
        options=("--max-deleted", "1"),
        caught_by="raw_changed_field_keys_are_known",
    ),
    Corruption(
        "two columns swapped, of two types",
        rows_of(LOG, swap("deal_id", "change_time")),
        refused="is not a whole number",
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
                data + "9001,J\u00f6rg M\u00fcller,j@example.org,2025-01-01 00:00:00\n".encode("cp1252")
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
        statement="delete from dev_marts.fct_funnel_events where deal_id % 50 = 0",
        caught_by="first_entries_equal_a_recount_of_the_log",
    ),
    Corruption(
        "a cell of the report overwritten by hand",
        statement="update dev_marts.rep_sales_funnel_monthly set deals_count = deals_count + 1 where funnel_step = '1'",
        caught_by="funnel_report_equals_events",
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
