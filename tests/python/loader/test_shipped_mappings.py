"""Exports from the screens of HubSpot and Pipedrive load by the mappings that are shipped."""

from __future__ import annotations

import csv
import io
import re
from decimal import Decimal

import pytest

from loader.mapping import SHIPPED, read_mapping
from support.raw_lab import Lab


def export(rows: list[dict[str, str]], *without: str) -> str:
    """A file with all columns of the rows but those whose names begin so."""
    names = dict.fromkeys(name for row in rows for name in row if not name.startswith(without))
    out = io.StringIO()
    writer = csv.DictWriter(out, names, restval="", extrasaction="ignore", quoting=csv.QUOTE_ALL)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def entered(**times: str) -> dict[str, str]:
    titles = {
        "new": "New (Sales)",
        "offer": "Offer (EU) (Sales)",
        "won": "Closed Won (Sales)",
        "renewal": "New (Renewals)",
    }
    return {f'Date entered "{titles[stage]}"': time for stage, time in times.items()}


def hubspot(deal: str, stage: str, created: str, pipeline: str = "Sales", **more: str) -> dict[str, str]:
    row = {"Record ID": deal, "Deal Name": "Deal with Jo Doe", "Deal Stage": stage, "Pipeline": pipeline}
    return row | {"Create Date": created} | {name.replace("_", " "): value for name, value in more.items()}


# As HubSpot writes it: everything quoted, times to the minute, lists with semicolons. One deal came back to a stage, of
# which only the last time is left, one moved to another pipeline, of one nothing but its end is known.
HUBSPOT = [
    hubspot("101", "Closed Won", "2024-01-01 09:00", Amount="1200.0", Close_Date="2024-02-03 00:00",
            Deal_owner="Ann Lee", Associated_Company="Acme", Associated_Company_IDs="71",
            Associated_Contact_IDs="901;902")
    | entered(new="2024-01-01 09:00", offer="2024-01-15 10:30", won="2024-02-01 12:00"),
    hubspot("102", "Offer (EU)", "2024-01-02 09:00", Deal_owner="Bob Roe (Deactivated User)",
            Associated_Company="Acme;Best", Associated_Company_IDs="71;72")
    | entered(new="2024-03-01 08:00", offer="2024-01-20 10:00"),
    hubspot("103", "New", "2024-01-03 09:00", "Renewals", Amount="50.5", Deal_owner="Ann Lee")
    | entered(new="2024-01-03 09:00", renewal="2024-02-20 07:00") | {'Cumulative time in "New (Sales)"': "86400"},
    hubspot("104", "Closed Lost", "2024-01-04 09:00", Amount="10", Close_Date="2024-01-09 00:00",
            Closed_Lost_Reason="Too dear", Associated_Company="Best", Associated_Company_IDs="72"),
]  # fmt: skip


def pipedrive(**values: str) -> dict[str, str]:
    return {f"Deal - {name.replace('_', ' ')}": value for name, value in values.items()}


PIPEDRIVE = [
    pipedrive(ID="1", Title="Deal with Jo Doe", Value="1,200.50", Currency_of_Value="EUR", Owner="Ann Lee",
              Pipeline="Sales", Stage="Offer", Status="Won", Deal_created="2024-01-01 09:00:00",
              Last_stage_change="2024-01-05 10:00:00", Won_time="2024-02-01 12:00:00", Lost_time="",
              Lost_reason="", Expected_close_date="2024-02-01"),
    pipedrive(ID="2", Value="0", Currency_of_Value="EUR", Owner="Bob Roe", Pipeline="Sales", Stage="New",
              Status="Lost", Deal_created="2024-01-02 09:00:00", Lost_time="2024-01-20 12:00:00",
              Lost_reason="Too dear"),
    pipedrive(ID="3", Currency_of_Value="EUR", Owner="Ann Lee", Pipeline="Partners", Stage="New", Status="Open",
              Deal_created="2024-01-03 09:00:00", Last_stage_change="2024-01-04 09:00:00"),
]  # fmt: skip


