"""What Salesforce alone has: a recycle bin, persons among its accounts, ids of two lengths, and programs that write its
names of columns in several ways."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from loader import explain
from support.raw_lab import always_careful, never_careful

# File → its columns and a row, without the mark.
RECYCLED = {
    "Account.csv": ("Id,Name", "001{n},Northwind"),
    "Campaign.csv": ("Id,Name", "701{n},Fair"),
    "CampaignMember.csv": ("CampaignId,LeadId,ContactId,CreatedDate", "701a,00Q{n},,2024-01-01"),
    "Lead.csv": ("Id,CreatedDate", "00Q{n},2024-01-01"),
    "OpportunityContactRole.csv": ("OpportunityId,ContactId", "006a,003{n}"),
    "OpportunityStage.csv": ("ApiName,IsClosed,IsWon", "Stage {n},false,false"),
    "User.csv": ("Id,Name", "005{n},Ann"),
    "UserRole.csv": ("Id,Name", "00E{n},Director"),
}


# And other files, which Fivetran alone may mark.
MARKED = {
    "users.csv": ("id,name,email,modified", "{n},Ann,,"),
    "hubspot_owners.csv": ("owner_id,name", "{n},Ann"),
    "Opportunity.csv": ("id,stage_name,is_closed,is_won", "006{n},New,false,false"),
}
MARKS = [
    *((name, "IsDeleted") for name in RECYCLED),
    *((name, "_fivetran_deleted") for name in ["User.csv", *MARKED]),
]


@pytest.mark.parametrize(("name", "column"), MARKS)
def test_what_is_marked_as_deleted_is(lab, name, column):
    header, row = (RECYCLED | MARKED)[name]

    def rows(name: str, *marks: str) -> str:
        return "\n".join(
            [f"{header},{column}", *(f"{row.format(n=n)},{mark}" for n, mark in enumerate(marks))]
        )

    [(table,)] = lab.query("select table_name from raw.files where file_name = %s", name.lower())
    live = f"select count(*) from raw.{table} as versions where not _is_deleted and _version = 1"
    lab.write(name, rows(name, "false", "true", "False", "1", "0"))
    with never_careful():
        assert lab.loads()["new"] == 3
    assert lab.query(live) == [(3,)]
    lab.write(name, rows(name, "falsch", "WAHR", "", "1", "true"))
    assert lab.loads("--max-deleted", "1")["deleted"] == 1
    lab.write(name, rows(name, "false", "false", "false", "false", "perhaps"))
    assert f"line 6, column {column.lower()}: 'perhaps' is not true or false" in lab.refused()


@pytest.mark.parametrize("marks", ["is_deleted,_fivetran_deleted", "Fivetran Deleted,IsDeleted"])
def test_of_two_marks_that_of_salesforce_counts(lab, marks):
    """Fivetran's own packages for Salesforce read is_deleted where a table has it."""
    first = marks.startswith("is")
    lab.write("Account.csv", f"{marks},id\n{first},{not first},001a\n{not first},{first},001b\n")
    assert "columns not loaded: _fivetran_deleted" in lab.run().err
    assert lab.query("select id from raw.salesforce_account") == [("001b",)]


def test_a_mapping_that_only_says_how_dates_are_written_keeps_the_mark(lab):
    mapping = lab.write("map.json", '{"Account.csv": {"load_as": "Account.csv", "date_format": "%d.%m.%y"}}')
    lab.write("Account.csv", "Id,CreatedDate,IsDeleted\n001a,31.12.24,true\n001b,31.12.24,false\n")
    lab.loads("--mapping", mapping)
    assert lab.query("select id from raw.salesforce_account") == [("001b",)]


def test_every_file_of_salesforce_that_says_so_of_no_row_is_among_them(lab):
    known = lab.query(
        "select file_name from raw.files where table_name like 'salesforce%' and event_time_column is null"
        " and not exists (select from information_schema.columns where table_schema = 'raw'"
        " and columns.table_name = files.table_name and column_name = 'isdeleted')"
    )
    assert {name for (name,) in known} == {name.lower() for name in RECYCLED}


@pytest.mark.parametrize("order", [1, -1])
def test_who_was_removed_and_added_again_is_there_once(lab, order):
    members = [",2024-02-01,true", ",2024-03-01,true", ",2024-04-01,false"][::order]
    lines = ["CampaignId,LeadId,ContactId,CreatedDate,IsDeleted", *(f"701a,00Q1,{row}" for row in members)]
    lab.write("CampaignMember.csv", "\n".join(lines))
    for new in (1, 0):
        assert lab.loads()["new"] == new
    assert lab.query("select createddate::date::text, _is_deleted from raw.salesforce_campaign_member") == [
        ("2024-04-01", False)
    ]
    # Twice and not deleted is no such case.
    lab.write("CampaignMember.csv", "\n".join(lines).replace("true", "false"))
    assert "has the key of line 2 but other values" in lab.refused()


