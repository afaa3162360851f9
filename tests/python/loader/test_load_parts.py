"""Several files of one table, such as one per year, are loaded as one."""

from __future__ import annotations

import re

import pytest

from conftest import ROOT
from loader import missing_references
from loader.export_files import find_known
from support.raw_lab import CHANGES_HEADER, always_careful, never_careful

KNOWN = {"deal_changes.csv", "stages.csv", "users.csv"}
OTHER_HEADER = "new_value;note;changed_field_key;deal_id;change_time\n"


def a_year(year: int, *more: str) -> str:
    return CHANGES_HEADER + "".join(f"{line}\n" for line in (f"1,{year}-05-01,note,a", *more))


@pytest.mark.parametrize(
    "part", ["_2023", "-2023", " 2023", ".2023", "_2023-01", "_2023_q1", "_part2", "-part-02", "_2"]
)
def test_the_name_of_a_part_is_known(part):
    assert find_known(f"deal_changes{part}.csv", KNOWN) == "deal_changes.csv"


@pytest.mark.parametrize(
    "name",
    [
        "deal changes.csv",
        "deal-changes.csv",
        "dealchanges.csv",
        "deal_changes.tsv",
        "deal changes 2023-q1.tsv",
    ],
)
def test_the_spelling_of_a_name_does_not_matter(name):
    assert find_known(name, KNOWN) == "deal_changes.csv"
    assert find_known(name, KNOWN, [name]) == name, "whoever gives a mapping means it"


@pytest.mark.parametrize(
    "name", ["crm - deal_changes.csv", "2024 - team - Deal Changes.csv", "crm - deal_changes_2023.tsv"]
)
def test_a_sheet_of_google_is_named_behind_its_workbook(name):
    assert find_known(name.lower(), KNOWN) == "deal_changes.csv"
    assert find_known("deal_changes - old.csv", KNOWN) == "deal_changes - old.csv"


@pytest.mark.parametrize(
    "name", ["deal_changes (1).csv", "deal_changes_old.csv", "deal_changes2.csv", "my_stages_1.csv"]
)
def test_another_name_is_not(name):
    assert find_known(name, KNOWN) == name


def test_a_name_that_a_mapping_gives_with_a_wildcard_is_known():
    assert find_known("sales_2023.csv", KNOWN, ["sales_*.csv"]) == "sales_*.csv"
    assert find_known("sales_2023.csv", KNOWN, ["sales.csv"]) == "sales.csv"
    assert find_known("users.csv", KNOWN, ["user*.csv"]) == "user*.csv", "whoever gives a mapping means it"
    assert find_known("users.csv", KNOWN, ["u*.csv", "users.csv"]) == "users.csv"
    assert find_known("users.csv", KNOWN, ["sales.csv"]) == "users.csv"


@pytest.mark.parametrize("way", [never_careful, always_careful])
def test_files_per_year_are_one_table(lab, way):
    lab.write("deal_changes_2023.csv", a_year(2023))
    lab.write("deal_changes_2024.csv", OTHER_HEADER + "b;x;note;1;2024-05-01\n")
    lab.write("deal_changes_2025.csv", a_year(2025))
    for state in ("new", "unchanged"):
        with way():
            outcome = lab.run()
        assert outcome.status == 0, outcome.err
        assert "deal_changes.csv comes in 3 files, which are loaded as one" in outcome.err
        batch = lab.last_batch()
        assert (batch["read"], batch[state]) == (3, 3)
    assert lab.query("select new_value from raw.deal_changes order by change_time") == [
        ("a",),
        ("b",),
        ("a",),
    ]
    source = "deal_changes_2023.csv to deal_changes_2025.csv (3 files)"
    assert lab.query("select distinct source_file from raw.load_batches") == [(source,)]
    (lab.folder / "deal_changes_2024.csv").unlink()
    assert "would delete 1 of 3 keys" in lab.refused()


@pytest.mark.parametrize("way", [never_careful, always_careful])
def test_what_one_of_the_files_has_no_column_for_stays_and_is_told(lab, way):
    header = "id,name,email,modified,active_flag\n"
    lab.write("users_1.csv", header + "1,Ann,,,false\n")
    lab.write("users_2.csv", header + "2,Bob,,,true\n3,Cid,,,false\n")
    lab.loads()
    lab.write("users_1.csv", header + "1,Ann,,,\n")
    lab.write("users_2.csv", "id,name,email,modified\n2,Bobby,,\n3,Cid,,\n4,Dee,,\n")
    with way():
        outcome = lab.run()
    assert outcome.status == 0
    assert (
        "warning: users_2.csv: has no column active_flag, which other files of users.csv have" in outcome.err
    )
    assert lab.versions("users", "id", "name", "active_flag") == [
        ("1", "Ann", False, 1, False),
        ("1", "Ann", None, 2, False),
        ("2", "Bob", True, 1, False),
        ("2", "Bobby", True, 2, False),
        ("3", "Cid", False, 1, False),
        ("4", "Dee", None, 1, False),
    ]