def test_hubspots_deals_load_with_their_visits(lab):
    lab.write("hubspot-crm-exports-all-deals-2024-06-01.csv", export(HUBSPOT))
    options = ("--mapping", "hubspot_all_deals", "--source-timezone", "Europe/Berlin")
    outcome = lab.run(*options)
    assert outcome.status == 0, outcome.err
    assert lab.query(
        "select deal_id, pipeline, dealstage, amount::text, hubspot_owner_id, hs_is_closed, hs_is_closed_won,"
        " company_id, (createdate at time zone 'UTC')::text from raw.hubspot_deal order by 1"
    ) == [
        ("101", "Sales", "Closed Won (Sales)", "1200.0", "Ann Lee", True, True, "71", "2024-01-01 08:00:00"),
        ("102", "Sales", "Offer (EU) (Sales)", None, "Bob Roe (Deactivated User)", None, None, "71",
         "2024-01-02 08:00:00"),
        ("103", "Renewals", "New (Renewals)", "50.5", "Ann Lee", None, None, None, "2024-01-03 08:00:00"),
        ("104", "Sales", "Closed Lost (Sales)", "10", None, True, False, "72", "2024-01-04 08:00:00"),
    ]  # fmt: skip
    entries = lab.query(
        "select deal_id, value, (timestamp at time zone 'Europe/Berlin')::text from raw.hubspot_deal_property_history"
        " where property = 'dealstage' order by 1, 3"
    )
    assert entries == [
        ("101", "New (Sales)", "2024-01-01 09:00:00"),
        ("101", "Offer (EU) (Sales)", "2024-01-15 10:30:00"),
        ("101", "Closed Won (Sales)", "2024-02-01 12:00:00"),
        ("102", "Offer (EU) (Sales)", "2024-01-20 10:00:00"),
        ("102", "New (Sales)", "2024-03-01 08:00:00"),
        ("103", "New (Sales)", "2024-01-03 09:00:00"),
        ("103", "New (Renewals)", "2024-02-20 07:00:00"),
    ]
    assert lab.query(
        "select value, (timestamp at time zone 'Europe/Berlin')::text from raw.hubspot_deal_property_history"
        " where property = 'pipeline' and deal_id = '103' order by 2"
    ) == [("Sales", "2024-01-03 09:00:00"), ("Renewals", "2024-02-20 07:00:00")]
    assert lab.query(
        "select stage_id, stage_label, pipeline_id, is_closed, closed_won from raw.hubspot_pipeline_stage order by 1"
    ) == [
        ("Closed Lost (Sales)", "Closed Lost", "Sales", True, False),
        ("Closed Won (Sales)", "Closed Won", "Sales", True, True),
        ("New (Renewals)", "New", "Renewals", None, None),
        ("New (Sales)", "New", "Sales", None, None),
        ("Offer (EU) (Sales)", "Offer (EU)", "Sales", None, None),
    ]
    assert lab.query("select owner_id, name from raw.hubspot_owner order by 1") == [
        ("Ann Lee", "Ann Lee"),
        ("Bob Roe (Deactivated User)", "Bob Roe (Deactivated User)"),
    ]
    assert lab.query("select company_id, name from raw.hubspot_company order by 1") == [
        ("71", "Acme"),
        ("72", "Best"),
    ]
    # Of several contacts the first.
    assert lab.query("select deal_id, contact_id from raw.hubspot_deal_contact") == [("101", "901")]
    before = lab.everything("batch_id _loaded_at started_at finished_at fingerprint")
    assert lab.run(*options).status == 0
    after = lab.everything("batch_id _loaded_at started_at finished_at fingerprint")
    assert {table for table in after if after[table] != before[table]} == {"load_batches"}