@pytest.mark.parametrize("parts", [("true", "false"), ("false", "true"), ("", "true"), ("true", "")])
def test_a_contact_with_two_parts_in_a_deal_is_one_and_the_primary_one(lab, parts):
    lines = ["OpportunityId,ContactId,Role,IsPrimary", *(f"006a,003a,Part {part},{part}" for part in parts)]
    lab.write("OpportunityContactRole.csv", "\n".join(lines))
    for new in (1, 0):
        assert lab.loads()["new"] == new
    assert lab.query("select isprimary from raw.salesforce_opportunity_contact_role") == [(True,)]


def test_the_name_of_a_person_account_is_not_loaded(lab):
    lab.write("Account.csv", "Id,Name,IsPersonAccount\n001a,Ann Lee,1\n001b,Northwind,0\n001c,Contoso,\n")
    names = [("001a", None), ("001b", "Northwind"), ("001c", "Contoso")]
    for way in (never_careful, always_careful):
        with way():
            lab.loads()
        assert lab.query("select id, name from raw.salesforce_account order by id") == names
    lab.write(
        "Account.csv",
        "Id,Name,IsPersonAccount\n001b,Northwind,0\n001c,Contoso,\n001d,Bo Ek,true\n",
    )
    lab.loads("--mode", "delta")
    assert lab.query("select name from raw.salesforce_account where id = '001d'") == [(None,)]


@pytest.mark.parametrize(
    "header",
    [
        "ID,STAGE-NAME,ISCLOSED,IsWon,closedate",
        # As people paste and wrap them.
        'Id,Stage\N{NO-BREAK SPACE}Name,"Is\nClosed",Is  Won,Close\N{NO-BREAK SPACE}Date',
        # What has a column's own name is it.
        "id,stagename,isclosed,iswon,closedate,close_date",
    ],
)
def test_names_of_columns_may_have_blanks_and_underscores(lab, header):
    row = "006a,New,false,false,2024-05-01" + ",2025-05-01" * (header.count(",") - 4)
    lab.write("opportunity.csv", f"{header}\n{row}\n")
    lab.loads()
    assert lab.query("select stagename, closedate::text from raw.salesforce_opportunity") == [
        ("New", "2024-05-01")
    ]


def test_what_a_mapping_names_is_not_taken_for_a_column_of_another_spelling(tmp_path):
    """Else HubSpot's own tables would fit the mapping of its screens."""
    (tmp_path / "hubspot_deals.csv").write_text("deal_id,pipeline,dealstage,createdate\n1,p,a,2024-01-01\n")
    assert explain.fitting_mapping(tmp_path) == ("", [])


def test_two_columns_of_one_name_but_for_blanks_are_none(lab):
    lab.write("opportunity.csv", "id,stage_name,stage name,is_closed,is_won\n006a,New,Old,false,false\n")
    assert "the header lacks stagename; it has id, stage_name, stage name" in lab.refused()


def test_a_stage_may_have_no_place_in_the_order(lab):
    lab.write(
        "OpportunityStage.csv", "ApiName,SortOrder,IsClosed,IsWon\nNew,1,false,false\nOld,,false,false\n"
    )
    lab.loads()
    orders = lab.query("select apiname, sortorder from raw.salesforce_opportunity_stage order by apiname")
    assert orders == [("New", 1), ("Old", None)]


SHORT, LONG = "001D000000IRFma", "001D000000IRFmaIAH"


@pytest.mark.parametrize(
    ("name", "header", "row", "table", "column"),
    [
        (
            "sales_quotas.csv",
            "crm_source,owner_id,quarter,quota,currency",
            "salesforce,{},2025-01-01,1,USD",
            "settings_sales_quotas",
            "owner_id",
        ),
        (
            "funnel_steps.csv",
            "crm_source,pipeline_id,step_order,funnel_step,kpi_name,event_type,source_value",
            "salesforce,{},1,1,New,stage,New",
            "settings_funnel_steps",
            "pipeline_id",
        ),
        (
            "OpportunityFieldHistory.csv",
            "OpportunityId,Field,OldValue,NewValue,CreatedDate",
            "006a,Owner,,{},2024-01-01",
            "salesforce_opportunity_field_history",
            "newvalue",
        ),
    ],
)
def test_settings_and_the_history_of_fields_may_have_the_short_form_of_an_id(
    lab, name, header, row, table, column
):
    for written in (SHORT, LONG):
        lab.write(name, f"{header}\n{row.format(written)}\n")
        assert lab.run().status == 0
    assert lab.query(f"select {column} from raw.{table}") == [(LONG,)]


def test_an_owner_of_a_quota_may_be_a_number_that_a_data_frame_has_written(lab):
    lab.write(
        "sales_quotas.csv", "crm_source,owner_id,quarter,quota,currency\nhubspot,55.0,2025-01-01,1,USD\n"
    )
    lab.loads()
    assert lab.query("select owner_id from raw.settings_sales_quotas") == [("55",)]