def test_a_bad_row_is_named_by_its_own_file(lab):
    lab.write("deal_changes_2023.csv", a_year(2023))
    lab.write("deal_changes_2024.csv", a_year(2024, "2,yesterday,note,a"))
    outcome = lab.run()
    assert "\ndeal_changes_2024.csv, line 3, column change_time: 'yesterday'" in f"\n{outcome.err}"
    assert "1 of 3 rows rejected" in outcome.error
    assert "the first at deal_changes_2024.csv, line 3" in outcome.error
    lab.loads("--max-rejects", "0.5")
    assert lab.query("select source_file, line_number from raw.rejected_rows") == [
        ("deal_changes_2024.csv", 3)
    ]


@pytest.mark.parametrize("way", [never_careful, always_careful])
def test_a_change_in_two_of_the_files_is_refused(lab, way):
    lab.write("deal_changes_2023.csv", a_year(2023, "2,2023-12-31,note,z", "2,2023-12-31,note,z"))
    lab.write("deal_changes_2024.csv", a_year(2024, "2,2023-12-31,note,z"))
    with way():
        assert (
            "1 changes stand in more than one of deal_changes_2023.csv, deal_changes_2024.csv"
            in lab.refused()
        )
    lab.write("deal_changes_2024.csv", a_year(2024))
    with way():
        assert lab.loads()["new"] == 4, "repeated within one file"


def test_one_key_with_other_values_names_both_places(lab):
    lab.write("stages_1.csv", "stage_id,stage_name\n1,New\n2,Old\n")
    lab.write("stages_2.csv", "stage_id,stage_name\n3,Won\n2,Odd\n")
    outcome = lab.run()
    assert "stages_2.csv, line 3: has the key of line 3 of stages_1.csv but other values" in outcome.err
    assert "of one list on several days load the newest alone, or all with --mode delta" in outcome.err
    lab.write("stages_2.csv", "stage_id,stage_name\n3,Won\n2,Old\n")
    batch = lab.loads()
    assert (batch["read"], batch["new"], batch["unchanged"]) == (4, 3, 1)


def test_of_many_files_the_first_ones_and_the_last_are_told(lab):
    for number in range(1, 31):
        lab.write(f"stages_{number}.csv", f"stage_id,stage_name\n{number},New\n")
    assert (
        f"are loaded as one: {', '.join(f'stages_{number}.csv' for number in range(1, 7))}, 23 more, stages_30.csv\n"
        in lab.run().err
    )


def test_in_a_delta_they_are_versions(lab):
    lab.write("stages_1.csv", "stage_id,stage_name\n1,New\n")
    lab.write("stages_2.csv", "stage_id,stage_name\n1,Newer\n")
    lab.loads("--mode", "delta")
    assert lab.versions("stages", "stage_name") == [("New", 1, False), ("Newer", 2, False)]


def test_stages_without_a_file_of_them_are_told_once(lab):
    born = [
        "1,2024-01-01,stage_id,Qualified",
        "1,2024-01-02,stage_id,Offer",
        "2,2024-01-03,stage_id,Qualified",
    ]
    lab.changes(*born)
    told = "no stages.csv is loaded: stages stand by what the log calls them, in the order of "
    assert f"{told}first appearance: Qualified, Offer\n" in lab.run().err
    assert told not in lab.run().err
    lab.changes(*born, "2,2024-01-04,stage_id,Won")
    assert f"{told}first appearance: Won\n" in lab.run().err
    lab.empty()
    lab.changes("1,2024-01-01,stage_id,10", "1,2024-01-02,stage_id,9")
    assert f"{told}their ids: 9, 10\n" in lab.run().err
    lab.empty()
    lab.write("stages.csv", "stage_id,stage_name\n9,New\n10,Newer\n")
    assert told not in lab.run().err