def test_hubspots_deals_load_without_the_columns_that_somebody_did_not_choose(lab):
    lab.write("My deals.csv", export(HUBSPOT, "Date entered", "Associated", "Deal owner", "Closed", "Amount"))
    outcome = lab.run("--mapping", "hubspot_all_deals")
    assert outcome.status == 0, outcome.err
    assert outcome.err.count("no column fits Date entered") == 2  # history and stages
    assert "the header lacks deal owner; it has" in outcome.err
    assert "so what this column gives of hubspot_owners.csv is left out" in outcome.err
    assert lab.query("select count(*), count(amount), count(hubspot_owner_id) from raw.hubspot_deal") == [
        (4, 0, 0)
    ]
    assert lab.query("select count(*) from raw.hubspot_deal_property_history") == [(0,)]
    assert len(lab.query("select stage_id from raw.hubspot_pipeline_stage")) == 4
    lab.write("My deals.csv", export(HUBSPOT, "Record ID", "Pipeline"))
    error = lab.refused("--mapping", "hubspot_all_deals")
    assert "My deals.csv, line 1: the header lacks pipeline, record id or deal id; it has deal name" in error


def log(lab: Lab) -> list[tuple]:
    return lab.query(
        "select deal_id, (change_time at time zone 'UTC')::text, changed_field_key, new_value from raw.deal_changes"
        " order by 1, 2, 3, 4"
    )


def test_pipedrives_deals_load_as_what_is_known_of_their_past(lab):
    lab.write("deals-13294196-119.csv", export(PIPEDRIVE))
    outcome = lab.run("--mapping", "pipedrive_deals")
    assert outcome.status == 0, outcome.err
    first, won = "2024-01-01 09:00:00", "2024-02-01 12:00:00"
    assert [row[1:] for row in log(lab) if row[0] == "1"] == [
        (first, "add_time", first),
        (first, "currency", "EUR"),
        (first, "expected_close_date", "2024-02-01"),
        (first, "pipeline_id", "Sales"),
        (first, "status", "open"),
        (first, "user_id", "Ann Lee"),
        (first, "value", "1200.50"),
        ("2024-01-05 10:00:00", "stage_id", "Offer (Sales)"),
        (won, "status", "won"),
    ]
    assert lab.query(
        "select id, pipeline_id, stage_id, owner_id, status, value::text, won_time is not null from raw.pipedrive_deal"
        " order by 1"
    ) == [
        ("1", "Sales", "Offer (Sales)", "Ann Lee", "Won", "1200.50", True),
        ("2", "Sales", "New (Sales)", "Bob Roe", "Lost", "0", False),
        ("3", "Partners", "New (Partners)", "Ann Lee", "Open", None, False),
    ]
    fields = ("stage_id", "status", "lost_reason", "value")
    assert [row[1:] for row in log(lab) if row[0] == "2" and row[2] in fields] == [
        ("2024-01-02 09:00:00", "stage_id", "New (Sales)"),
        ("2024-01-02 09:00:00", "status", "open"),
        ("2024-01-02 09:00:00", "value", "0"),
        ("2024-01-20 12:00:00", "lost_reason", "Too dear"),
        ("2024-01-20 12:00:00", "status", "lost"),
    ]  # fmt: skip
    assert [value for deal, _, key, value in log(lab) if deal == "3" and key in ("status", "value")] == [
        "open"
    ]
    assert lab.query("select stage_id, stage_name, pipeline_id from raw.stages order by 1") == [
        ("New (Partners)", "New", "Partners"),
        ("New (Sales)", "New", "Sales"),
        ("Offer (Sales)", "Offer", "Sales"),
    ]
    assert lab.query("select id, name from raw.users order by 1") == [
        ("Ann Lee", "Ann Lee"),
        ("Bob Roe", "Bob Roe"),
    ]


def test_a_deal_that_pipedrives_list_calls_deleted_is_so_in_the_log(lab):
    rows = [row | {"Deal - Update time": "2024-03-01 08:00:00"} for row in PIPEDRIVE[:2]]
    rows += [PIPEDRIVE[2]]
    lab.write("deals.csv", export([row | {"Deal - Status": "Deleted"} for row in rows]))
    lab.loads("--mapping", "pipedrive_deals")
    # Without a time of its last change a deal is gone since its last move.
    assert lab.query(
        "select deal_id, (change_time at time zone 'UTC')::text from raw.deal_changes"
        " where changed_field_key = 'status' and new_value = 'deleted' order by deal_id"
    ) == [("1", "2024-03-01 08:00:00"), ("2", "2024-03-01 08:00:00"), ("3", "2024-01-04 09:00:00")]


