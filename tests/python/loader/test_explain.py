"""load.py --explain says what an unknown file looks like and what fits it, drafts a mapping that loads, changes nothing
and tells no name or address."""

from __future__ import annotations

import json

import psycopg2
import pytest
from test_shipped_mappings import API_DEALS, HUBSPOT, PIPEDRIVE, export

import demo
from conftest import ROOT
from loader.draft_mapping import OPPORTUNITY
from loader.profiles import Profile
from support.raw_lab import Lab, Outcome

ODD = "Deals of the team\n\nDeal No;Deal Owner;Stage;Kosten;Value;Close Date;Since;Mail\n" + "".join(
    f"{n};José Doe{n};New;1.000;{n},5;0{n}.0{n}.2024 10:00;1706743800;ann{n}@doe.example\n"
    for n in range(1, 9)
)


def explained(lab: Lab, name: str, content: str | bytes, *more: str) -> Outcome:
    """Of a file; nothing in the database changes."""
    before = lab.everything()
    outcome = lab.run("--explain", *more, path=lab.write(name, content))
    assert lab.everything() == before
    assert outcome.status == 0, outcome.err
    return outcome


def test_an_export_names_the_shipped_mapping_that_fits(lab):
    outcome = explained(lab, "my export.csv", export(HUBSPOT))
    assert (
        "my export.csv: delimiter comma, encoding utf-8, header in line 1, 4 rows, 17 columns\n"
        in outcome.err
    )
    assert "it fits the shipped mapping hubspot_all_deals: load.py " in outcome.err
    assert outcome.err.rstrip().endswith("/my export.csv --mapping hubspot_all_deals")
    assert outcome.out == ""
    assert "pipedrive_deals" in explained(lab, "x.csv", export(PIPEDRIVE)).err


def test_make_demo_takes_the_shipped_mapping_that_fits_where_one_alone_does(tmp_path, capsys):
    assert demo.choose_mapping(ROOT / "raw_data") == []
    (tmp_path / "empty.csv").write_text("")
    view = tmp_path / "hubspot-crm-exports-my-view.csv"
    view.write_text(
        export(HUBSPOT)
    )  # the mapping takes names with deals in them, and this by its columns alone
    assert demo.choose_mapping(tmp_path) == [str(view), "--mapping=hubspot_all_deals"]
    assert "whose columns hubspot-crm-exports-my-view.csv has" in capsys.readouterr().out
    (tmp_path / "people.csv").write_text(export(PIPEDRIVE))
    assert demo.choose_mapping(tmp_path) == []
    (tmp_path / "people.csv").unlink()
    (tmp_path / "part").mkdir()
    (tmp_path / "part" / "All-Deals.csv").write_text(export(HUBSPOT))
    assert demo.choose_mapping(tmp_path) == ["--mapping=hubspot_all_deals"]
    assert "by the shipped mapping hubspot_all_deals" in capsys.readouterr().out
    (tmp_path / "deals-1.csv").write_text(export(PIPEDRIVE))
    assert demo.choose_mapping(tmp_path) == []
    (tmp_path / "deals-1.csv").unlink()
    view.unlink()
    (tmp_path / "hubspot_deal_property_history.csv.gz").write_text(
        ""
    )  # better than what a mapping would make up
    assert demo.choose_mapping(tmp_path) == []
    (tmp_path / "hubspot_deal_property_history.csv.gz").unlink()
    (tmp_path / "part" / "All-Deals.csv").unlink()
    (tmp_path / "deals.csv").write_text(API_DEALS)
    assert demo.choose_mapping(tmp_path) == ["--mapping=pipedrive_api_deals"]
    (tmp_path / "Deal changes-1.csv").write_text("")
    assert demo.choose_mapping(tmp_path) == []
    (tmp_path / "mapping.json").write_text("{}")
    assert demo.choose_mapping(tmp_path) == [f"--mapping={tmp_path / 'mapping.json'}"]


