"""Inputs that look odd and are lawful: none may stop a build, and none may change a figure that it does not concern.

`may_change` names the marts (by regular expression) that an input concerns: the columns that may differ, or the
condition of the rows that stay as they were, or ALL. Every other mart stays as the sample made it, to the last value.
At night, over all marts, those may differ too that read a staging view of `reaches`, whose rows the input changes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from support.edits import (
    ACTIVITIES,
    LOG,
    STAGES,
    USERS,
    Input,
    Row,
    anywhere,
    content,
    in_month,
    is_field,
    rows_of,
    values,
    without,
)

ALL = "false"
OTHERS_STAY = "crm_source = 'salesforce' or length(deal_id) < 8"
LOADER = "the loader"


@dataclass(frozen=True)
class OddInput(Input):
    """`warned_by` is the dbt test, or LOADER, that must say so; None where there is nothing to say."""

    kind: str = ""
    may_change: dict[str, str | tuple[str, ...]] = field(default_factory=dict)
    warned_by: str | None = None
    reaches: str = ""


def copy_deals(month: str, copies: int, years_back: int = 0) -> Callable[[list[Row]], list[Row]]:
    """The log with the deals created in a month once more, under ids above ten million."""

    def change(rows: list[Row]) -> list[Row]:
        born = {row["deal_id"] for row in rows if is_field("add_time")(row) and in_month(month)(row)}
        assert born, "the sample has no such month"
        year, earlier = month[:4], str(int(month[:4]) - years_back)
        return rows + [
            row
            | {
                "deal_id": str(int(row["deal_id"]) + 10_000_000 * (copy + 1)),
                "change_time": row["change_time"].replace(year, earlier),
                "new_value": row["new_value"].replace(year, earlier),
            }
            for copy in range(copies)
            for row in rows
            if row["deal_id"] in born
        ]

    return change


def unlink(*names: str) -> Callable[[Path], None]:
    return lambda folder: [(folder / name).unlink() for name in names]


def without_columns(name: str, *columns: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        header, *lines = (folder / name).read_text(encoding="utf-8").splitlines()
        kept = [place for place, column in enumerate(header.split(",")) if column not in columns]
        cut = [",".join(line.split(",")[place] for place in kept) for line in (header, *lines)]
        (folder / name).write_text("\n".join(cut), encoding="utf-8")

    return edit


def line_after(data: bytes, number: int, line: bytes) -> bytes:
    lines = data.split(b"\n")
    return b"\n".join([*lines[:number], line, *lines[number:]])


FORMULA = '=HYPERLINK("http://example.invalid";"Lead")'
STAGE_TO_10 = values(LOG, "new_value", "10", is_field("stage_id"), 60)
FACTS = "int_deal_timeline|fct_funnel_events|fct_deal_stage_history|fct_deal_outcomes|int_deal_states"
DIMENSIONS = "dim_deals|dim_deal_owner_history"
DEALS = {f"{FACTS}|{DIMENSIONS}": OTHERS_STAY, "dim_pipelines": "crm_source = 'salesforce'"}
STAGES_OF_MARTS = "int_stages|dim_stages"
PUSHES = ("pushes_count", "pulls_count", "slips_count", "pushed_days")
OTHER_PIPELINES = "crm_source = 'salesforce' or pipeline_id = '2'"
# The seed's steps hold for a pipeline only if all its stages bear their names: the stages themselves are steps then,
# and the default is the next pipeline that the seed names.
RENAMED = {
    STAGES_OF_MARTS: OTHER_PIPELINES,
    "int_funnel_steps|dim_funnel_steps|fct_funnel_events": OTHER_PIPELINES,
    "fct_deal_stage_history": ("stage_name", "funnel_step", "kpi_name"),
    "fct_activities": ("funnel_step", "kpi_name"),
    "dim_pipelines": ("is_default",),
    "rep_sales_funnel_monthly": ALL,
}

ODD_INPUTS = [
    OddInput(
        "a month with three times the deals",
        rows_of(LOG, copy_deals("2025-06", 2)),
        kind="growth",
        reaches="stg_pipedrive__deal_changes",
        may_change={**DEALS, "rep_sales_funnel_monthly": "month < '2025-06-01'"},
    ),
    OddInput(
        "three hundred deals of years ago",
        rows_of(LOG, copy_deals("2024-02", 3, years_back=4)),
        kind="growth",
        reaches="stg_pipedrive__deal_changes",
        may_change={**DEALS, "rep_sales_funnel_monthly": "month >= '2024-01-01'"},
        warned_by="logged_changes_month_volume",
    ),
    OddInput(
        "a month of changes missing, first load",
        without(LOG, in_month("2024-10")),
        first_load=True,
        kind="gaps",
        reaches="stg_pipedrive__deal_changes",
        may_change={
            f"{FACTS}|{DIMENSIONS}|dim_pipelines": ALL,
            "rep_sales_funnel_monthly": "month < '2024-10-01'",
        },
        warned_by="logged_changes_month_volume",
    ),
    OddInput(
        "a month of changes missing after a good night",
        without(LOG, in_month("2024-10")),
        kind="gaps",
        reaches="stg_pipedrive__deal_changes",
        may_change={
            f"{FACTS}|{DIMENSIONS}|dim_pipelines": ALL,
            "rep_sales_funnel_monthly": "month < '2024-10-01'",
        },
        warned_by="logged_changes_month_volume",
    ),
    OddInput(
        "a month of activities missing after a good night",
        without(ACTIVITIES, in_month("2024-10", "due_to")),
        kind="gaps",
        reaches="stg_pipedrive__activities",
        may_change={
            "fct_activities": "due_month <> '2024-10-01'",
            "fct_funnel_events|rep_sales_funnel_monthly": "funnel_step not in ('2.1', '3.1')",
            # Deals that only activities know of are gone with them.
            "dim_deals": ALL,
        },
        warned_by="activities_month_volume",
    ),
    OddInput("the users missing from the folder", unlink(USERS), kind="missing file", warned_by=LOADER),
    OddInput("the activities missing from the folder", unlink(ACTIVITIES), kind="missing file", warned_by=LOADER),
    OddInput(
        "a first load without stages",
        unlink(STAGES),
        first_load=True,
        kind="missing file",
        reaches="stg_pipedrive__stages",
        may_change={
            f"{FACTS}|rep_sales_funnel_monthly|{STAGES_OF_MARTS}|int_funnel_steps|dim_funnel_steps": ALL,
            "fct_activities": ("funnel_step", "kpi_name"),
        },
    ),
    OddInput(
        "stages without probability and rotten days",
        without_columns(STAGES, "deal_probability", "rotten_days"),
        kind="missing column",
        reaches="stg_pipedrive__stages",
        may_change={STAGES_OF_MARTS: ("default_probability", "rotten_days")},
    ),
    OddInput(
        "opportunities without type and last activity",
        without_columns("Opportunity.csv", "Type", "LastActivityDate"),
        folder="salesforce",
        kind="missing column",
        reaches="stg_salesforce__opportunities",
        may_change={"dim_deals": ("deal_type", "last_activity_date")},
    ),
    OddInput(
        "blanks around deal ids",
        values(LOG, "deal_id", lambda row: f" {row['deal_id']} ", anywhere),
        kind="ids with blanks or zeros in front",
    ),
    OddInput(
        "zeros in front of deal ids",
        values(ACTIVITIES, "deal_id", lambda row: f"00{row['deal_id']}", anywhere),
        kind="ids with blanks or zeros in front",
    ),
    OddInput(
        "zeros in front of logged stages",
        values(LOG, "new_value", lambda row: f"0{row['new_value']}", is_field("stage_id"), 60),
        kind="ids with blanks or zeros in front",
    ),
    OddInput(
        "blanks around logged stages and owners",
        values(
            LOG,
            "new_value",
            lambda row: f" {row['new_value']} ",
            lambda row: row["changed_field_key"] in ("stage_id", "user_id"),
            60,
        ),
        kind="ids with blanks or zeros in front",
    ),
    OddInput(
        "names in Windows-1252",
        content(USERS, lambda data: data.decode().encode("cp1252", errors="replace")),
        options=("--encoding", "cp1252"),
        kind="encodings",
        may_change={"dim_owners": ("user_name_masked",)},
    ),
    OddInput(
        "a byte order mark and Windows line ends",
        content(LOG, lambda data: b"\xef\xbb\xbf" + data.replace(b"\n", b"\r\n")),
        kind="encodings",
    ),
    OddInput(
        "the name of an unused column twice",
        content(USERS, lambda data: b"".join(line + b",note,note\n" for line in data.splitlines())),
        kind="repeated header",
        warned_by=LOADER,
    ),
    OddInput(
        "the header again in the middle",
        content(LOG, lambda data: line_after(data, 1000, data.split(b"\n")[0])),
        options=("--max-rejects", "0.001"),
        kind="repeated header",
    ),
    OddInput(
        "a line with the total",
        content(LOG, lambda data: data.rstrip(b"\n") + b"\nTotal,24487,,\n"),
        kind="footer",
    ),
    OddInput(
        "a line that says when it was exported",
        content(ACTIVITIES, lambda data: data.rstrip(b"\n") + b"\nExported on 2025-07-01\n"),
        options=("--max-rejects", "0.001"),
        kind="footer",
        warned_by="newest_load_rejected_no_rows",
    ),
    OddInput(
        "deals expected to close in 2099",
        values(LOG, "new_value", "2099-12-31", is_field("expected_close_date"), 60),
        kind="far dates",
        reaches="stg_pipedrive__deal_changes",
        may_change={"int_deal_states": ("close_date",), "dim_deals": ("close_date", "first_close_date", *PUSHES)},
    ),
    OddInput(
        "open activities due in 2199",
        values(
            ACTIVITIES, "due_to", lambda row: "2199" + row["due_to"][4:], lambda row: row["done"] == "False", 20
        ),
        kind="far dates",
        reaches="stg_pipedrive__activities",
        may_change={"fct_activities": ("due_at", "due_month")},
    ),
    OddInput(
        "an opportunity created in the year 24",
        values("Opportunity.csv", "CreatedDate", "0024-03-01T10:00:00.000Z", anywhere, 3000),
        folder="salesforce",
        kind="far dates",
    ),
    OddInput(
        "some users without an e-mail",
        values(USERS, "email", "", anywhere, 5),
        kind="missing e-mail",
        may_change={"dim_owners": ("email_masked",)},
    ),
    OddInput(
        "no user has an e-mail",
        values(USERS, "email", "", anywhere),
        kind="missing e-mail",
        may_change={"dim_owners": ("email_masked",)},
    ),
    OddInput(
        "deals in a currency without a rate",
        values(LOG, "new_value", "XAU", is_field("currency"), 60),
        kind="unknown currency",
        reaches="stg_pipedrive__deal_changes",
        may_change={"int_deal_states|dim_deals": ("currency",)},
    ),
    OddInput(
        "opportunities in a currency without a rate",
        values("Opportunity.csv", "CurrencyIsoCode", "ISK", anywhere, 60),
        folder="salesforce",
        kind="unknown currency",
        reaches="stg_salesforce__opportunities",
        may_change={
            "int_salesforce__deal_events": "field <> 'currency'",
            "int_deal_states|dim_deals": ("currency",),
        },
    ),
    OddInput(
        "renamed stage",
        values(STAGES, "stage_name", "Signed", lambda row: row["stage_id"] == "6"),
        kind="renamed stage",
        reaches="stg_pipedrive__stages",
        may_change=RENAMED,
        warned_by="stage_names_agree",
    ),
    OddInput(
        "formula as the name of a stage",
        values(STAGES, "stage_name", FORMULA, lambda row: row["stage_id"] == "6"),
        kind="renamed stage",
        reaches="stg_pipedrive__stages",
        may_change=RENAMED,
        warned_by="stage_names_agree",
    ),
    OddInput(
        "unknown stage 10",
        STAGE_TO_10,
        kind="unknown stage",
        reaches="stg_pipedrive__deal_changes",
        may_change={
            f"{FACTS}|rep_sales_funnel_monthly": ALL,
            STAGES_OF_MARTS: "stage_id <> '10'",
            "dim_pipelines": "crm_source = 'salesforce'",
            "dim_deals": ("stage_id", "pipeline_id", "last_state_at"),
        },
        warned_by="logged_stages_are_known",
    ),
    OddInput(
        "stage without a funnel step",
        lambda folder: (
            content(STAGES, lambda data: data + b"\n10,New Stage,1,10,95,")(folder),
            STAGE_TO_10(folder),
        ),
        kind="unknown stage",
        reaches="stg_pipedrive__deal_changes stg_pipedrive__stages",
        may_change={
            f"{FACTS}|rep_sales_funnel_monthly": ALL,
            STAGES_OF_MARTS: "stage_id <> '10'",
            "dim_pipelines": "crm_source = 'salesforce'",
            "dim_deals": ("stage_id", "pipeline_id", "last_state_at"),
        },
        warned_by="stages_visited_have_a_funnel_step",
    ),
    OddInput(
        "deals without a creation",
        without(LOG, is_field("add_time"), 60),
        kind="missing creation",
        reaches="stg_pipedrive__deal_changes",
        may_change={
            "dim_deals": (
                *("created_at", "created_date", "has_creation", "first_changed_at", "is_id_collision"),
                *("cycle_days", "rate_date"),
            ),
            "fct_deal_outcomes": ("days_since_creation", "is_id_collision"),
        },
        warned_by="logged_deals_have_a_creation",
    ),
]  # fmt: skip