def test_pipedrives_newer_names_of_columns_are_known(lab):
    names = {
        "Deal - ID": "Deal - System ID",
        "Deal - Stage": "Deal - Stage (pipeline)",
        "Deal - Deal created": "Deal - Creation date",
        "Deal - Currency of Value": "Deal - Currency of value",
        "Deal - Won time": "Deal - Closed on",
    }
    renamed = [{names.get(name, name): value for name, value in row.items()} for row in PIPEDRIVE]
    lab.write("deals.csv", export(renamed, "Deal - Pipeline", "Deal - Last stage change"))
    outcome = lab.run("--mapping", "pipedrive_deals", path=lab.folder / "deals.csv")
    assert outcome.status == 0, outcome.err
    assert {key for _, _, key, _ in log(lab)} >= {
        "add_time",
        "stage_id",
        "status",
        "user_id",
        "currency",
        "value",
    }
    assert [row[3] for row in log(lab) if row[2] == "status" and row[3] != "open"] == ["won", "lost"]


API_DEALS = """\
id,title,owner_id,pipeline_id,stage_id,value,currency,add_time,update_time,stage_change_time,is_deleted,status,lost_reason,\
won_time,lost_time,close_time,local_won_date,label_ids,expected_close_date,probability
1,Jo Doe,7.0,1,2,1200.5,EUR,2024-01-01T09:00:00Z,2024-02-01T12:00:00Z,2024-01-05T10:00:00Z,False,won,,\
2024-02-01T12:00:00Z,,2024-02-01T12:00:00Z,2024-02-01,"[3, 7]",2024-02-01,
2,Jo Doe,8.0,1,1,0,EUR,2024-01-02T09:00:00Z,2024-01-20T12:00:00Z,,False,lost,Too dear,,2024-01-20T12:00:00Z,,,[],,
3,Jo Doe,,2,4,,,2024-01-03T09:00:00Z,2024-03-01T08:00:00Z,,True,open,,,,,,[],,
"""


def test_a_dump_of_pipedrives_api_loads_as_what_is_known_of_the_past_of_its_deals(lab):
    lab.write("deals.csv", API_DEALS)
    lab.write(
        "stages.csv", "id,order_nr,name,pipeline_id,days_to_rotten\n1,1,New,1,\n2,2,Offer,1,30\n4,1,New,2,\n"
    )
    lab.write("users.csv", "id,name,email,modified,active_flag\n7,Ann,,,True\n")  # known as it is
    lab.write(
        "activities.csv",
        "id,type,owner_id,deal_id,done,due_date,due_time\n1,call,7,1,true,2024-01-02,10:30\n2,call,7,1,false,2024-01-03,\n",
    )
    lab.write("activity_types.csv", "id,name,key_string,active_flag\n1,Call,call,True\n")
    lab.loads("--mapping", "pipedrive_api_deals")
    first, won = "2024-01-01 09:00:00", "2024-02-01 12:00:00"
    assert [row[1:] for row in log(lab) if row[0] == "1"] == [
        (first, "add_time", "2024-01-01T09:00:00Z"),
        (first, "currency", "EUR"),
        (first, "expected_close_date", "2024-02-01"),
        (first, "pipeline_id", "1"),
        (first, "status", "open"),
        (first, "user_id", "7.0"),
        (first, "value", "1200.5"),
        ("2024-01-05 10:00:00", "stage_id", "2"),
        (won, "status", "won"),
    ]
    ends = ("status", "lost_reason")
    assert [
        row[:1] + row[2:] for row in log(lab) if row[0] != "1" and row[2] in ends and row[3] != "open"
    ] == [
        ("2", "lost_reason", "Too dear"),
        ("2", "status", "lost"),
        ("3", "status", "deleted"),
    ]
    assert lab.query("select id, owner_id, is_deleted from raw.pipedrive_deal order by 1") == [
        ("1", "7", False),
        ("2", "8", False),
        ("3", None, True),
    ]
    assert lab.query("select stage_id, stage_name, pipeline_id, rotten_days from raw.stages order by 1") == [
        ("1", "New", "1", None),
        ("2", "Offer", "1", 30),
        ("4", "New", "2", None),
    ]
    assert lab.query(
        "select activity_id, assigned_to_user, done, (due_to at time zone 'UTC')::text from raw.activity order by 1"
    ) == [("1", "7", True, "2024-01-02 10:30:00"), ("2", "7", False, "2024-01-03 00:00:00")]
    assert lab.query("select active, type from raw.activity_types") == [(True, "call")]