def test_the_log_of_another_crm_leaves_the_shipped_mapping(tmp_path):
    (tmp_path / "deals.csv").write_text(API_DEALS)
    (tmp_path / "hubspot_deal_property_history.csv").write_text("deal_id,property,value,timestamp\n")
    assert demo.choose_mapping(tmp_path) == ["--mapping=pipedrive_api_deals"]
    (tmp_path / "deal_changes.csv").write_text("deal_id,change_time,changed_field_key,new_value\n")
    assert demo.choose_mapping(tmp_path) == []


def test_an_export_that_lacks_columns_names_them(lab):
    outcome = explained(lab, "deals-1.csv", export(PIPEDRIVE, "Deal - ID", "Deal - Status"))
    assert (
        "it comes closest to the shipped mapping pipedrive_deals, but lacks deal - status, deal - id or deal - system "
        "id or deal - pipedrive system id: choose these columns for the export as well, or change a copy"
        in outcome.err
    )
    # It may as well be another system's, which has to begin somewhere.
    assert json.loads(outcome.out)["deals-1.csv"]["load_as"] == "Opportunity.csv"


def test_a_known_file_is_told_whatever_its_name(lab):
    text = "id,name,email,modified\n1,Ann,,\n"
    assert "it fits the known file users.csv: it loads as it is" in explained(lab, "users.csv", text).err
    assert (
        "it fits the known file users.csv: give it that name, users.csv" in explained(lab, "a.txt", text).err
    )
    lacking = explained(lab, "a.csv", "id,email,active_flag\n1,,\n")
    assert (
        "closest to the known file users.csv, but lacks name, modified: they may have other names"
        in lacking.err
    )
    assert json.loads(lacking.out)["a.csv"]["columns"]["modified"] == "WRITE THE COLUMN"


API_STAGES = (
    "id,order_nr,name,is_deleted,deal_probability,pipeline_id,add_time,update_time\n1,1,New,false,,1,,\n"
)


def test_a_list_is_no_other_known_file_for_an_id_alone(lab):
    outcome = explained(lab, "stages.csv", API_STAGES)
    assert "closest to the known file stages.csv, but lacks stage_id, stage_name" in outcome.err
    columns = json.loads(outcome.out)["stages.csv"]["columns"]
    assert (columns["stage_id"], columns["stage_name"]) == ("id", "name")
    assert "known file" not in explained(lab, "steps.csv", API_STAGES).err


def test_a_known_file_may_have_many_columns_of_its_own(lab):
    text = API_DEALS.replace("\n", "," + ",".join(f"custom_{n}" for n in range(50)) + "\n", 1)
    text = text.rstrip("\n") + "," * 50 + "\n"
    outcome = explained(lab, "deals.csv", text)
    assert "it fits the known file deals.csv: it loads as it is" in outcome.err
    assert (
        "in a folder without deal_changes.csv it fits the shipped mapping pipedrive_api_deals: load"
        in outcome.err
    )
    assert outcome.out == ""


@pytest.mark.parametrize(
    ("header", "drafted"),
    [
        (
            "Record Id,Deal Owner.id,Deal Owner,Amount,Deal Name,Closing Date,Account Name.id,Stage,Lead Source,"
            "Created Time,Currency",
            ["Record Id", "Deal Owner.id", "Account Name.id", "Stage", "Amount", "Currency", "Created Time",
             "Closing Date", "Lead Source", "Stage"],
        ),
        (
            "id,lead_id,status_label,status_type,value,value_currency,date_created,date_won,user_name,user_id,pipeline_name",
            ["id", "user_id", None, "status_label", "value", "value_currency", "date_created", None, None,
             "status_type"],
        ),
        (
            "(Do Not Modify) Opportunity,Account,Created On,Actual Close Date,Est. Revenue,Status,Sales Stage,Owner",
            ["(Do Not Modify) Opportunity", "Owner", "Account", "Sales Stage", "Est. Revenue", None, "Created On",
             "Actual Close Date", None, "Status"],
        ),
        (
            "Id,Deal name,Deal value,Currency,Deal stage,Sales owner,Created at,Closed date,Deal pipeline",
            ["Id", "Sales owner", None, "Deal stage", "Deal value", "Currency", "Created at", "Closed date", None,
             "Deal stage"],
        ),
    ],
    ids=["Zoho", "Close", "Dynamics", "Freshsales"],
)  # fmt: skip
def test_a_draft_knows_what_others_call_the_columns_of_a_list_of_deals(lab, header, drafted):
    outcome = explained(lab, "list.csv", header + "\n" + ",".join(["a"] * (header.count(",") + 1)) + "\n")
    columns = json.loads(outcome.out)["list.csv"]["columns"]
    found = [columns.get(name) for name in (*OPPORTUNITY, "IsClosed")]
    assert [rule["column"] if isinstance(rule, dict) else rule for rule in found] == drafted
    # An id of a person is no name that has to be hidden.
    assert ("pseudonym" in columns["OwnerId"]) == (not drafted[1].endswith("id"))
    assert (
        "opportunity.csv takes id, stagename, isclosed, iswon; if you have them isdeleted, accountid"
        in outcome.err
    )


