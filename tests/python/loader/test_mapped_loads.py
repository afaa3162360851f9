"""What a mapping makes of exports from the screen, as it is loaded: rows that are made of columns, several files of one
table, and messages that name the line and the column of the file that the user has."""

from __future__ import annotations

import json
import re

import pytest

from conftest import ROOT
from support.raw_lab import Lab

DEALS = """\
Deals of the team

Id;Owner;Entered New;Entered Won
1;Ann;01.02.2024;
2;Bob;02.02.2024;03.02.2024
"""
LOG = {
    "load_as": "deal_changes.csv",
    "unpivot": "Entered {stage}",
    "date_format": "%d.%m.%Y",
    "columns": {
        "deal_id": "Id",
        "change_time": "{value}",
        "changed_field_key": {"constant": "stage_id"},
        "new_value": "{stage}",
    },
}
OWNERS = {
    "load_as": "deal_changes.csv",
    "columns": {
        "deal_id": "Id",
        "change_time": {"column": "Entered New", "date_format": "%d.%m.%Y"},
        "changed_field_key": {"constant": "user_id"},
        "new_value": "Owner",
    },
}


def mapped(lab: Lab, document: object) -> list[str]:
    return ["--mapping", str(lab.write("mapping.json", json.dumps(document)))]


def log(lab: Lab) -> list[tuple]:
    return lab.query(
        "select deal_id, change_time::date::text, changed_field_key, new_value from raw.deal_changes"
        " where not _is_deleted order by 3, 1, 2"
    )


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_rows_of_columns_and_several_targets_are_one_log(lab, mode):
    lab.write("deals.csv", DEALS)
    options = [*mapped(lab, {"deals.csv": [LOG, OWNERS]}), "--mode", mode]
    outcome = lab.run(*options)
    assert outcome.status == 0, outcome.err
    assert log(lab) == [
        ("1", "2024-02-01", "stage_id", "New"),
        ("2", "2024-02-02", "stage_id", "New"),
        ("2", "2024-02-03", "stage_id", "Won"),
        ("1", "2024-02-01", "user_id", "Ann"),
        ("2", "2024-02-02", "user_id", "Bob"),
    ]
    assert outcome.out.splitlines()[1].split() == ["deals.csv", "5", "5", "0", "0", "0", "0"]
    assert "comes in" not in outcome.err
    assert outcome.err.count("what stands above line 3 is taken for a title and not loaded") == 1
    assert lab.loads(*options)["unchanged"] == 5


def test_a_change_that_a_mapping_makes_twice_of_one_file_stands_in_no_two_files(lab):
    lab.write("deals.csv", DEALS)
    assert lab.loads(*mapped(lab, {"deals.csv": [OWNERS, OWNERS]}))["new"] == 4
    assert (
        lab.query("select _occurrence from raw.deal_changes order by deal_id, _occurrence")
        == [(1,), (2,)] * 2
    )


def test_a_file_of_which_keep_and_drop_leave_no_row_is_told(lab):
    """Whoever keeps by a column of the file that is one of the target as well looks at the wrong one."""
    lab.write("deals.csv", DEALS)
    target = OWNERS | {"keep": {"changed_field_key": "Owner"}}
    told = "deals.csv: none of its rows is left by keep and drop of the mapping"
    assert told in lab.run(*mapped(lab, {"deals.csv": target})).err
    lab.empty()
    assert told not in lab.run(*mapped(lab, {"deals.csv": OWNERS})).err


def test_lists_of_every_week_are_a_log_that_tells_a_creation_once(lab):
    """The time of a change is the day in the name of the file; of the creation, which all of them tell, its own."""
    lab.write("pipeline 2024-05-31.csv", "Id;Stage;Created\n1;New;01.05.2024\n2;New;02.05.2024\n")
    lab.write("pipeline 2024-06-07.csv", "Id;Stage;Created\n1;Offer;01.05.2024\n2;New;02.05.2024\n")
    columns = {"deal_id": "Id", "changed_field_key": {"constant": "stage_id"}, "new_value": "Stage"}
    day = {"column": "Created", "date_format": "%d.%m.%Y"}
    creation = {"changed_field_key": {"constant": "add_time"}, "change_time": day, "new_value": day}
    targets = [
        {"load_as": "deal_changes.csv", "columns": columns | {"change_time": "{*}"}},
        {"load_as": "deal_changes.csv", "columns": columns | creation},
    ]
    options = mapped(lab, {"pipeline *.csv": targets})
    assert lab.loads(*options)["new"] == 6
    assert log(lab) == [
        ("1", "2024-05-01", "add_time", "2024-05-01"),
        ("2", "2024-05-02", "add_time", "2024-05-02"),
        ("1", "2024-05-31", "stage_id", "New"),
        ("1", "2024-06-07", "stage_id", "Offer"),
        ("2", "2024-05-31", "stage_id", "New"),
        ("2", "2024-06-07", "stage_id", "New"),
    ]
    assert lab.loads(*options)["unchanged"] == 8