# As pandas writes the answers of version 1, whose users and organisations are objects.
FRAME = """\
id,user_id,person_id,org_id,stage_id,value,currency,add_time,status,pipeline_id,won_time,lost_time
1,"{'id': 7, 'name': ""O'Hara"", 'value': 7}",,"{'name': 'Acme', 'value': 3}",1,5,EUR,2024-01-01 09:00:00,open,1,,
2,"{""id"": 8, ""name"": ""Bob""}","{'name': 'Jo', 'value': 4}",,4,5,EUR,2024-01-02 09:00:00,open,1,,
"""


def test_an_owner_that_pipedrives_api_gives_as_an_object_is_his_id(lab):
    lab.write("deals.csv", FRAME)
    lab.write("stages.csv", "id,name,active_flag\n1,New,True\n4,Old,False\n")
    lab.write(
        "activities.csv",
        "id,type,user_id,deal_id,done,due_date,due_time,active_flag\n"
        "1,call,7,1.0,True,2024-01-02,,True\n2,call,7,1.0,True,2024-01-02,,False\n",
    )
    lab.loads("--mapping", "pipedrive_api_deals")
    assert [row[0::3] for row in log(lab) if row[2] == "user_id"] == [("1", "7"), ("2", "8")]
    assert lab.query("select owner_id, org_id, person_id from raw.pipedrive_deal order by id") == [
        ("7", "3", None),
        ("8", None, "4"),
    ]
    # Deals have been in a stage that is gone, and nobody has called by an activity that is.
    assert lab.query("select stage_id, is_deleted, _is_deleted from raw.stages order by 1") == [
        ("1", False, False),
        ("4", True, False),
    ]
    assert lab.query("select activity_id, deal_id from raw.activity") == [("1", "1")]
    held = [text for (text,) in lab.query("select raw::text from raw.deal_changes as raw")]
    assert not [text for text in held if "Hara" in text or "Bob" in text]


HUBSPOT_API = """\
id,archived,createdAt,properties.dealstage,properties.pipeline,properties.amount,properties.hubspot_owner_id,properties.hs_is_closed,properties.hs_is_closed_won,properties.hs_v2_date_entered_new,properties.hs_v2_date_entered_77,properties.hs_date_entered_new,properties.hs_v2_date_entered_current_stage
901,False,2024-01-01T09:00:00.123Z,77,sales,12.5,51.0,true,true,2024-01-01T09:00:00.123Z,2024-02-01T09:00:00Z,2024-01-01T09:00:00.123Z,2024-02-01T09:00:00Z
902,True,2024-01-02T09:00:00.123Z,new,sales,,,false,false,2024-01-02T09:00:00.123Z,,,2024-01-02T09:00:00.123Z
"""