def test_an_unknown_file_is_described_and_its_draft_loads_once_it_is_edited(lab):
    outcome = explained(lab, "odd.csv", ODD.encode("cp1252"))
    lines = {line[4:].split("  ")[0]: line for line in outcome.err.splitlines() if line.startswith("    ")}
    assert "odd.csv: delimiter semicolon, encoding cp1252, header in line 3, 8 rows, 8 columns" in outcome.err
    assert lines["Kosten"].split("  ")[-1] == "8 of 8 rows; line 4: '1.000' is 1.000 or 1000"
    assert '"decimal": ","' in lines["Value"]
    assert "whole number" in lines["Since"] and '"date_format": "epoch"' in lines["Since"]
    assert "time" in lines["Close Date"] and "text" in lines["Deal Owner"]
    for personal in ("José", "Doe1", "doe.example"):
        assert personal not in outcome.err + outcome.out
    draft = json.loads(outcome.out)
    columns = draft["odd.csv"]["columns"]
    assert columns["OwnerId"] == {"column": "Deal Owner", "pseudonym": "WRITE SECRET WORDS"}
    columns["CloseDate"] = {"column": "Close Date", "date_format": "%d.%m.%Y %H:%M"}
    mapping = lab.write("mapping.json", json.dumps(draft))
    lab.loads("--mapping", mapping, "--encoding", "cp1252")
    assert lab.query(
        "select id, stagename, isclosed, amount::text, closedate::text, length(ownerid) from raw.salesforce_opportunity"
        " where id = '3'"
    ) == [("3", "New", False, "3.5", "2024-03-03", 12)]


def test_the_files_of_a_folder_are_explained_and_drafted_in_one(lab):
    lab.write("Deals_001.csv", "Record Id,Stage,Amount\n1,New,5\n")
    lab.write("part/Offers.csv", "Id,Stage\n2,New\n")
    lab.write("Notes.csv", "Text,Author\na,b\n")  # nothing can be said of it
    lab.write("empty.csv", "")
    lab.write("photo.png", b"\x89PNG")
    outcome = lab.run("--explain")
    assert outcome.status == 1 and "load: error: empty.csv: is empty" in outcome.err
    for name in ("Deals_001.csv", "Offers.csv", "Notes.csv"):
        assert f"{name}: delimiter comma" in outcome.err
    assert "photo" not in outcome.err
    assert sorted(json.loads(outcome.out)) == ["Deals_001.csv", "Offers.csv"]
    outcome = lab.run(lab.folder / "Notes.csv", "--explain", path=lab.folder / "Deals_001.csv")
    assert sorted(json.loads(outcome.out)) == ["Deals_001.csv", "Notes.csv"]