def test_a_wrong_value_in_a_row_of_columns_names_its_line_and_column(lab):
    lab.write("deals.csv", DEALS.replace("03.02.2024", "03.20.2024").replace("01.02.2024", "x"))
    error = lab.refused(*mapped(lab, {"deals.csv": [OWNERS, LOG]}))
    assert (
        "deals.csv: 3 of 5 rows rejected (60.00%, --max-rejects allows 0.00%), the first at line 4, column "
        "change_time (from entered new): 'x' is not a date by the rule" in error
    )
    outcome = lab.run(*mapped(lab, {"deals.csv": LOG}))
    assert "deals.csv, line 4, column change_time (from Entered New): 'x' is not a date" in outcome.err
    assert (
        "deals.csv, line 5, column change_time (from Entered Won): '03.20.2024' is not a date" in outcome.err
    )


def test_a_damaged_row_is_rejected_and_the_others_load(lab):
    """Its line is told, and not what stands there: the mapping may leave out the column that names a person."""
    lab.write("deals.csv", DEALS + "3;Jo Doe;04.02.2024\n4;Ann;05.02.2024;\n")
    options = mapped(lab, {"deals.csv": [LOG, OWNERS]})
    error = lab.refused(*options)
    assert "the first at line 6: has 3 fields where the header has 4" in error
    lab.loads(*options, "--max-rejects", "0.3")
    assert [row for row in log(lab) if row[0] in "34"] == [
        ("4", "2024-02-05", "stage_id", "New"),
        ("4", "2024-02-05", "user_id", "Ann"),
    ]
    fault = (6, None, None, "has 3 fields where the header has 4")
    assert lab.rejects() == [fault, fault]
    earliest = OWNERS | {"earliest": {"of": "deal_id", "by": "change_time"}}
    lab.refused(*mapped(lab, {"deals.csv": earliest}))
    lab.loads(*mapped(lab, {"deals.csv": earliest}), "--max-rejects", "0.3", "--max-deleted", "1")


@pytest.mark.parametrize(
    ("target", "header"),
    [
        (OWNERS, "file_name,column_name,dimension"),
        (LOG, "file_name,column_name,dimension"),
        (LOG, "File Name;Column Name;Dimension"),
    ],
)
def test_a_column_of_a_mapped_file_that_the_setting_names_is_kept(lab, target, header):
    lab.write("deals.csv", "Id,Owner,Entered New,Region,Title\n1,Ann,01.02.2024, North ,Jo Doe\n")
    setting = "Deal_Changes.csv,region,Region\ndeal_changes.csv,size,Size\n"
    lab.write("funnel_dimensions.csv", header + "\n" + setting.replace(",", header[9]))
    options = mapped(lab, {"deals.csv": target})
    for mode in ("full", "delta"):
        outcome = lab.run(*options, "--mode", mode)
        assert outcome.status == 0, outcome.err
        assert "has no column size, which funnel_dimensions.csv names for deal_changes.csv" in outcome.err
        assert "not loaded" not in outcome.err
        assert lab.query("select _extra from raw.deal_changes") == [({"region": "North"},)]


def test_the_documented_report_with_a_column_per_stage_loads_as_a_log(lab):
    document = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    [example] = [
        block for block in re.findall(r"```json\n(.*?)```", document, re.DOTALL) if "unpivot" in block
    ]
    lab.write("pipeline_report.csv", "Deal,Entered New,Entered Won\n1,01.02.2024,02.03.2024\n2,03.02.2024,\n")
    lab.loads("--mapping", lab.write("mapping.json", example))
    assert log(lab) == [("1", "2024-03-02", "stage_id", "Won")]


def test_several_files_of_one_table_each_make_rows_of_their_columns(lab):
    lab.write("deals 2023.csv", "Id,Entered New,Entered Old\n1,01.02.2023,01.03.2023\n")
    lab.write("deals 2024.csv", "Entered Won,Id,Entered New\n,2,02.02.2024\n01.05.2024,1,\n")
    options = mapped(lab, {"deals *.csv": LOG})
    outcome = lab.run(*options)
    assert (
        "deal_changes.csv comes in 2 files, which are loaded as one: deals 2023.csv, deals 2024.csv"
        in outcome.err
    )
    assert [(deal, stage) for deal, _, _, stage in log(lab)] == [
        ("1", "New"), ("1", "Old"), ("1", "Won"), ("2", "New")
    ]  # fmt: skip
    lab.write("deals 2024.csv", "Entered Won,Id,Entered New\n,2,02.02.2024\n01.05.2024,1,1.1.\n")
    error = lab.refused(*options)
    assert "the first at deals 2024.csv, line 3, column change_time (from Entered New): '1.1.'" in error