def test_a_stage_that_a_long_log_had_late_is_not_told_again(lab, monkeypatch):
    monkeypatch.setattr(missing_references, "USUAL_ROWS", 1)
    lab.changes("1,2024-01-01,stage_id,Qualified", "1,2024-01-02,stage_id,Offer")
    lab.run()
    lab.changes("2,2024-01-03,stage_id,Offer", "2,2024-01-04,stage_id,Won", "3,2024-01-05,stage_id,Qualified")
    assert "of first appearance: Won\n" in lab.run("--mode", "delta").err


def test_owners_without_a_file_of_them_are_told_once_and_not_by_name(lab):
    lab.changes("1,2024-01-01,user_id,7", "2,2024-01-02,user_id,Ann Lee")
    told = "no users.csv is loaded: 2 owners stand by their ids in the log"
    first = lab.run().err
    assert told in first
    assert "Ann" not in first
    assert "no users.csv" not in lab.run().err
    lab.empty()
    lab.users("7,Bob,,")
    assert "no users.csv" not in lab.run().err


@pytest.mark.parametrize(
    ("deals", "stages", "owners"),
    [
        (
            "hubspot_deals.csv|deal_id,dealstage,createdate,hs_lastmodifieddate,hubspot_owner_id|7,new,2024-01-01,2024-01-01,5",
            "hubspot_pipeline_stages.csv|stage_id,stage_label|new,New",
            "hubspot_owners.csv|owner_id,name|5,Ann",
        ),
        (
            "Opportunity.csv|Id,StageName,IsClosed,IsWon,OwnerId|006a,New,false,false,5",
            "OpportunityStage.csv|ApiName,IsClosed,IsWon|New,false,false",
            "User.csv|Id,Name|5,Ann",
        ),
    ],
)
def test_lists_that_are_missing_beside_deals_are_told_once(lab, deals, stages, owners):
    def write(file: str) -> str:
        name, *lines = file.split("|")
        lab.write(name, "\n".join([*lines, ""]))
        return name

    write(deals)
    told = lab.run().err
    for missing, what in ((stages, "stages"), (owners, "owners")):
        name = missing.split("|")[0]
        assert f"load: no {name} is loaded: {what} stand by what the deals call them" in told
    assert "is loaded:" not in lab.run().err
    lab.empty()
    write(stages), write(owners)
    assert "is loaded:" not in lab.run().err


def test_a_list_of_deals_without_a_log_is_told_to_count_nowhere(lab):
    told = "no report will count the deals of deals.csv: it is Pipedrive's list"
    lab.write("Deals.csv", "Id,Deal stage,Status\n1,New,Open\n")  # another system's, and its name is known
    assert told in lab.run().err
    assert told in lab.run().err  # until something is done about it
    log = lab.changes("1,2024-01-01,stage_id,1")
    assert told not in lab.run().err
    lab.empty()
    log.unlink()
    assert told in lab.run().err
    (lab.folder / "Deals.csv").unlink()
    lab.users("1,Ann,,")  # raw keeps the list, but this load does not bring it
    assert told not in lab.run().err


def test_a_log_that_calls_the_stage_by_another_name_is_told(lab):
    lab.changes("1,2024-01-01,Etape,Nouveau", "1,2024-01-02,Statut,Ouvert")
    told = "has no changes of the field stage_id, so no deal is in a stage; its fields are "
    assert f"{told}Etape, Statut; if" in lab.run().err
    lab.changes("1,2024-01-01,Etape,Nouveau", "1,2024-01-01, stage_id ,1")
    assert told not in lab.run("--max-deleted", "1").err


def test_stages_that_the_log_names_and_the_file_numbers_are_told_once(lab):
    lab.write("stages.csv", "stage_id,stage_name\n1,New\n2, Offer\n")
    lab.changes("1,2024-01-01,stage_id,1", "1,2024-01-02,stage_id,offer", "2,2024-01-03,stage_id,Won")
    told = "calls stages by names of which stages.csv has the ids, so they count as others: offer; write"
    assert told in lab.run().err
    assert "calls stages by names" not in lab.run().err
    document = (ROOT / "docs" / "mapping.md").read_text("utf-8")
    [rule] = [
        block for block in re.findall(r"```json\n(.*?)```", document, re.DOTALL) if '"stage_name"' in block
    ]
    lab.empty()
    lab.write("stages.csv", "stage_id,stage_name\n1,New\n2,offer\n")
    outcome = lab.run("--mapping", lab.write("mapping.json", rule))
    assert "calls stages by names" not in outcome.err
    assert "deal_changes.csv, column new_value: 2 values are not in stages.csv" in outcome.err
    assert lab.query("select new_value from raw.deal_changes order by deal_id, change_time") == [
        ("1",),
        ("2",),
        ("Won",),
    ]