@pytest.mark.parametrize("prefix", ["properties.", "properties_", "property_", ""])
def test_a_dump_of_hubspots_api_loads_with_its_visits(lab, prefix):
    lab.write("my deals.csv", HUBSPOT_API.replace("properties.", prefix))
    lab.write(
        "pipelines.csv",
        "pipeline.id,pipeline.label,id,label,displayOrder,metadata.isClosed,metadata.probability,archived\n"
        "sales,Sales,new,New,0,false,0.2,False\nsales,Sales,77,Gewonnen,1,true,1.0,False\n",
    )
    lab.write("owners.csv", "id,email,firstName,lastName,archived\n51,a@example.org,Ann,Lee,False\n")
    lab.loads("--mapping", "hubspot_api_deals")
    deals = "deal_id, dealstage, pipeline, amount, hubspot_owner_id, hs_is_closed_won, archived"
    assert lab.query(f"select {deals}, createdate::text from raw.hubspot_deal order by 1") == [
        ("901", "77", "sales", Decimal("12.5"), "51", True, False, "2024-01-01 09:00:00.123+00"),
        ("902", "new", "sales", None, None, False, True, "2024-01-02 09:00:00.123+00"),
    ]
    # What two generations of a property tell is one visit, and the stage of today is none of its own.
    assert lab.query(
        "select deal_id, property, value, timestamp::text from raw.hubspot_deal_property_history order by 1, 4"
    ) == [
        ("901", "dealstage", "new", "2024-01-01 09:00:00.123+00"),
        ("901", "dealstage", "77", "2024-02-01 09:00:00+00"),
        ("902", "dealstage", "new", "2024-01-02 09:00:00.123+00"),
    ]
    assert lab.query(
        "select stage_id, stage_label, pipeline_label, display_order, is_closed"
        " from raw.hubspot_pipeline_stage order by 4"
    ) == [("new", "New", "Sales", 0, False), ("77", "Gewonnen", "Sales", 1, True)]
    assert lab.query("select owner_id, name, archived from raw.hubspot_owner") == [("51", "Ann Lee", False)]


def test_exports_that_come_again_in_a_delta_add_up_to_a_history(lab):
    lab.write("deals-1-2.csv", export(PIPEDRIVE))
    options = ("--mapping", "pipedrive_deals", "--mode", "delta")
    lab.loads(*options)
    moved = PIPEDRIVE[2] | pipedrive(Stage="Offer", Last_stage_change="2024-03-04 09:00:00")
    lab.write("deals-1-2.csv", export([*PIPEDRIVE[:2], moved]))
    lab.loads(*options)
    assert [row[1::2] for row in log(lab) if row[0] == "3" and row[2] == "stage_id"] == [
        ("2024-01-04 09:00:00", "New (Partners)"),
        ("2024-03-04 09:00:00", "Offer (Partners)"),
    ]


def test_a_deal_that_was_opened_again_between_two_deltas_is_open(lab):
    """Its list tells no more of the end, which the log has."""
    options = ("--mapping", "pipedrive_deals", "--mode", "delta")
    lab.write(
        "deals-1.csv", export([PIPEDRIVE[0] | pipedrive(Update_time="2024-02-01 12:00:00"), *PIPEDRIVE[1:]])
    )
    lab.loads(*options)
    reopened = PIPEDRIVE[0] | pipedrive(Status="Open", Won_time="", Update_time="2024-03-04 09:00:00")
    untouched = PIPEDRIVE[2] | pipedrive(Update_time=PIPEDRIVE[2]["Deal - Deal created"])
    lab.write("deals-1.csv", export([reopened, untouched]))
    assert "repeat an earlier row" not in lab.run(*options).err
    assert [row[1::2] for row in log(lab) if row[0] == "1" and row[2] == "status"] == [
        ("2024-01-01 09:00:00", "open"),
        ("2024-02-01 12:00:00", "won"),
        ("2024-03-04 09:00:00", "open"),
    ]
    assert [row[1] for row in log(lab) if row[0] == "3" and row[2] == "status"] == ["2024-01-03 09:00:00"]


@pytest.mark.parametrize("name", SHIPPED)
def test_every_target_of_a_shipped_mapping_is_a_table_that_has_its_columns(lab, name):
    known = dict(
        lab.query(
            "select file_name, array_agg(attname::text) from raw.files inner join pg_attribute"
            " on attrelid = to_regclass('raw.' || table_name) and attnum > 0 group by file_name"
        )
    )
    targets = [target for targets in read_mapping(SHIPPED[name]).values() for target in targets]
    assert targets
    for target in targets:
        assert set(target.columns or ()) <= set(known[target.load_as]), target.load_as


def test_a_mapping_that_is_nowhere_names_those_that_are_shipped(lab):
    lab.users("1,a,,")
    error = lab.refused("--mapping", "hubspot")
    assert re.search(
        r"hubspot: no such file; mappings shipped are hubspot_all_deals, hubspot_api_deals, pipedrive_api_deals, "
        r"pipedrive_deals",
        error,
    )