def test_a_wide_file_of_settings_is_one_file(lab):
    lab.write("rates.csv", "Month,Rate EUR,Rate GBP\n2024-01,1.1,1.3\n2024-02,1.2,1.4\n")
    target = {
        "load_as": "exchange_rates.csv",
        "unpivot": "Rate {currency}",
        "columns": {
            "from_currency": "{currency}",
            "to_currency": {"constant": "USD"},
            "valid_from": {"column": "Month", "date_format": "%Y-%m"},
            "rate": "{value}",
        },
    }
    assert lab.loads(*mapped(lab, {"rates.csv": target}))["new"] == 4


def test_a_file_that_is_looked_up_is_not_told_to_be_unknown(lab):
    lab.write("deals.csv", DEALS)
    lab.write("people.csv", "Name;Key\nAnn;7\nBob;8\n")
    lab.write("other.csv", "a\n")
    lookup = {"file": "People.csv", "key": "Name", "value": "Key"}
    columns = OWNERS["columns"] | {"new_value": {"column": "Owner", "lookup": lookup}}
    outcome = lab.run(*mapped(lab, {"deals.csv": OWNERS | {"columns": columns}}))
    assert [value for *_, value in log(lab)] == ["7", "8"]
    assert "not loaded, names not known: other.csv; load.py --explain FILE says what" in outcome.err


def test_a_file_given_by_any_name_is_the_one_that_the_mapping_knows(lab):
    path = lab.write("what I saved", DEALS)
    options = mapped(lab, {"deals.csv": OWNERS})
    assert lab.loads(*options, path=path)["new"] == 2
    assert "not a known name" in lab.refused(*mapped(lab, {"a.csv": OWNERS, "b.csv": OWNERS}), path=path)


def test_a_file_that_is_given_beside_its_folder_is_loaded_once_and_known(lab):
    """So make demo gives what it knows by its columns alone."""
    path = lab.write("what I saved.csv", DEALS)
    outcome = lab.run(str(path), *mapped(lab, {"deals.csv": OWNERS}))
    assert (outcome.status, lab.last_batch()["read"]) == (0, 2)
    assert "not known" not in outcome.err


def test_an_epoch_time_is_an_instant_and_a_day_in_the_zone_of_the_source(lab):
    lab.write("deals.csv", "Id,At,Ms\n1,1706743800,1706743800123\n2,-1,253402210800000\n")
    target = {
        "load_as": "Opportunity.csv",
        "columns": {
            "Id": "Id",
            "StageName": {"constant": "New"},
            "IsClosed": {"constant": False},
            "IsWon": {"constant": False},
            "CreatedDate": {"column": "Ms", "date_format": ["%d.%m.%Y", "epoch_ms"]},
            "CloseDate": {"column": "At", "date_format": "epoch"},
        },
    }
    options = mapped(lab, {"deals.csv": target})
    lab.loads(*options, "--source-timezone", "Europe/Berlin")
    assert lab.query(
        "select (createddate at time zone 'UTC')::text, closedate::text from raw.salesforce_opportunity order by id"
    ) == [("2024-01-31 23:30:00.123", "2024-02-01"), ("9999-12-30 23:00:00", "1970-01-01")]
    for wrong in ("1e9", "x", "99999999999999999999"):
        lab.write("deals.csv", f"Id,At,Ms\n1,{wrong},\n")
        error = lab.refused(*options, "--source-timezone", "Europe/Berlin")
        assert f"line 2, column closedate (from at): '{wrong}' is not a date by the rule" in error


def test_a_multiplied_number_is_read_as_it_was_made(lab):
    """By the decimal sign of the column or of the file: 12.345 may not become twelve thousand, nor 1,234 1234."""
    lab.write("deals.csv", "Id;Cents\n1;1.234,5\n2;\n3;250 €\n")
    target = {
        "load_as": "Opportunity.csv",
        "columns": {
            "Id": "Id",
            "StageName": {"constant": "New"},
            "IsClosed": {"constant": False},
            "IsWon": {"constant": False},
            "Amount": {"column": "Cents", "decimal": ",", "factor": 0.01},
        },
    }
    lab.loads(*mapped(lab, {"deals.csv": target}))
    assert lab.query("select id, amount::text from raw.salesforce_opportunity order by id") == [
        ("1", "12.345"),
        ("2", None),
        ("3", "2.50"),
    ]
    lab.write("deals.csv", "Id;Cents\n1;1,234\n")
    del target["columns"]["Amount"]["decimal"]
    lab.loads(*mapped(lab, {"deals.csv": target | {"decimal": ","}}), "--max-deleted", "1")
    assert lab.query("select amount::text from raw.salesforce_opportunity where id = '1' and amount < 1") == [
        ("0.01234",)
    ]
    lab.write("deals.csv", "Id;Cents\n1;soon\n")
    error = lab.refused(*mapped(lab, {"deals.csv": target | {"decimal": ","}}))
    assert 'column amount (from cents): \'soon\' is not a number by the rule "decimal": "," of' in error