def test_what_is_not_clear_in_a_file_is_asked_for_in_the_draft(lab):
    draft = json.loads(explained(lab, "q.csv", "a,b\n1,2\n").out)["q.csv"]
    assert draft["load_as"] == "Opportunity.csv"
    assert draft["columns"]["Id"] == draft["columns"]["StageName"] == "WRITE THE COLUMN"
    mapping = lab.write("mapping.json", json.dumps({"q.csv": draft}))
    assert "q.csv, line 1: the header lacks write the column; it has a, b" in lab.refused(
        "--mapping", mapping
    )


def test_without_a_database_shipped_mappings_are_compared(lab, monkeypatch):
    monkeypatch.setattr("loader.transaction.connect", no_database)
    outcome = lab.run("--explain", path=lab.write("x.csv", export(HUBSPOT)))
    assert outcome.status == 0
    assert "no database answers: only shipped mappings are compared" in outcome.err
    assert "it fits the shipped mapping hubspot_all_deals" in outcome.err


def no_database() -> None:
    raise psycopg2.OperationalError("no server")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("a\tb\n1\t2\n", "delimiter tab, encoding utf-8, header in line 1, 1 rows"),
        ("sep=|\na|b\n1|2\n", "delimiter bar, encoding utf-8, header in line 2, 1 rows"),
        ("a;b\n1;2\n".encode("utf-16"), "delimiter semicolon, encoding utf-16-le, header in line 1, 1 rows"),
        ("a,b\n1\n2,3\n", "line 2 has 1 fields where the header has 2"),
        (
            "Ann,ann@x.example\nBob,bob@x.example\n",
            "line 1 holds values; write the names of the columns above it",
        ),
        ("a\n1\n", "delimiter comma, encoding utf-8, header in line 1, 1 rows, 1 columns"),
    ],
)
def test_how_a_file_is_written_is_told(lab, content, told):
    outcome = explained(lab, "f.csv", content)
    assert told in outcome.err
    assert "ann@" not in outcome.err + outcome.out


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "f.csv: is empty"),
        ('a,b\n1,"2\n', "the quotes of this record do not match"),
        ("\n\n", "is empty"),
    ],
)
def test_a_file_that_cannot_be_read_ends_in_one_line(lab, content, message):
    outcome = lab.run("--explain", path=lab.write("f.csv", content))
    assert outcome.status == 1
    assert message in outcome.error
    assert "cannot be opened" in lab.run("--explain", path=lab.folder / "gone.csv").error


@pytest.mark.parametrize(
    ("values", "delimiter", "kind", "remarks"),
    [
        (["1", "2.5"], ",", "number", []),
        (["1.000", "2.000"], ",", "number", []),
        (["1.000"], ";", "number", ["line 2: '1.000' is 1.000 or 1000"]),
        (["1.000", "2,5"], ";", "number", ['"decimal": ","']),
        (["$5", "$6"], ",", "number with $", []),
        (["01/02/2024", "31/01/2024"], ",", "date", ['"date_format": "%d/%m/%Y"']),
        (["01/02/2024"], ",", "date", ["line 2: '01/02/2024' is 2024-01-02 or 2024-02-01"]),
        (["2024-01-01", "2024-01-01 10:00"], ",", "time", []),
        (["2024-01-01"] * 9 + ["none"], ",", "date", ["line 11 is none"]),
        (["a", "1", "2024-01-01"], ",", "text", []),
        (["yes", "No"], ",", "true or false", []),
        (["1706743800123"], ",", "whole number", ['or a time, "date_format": "epoch_ms"']),
        (["45351", "45352.4375"], ",", "number", ['or a day of Excel, "date_format": "excel"']),
        (["45351", "12"], ",", "whole number", []),
        (["", ""], ",", "empty", []),
    ],
)
def test_what_a_column_holds_is_told_by_its_values(values, delimiter, kind, remarks):
    column = Profile("x", delimiter)
    for line, value in enumerate(values, start=2):
        column.add(value, line)
    assert (column.kind, column.remarks()) == (kind, remarks)


def test_explain_takes_no_other_options(lab):
    lab.write("a.csv", "a,b\n")
    assert lab.run("--explain", "--mode", "delta").status == 2
    assert "--explain takes files only" in lab.run("--explain", "--mode", "delta").err