def test_two_lawful_rows_with_one_key_name_the_columns_that_tell_rows_apart(lab):
    header = "date,campaign_id,channel,utm_source,utm_campaign,spend_usd,clicks,impressions"
    lab.write("ad_spend.csv", f"{header}\n2024-01-01,A,,,,1,1,1\n2024-01-01,A,,,,2,1,1\n")
    assert "; rows are told apart by date and campaign_id, see docs/mapping.md#several" in lab.refused()


@pytest.mark.parametrize(("currency", "read"), [("", "900"), (",usd", "900"), (",EUR", None)])
def test_a_sign_of_a_currency_beside_spend_has_to_be_that_of_the_row(lab, currency, read):
    header = "date,campaign_id,channel,utm_source,utm_campaign,clicks,impressions,spend_usd"
    lab.write(
        "ad_spend.csv", f"{header}{',currency' if currency else ''}\n2024-01-01,A,,,,1,1,$900{currency}\n"
    )
    if read:
        lab.loads()
        assert lab.query("select spend_usd::text from raw.ad_spend") == [(read,)]
    else:
        assert "has the sign $, and the row says EUR" in lab.refused()


@pytest.mark.parametrize(
    ("name", "header", "percent"),
    [
        ("hubspot_deals.csv", "deal_id,hs_deal_stage_probability", "0.5"),
        ("hubspot_pipeline_stages.csv", "stage_id,probability", "0.5"),
        ("OpportunityStage.csv", "ApiName,IsClosed,IsWon,DefaultProbability", "50"),
    ],
)
def test_a_percent_sign_is_a_hundredth_where_chances_are_shares(lab, name, header, percent):
    [(table,)] = lab.query("select table_name from raw.files where file_name = %s", name.lower())
    lab.write(name, f"{header}\n1{',false,false' * header.count('IsWon')},50%\n")
    lab.loads()
    column = header.rsplit(",", 1)[1].lower()
    assert lab.query(f"select {column}::float from raw.{table}") == [(float(percent),)]


def test_a_list_of_which_nothing_is_closed_is_told(lab):
    """Words for won and lost that a mapping does not list leave every deal open."""
    told = "none of 20 opportunities is closed, so nothing is won or lost"
    rows = [f"006{n},New,false,false" for n in range(20)]
    lab.write("Opportunity.csv", "\n".join(["Id,StageName,IsClosed,IsWon", *rows]))
    assert told in lab.run().err
    lab.users("1,Ann,,")
    (lab.folder / "Opportunity.csv").unlink()
    assert told not in lab.run("--mode", "delta").err, "told of the load that brings the list"
    lab.empty()
    lab.write("Opportunity.csv", "\n".join(["Id,StageName,IsClosed,IsWon", *rows[:-1], "006x,Won,true,true"]))
    assert "is closed" not in lab.run().err


AGO = (datetime.now(UTC) - timedelta(days=366)).strftime("%Y-%m-%d")
LATELY = (datetime.now(UTC) - timedelta(days=300)).strftime("%Y-%m-%d")


@pytest.mark.parametrize(
    ("name", "header", "retired", "others"),
    [
        ("Task.csv", "Id,IsClosed,ActivityDate,CreatedDate",
         ["t1,true,{ago},{lately}", "t2,true,,{ago}"],
         ["t3,true,{lately},{ago}", "t4,false,{ago},{ago}", "t5,true,,"]),
        ("Event.csv", "Id,StartDateTime,EndDateTime",
         ["e1,{ago},{ago}", "e2,{ago},"],
         ["e3,{ago},{lately}", "e4,{lately},", "e5,,"]),
        ("OpportunityFieldHistory.csv", "OpportunityId,Field,OldValue,NewValue,CreatedDate",
         ["006a,StageName,New,Quoted,2024-01-01", "006b,Owner,005a,005b,2024-01-02"],
         ["006a,StageName,Quoted,New,2024-01-04", "006a,StageName,New,Quoted,2024-01-05"]),
    ],
)  # fmt: skip
def test_what_salesforce_gives_no_longer_for_its_age_stays(lab, name, header, retired, others):
    """Tracked changes go after 18 months; activities over a year old are archived, and ordinary exports lack them."""
    kept = {"Task.csv": "t9,false,,", "Event.csv": "e9,,"}.get(name, "006a,StageName,New,Quoted,2024-01-03")
    last = "006a,StageName,New,Quoted,2024-01-09"
    lines = [line.format(ago=AGO, lately=LATELY) for line in [*retired, *others]]
    tail = [kept, last] if name.startswith("Opp") else [kept]
    lab.write(name, "\n".join([header, *lines, *tail]))
    lab.loads()
    lab.write(name, "\n".join([header, *lines[len(retired) :], *tail]))
    assert lab.loads()["deleted"] == 0
    lab.write(name, "\n".join([header, *tail]))
    assert f"would delete {len(others)} of" in lab.refused()
    assert lab.loads("--max-deleted", "1")["deleted"] == len(others)
