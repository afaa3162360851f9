"""Nothing under a path is skipped without a word, and several files of one table come in an order that is told."""

from __future__ import annotations

import os

import pytest

from loader import export_files
from support.raw_lab import USERS_HEADER, Lab

USERS = USERS_HEADER + "1,Ann,,\n2,Bob,,\n"


def sources(lab: Lab) -> list[str]:
    return [name for (name,) in lab.query("select source_file from raw.load_batches order by batch_id")]


def test_a_linked_folder_is_read_like_any_other(lab, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "deep").mkdir()
    (elsewhere / "deep" / "users.csv").write_text(USERS)
    (lab.folder / "crm").symlink_to(elsewhere)
    lab.loads()
    assert sources(lab) == ["crm/deep/users.csv"]


def test_a_folder_is_read_once_however_many_links_lead_to_it(lab):
    lab.write("crm/users.csv", USERS)
    (lab.folder / "a link").symlink_to("crm")
    (lab.folder / "crm" / "loop").symlink_to(lab.folder)
    lab.loads()
    assert sources(lab) == ["crm/users.csv"]


def test_a_folder_that_cannot_be_read_is_refused(lab, monkeypatch):
    lab.write("crm/users.csv", USERS)
    lab.write("stages.csv", "stage_id,stage_name\n1,New\n")
    scan = os.scandir

    def scandir(folder):
        if str(folder).endswith("crm"):  # chmod would not stop root
            raise PermissionError(13, "Permission denied", folder)
        return scan(folder)

    monkeypatch.setattr(export_files.os, "scandir", scandir)
    assert "crm: cannot be read: Permission denied; nothing was loaded" in lab.refused()


def test_links_that_lead_nowhere_are_told(lab):
    lab.write("stages.csv", "stage_id,stage_name\n1,New\n")
    (lab.folder / "crm").symlink_to("gone")
    assert "not loaded, names not known: crm" in lab.run().err
    (lab.folder / "users.csv").symlink_to("gone.csv")
    assert "users.csv: is no file, or a link to one that is not there" in lab.refused()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("Users.xlsx", "is a workbook: save each of its sheets as CSV UTF-8"),
        ("WE_1.ZIP", "is an archive: unpack it"),
        ("deals.json", "is JSON: write it as CSV"),
        ("flow.jsonl", "is JSON: write it as CSV"),
    ],
)
def test_what_exports_come_in_besides_csv_is_told_with_what_to_do(lab, name, told):
    path = lab.write(name, b"PK")
    assert f"{name}: {told}" in lab.refused(path=path)
    lab.write("stages.csv", "stage_id,stage_name,\n1,New,\n")
    outcome = lab.run()
    assert outcome.status == 0
    assert f"load: warning: {name}: {told}" in outcome.err
    assert f"{name}: {told}" in lab.run("--explain", path=path).error
    assert "columns not loaded" not in outcome.err  # a delimiter at the end of each line is no column


def test_marks_of_files_that_excel_has_open_are_no_files(lab):
    lab.write("~$deals.xlsx", b"\x05Ann")
    lab.write("~$stages.csv", b"\x05Ann")
    lab.write("stages.csv", "stage_id,stage_name\n1,New\n")
    assert "~$" not in lab.run().err


def test_a_missing_folder_is_missed(lab):
    lab.write("pipedrive/users.csv", USERS)
    lab.write("pipedrive/stages.csv", "stage_id,stage_name\n1,New\n")
    lab.write("salesforce/User.csv", "Id,Name\n005A,Ann\n")
    assert lab.run().err == ""
    (lab.folder / "pipedrive").rename(lab.folder / ".." / f"away-{os.getpid()}")
    try:
        for _ in range(2):
            assert lab.run().err.strip() == (
                "load: warning: not in the folder, though loaded with the rest before: pipedrive/stages.csv, "
                "pipedrive/users.csv; their rows stay as they were"
            )
        assert lab.run(path=lab.folder / "salesforce").err == ""  # asked for this folder alone
    finally:
        (lab.folder / ".." / f"away-{os.getpid()}").rename(lab.folder / "pipedrive")


@pytest.mark.parametrize("empty", ["", " "])
def test_an_empty_path_is_refused_and_a_dot_is_the_current_folder(lab, monkeypatch, empty):
    lab.write("users.csv", USERS)
    monkeypatch.chdir(lab.folder)
    error = lab.refused("", path=lab.folder) if not empty else lab.refused(path=empty)
    assert 'a path is empty; name a file or a folder, "." for the current one' in error
    lab.loads(path=".")


def test_parts_of_a_delta_come_in_the_order_of_their_numbers(lab):
    for number in (1, 2, 10):
        lab.write(f"part{number}/users.csv", USERS_HEADER + f"1,Name {number},,\n")
    outcome = lab.run("--mode", "delta")
    assert sources(lab) == ["part1/users.csv", "part2/users.csv", "part10/users.csv"]
    assert lab.versions("users", "name")[-2:] == [("Name 10", 3, False), ("Name 2", 2, False)]
    assert (
        "load: users.csv comes in 3 files; of rows with one key the last one counts: "
        "part1/users.csv, part2/users.csv, part10/users.csv\n"
    ) in outcome.err


def test_parts_named_by_a_wildcard_come_in_the_order_of_their_numbers(lab):
    paths = [
        lab.write(f"part{number}/users.csv", USERS_HEADER + f"1,Name {number},,\n") for number in (1, 10, 2)
    ]
    lab.loads(*paths[1:], "--mode", "delta", path=paths[0])
    assert lab.query("select name from raw.users order by _version desc limit 1") == [("Name 10",)]


def test_paths_in_an_order_of_their_own_stay_in_it(lab):
    old, new = (lab.write(f"{name}/users.csv", USERS_HEADER + f"1,{name},,\n") for name in ("old", "new"))
    outcome = lab.run(new, "--mode", "delta", path=old)
    assert lab.query("select name from raw.users order by _version desc limit 1") == [("new",)]
    assert f"the last one counts: {old}, {new}" in outcome.err


@pytest.mark.parametrize(
    "names", [("users.csv", "users.csv.gz"), ("a/users.csv", "b/users.csv"), ("users.csv", "x/USERS.CSV")]
)
def test_two_files_of_one_table_are_refused_in_full_mode_and_told_in_a_delta(lab, names):
    import gzip

    for name in names:
        lab.write(name, gzip.compress(USERS.encode()) if name.endswith(".gz") else USERS)
    assert f"{names[0]} and {names[1]} are both users.csv" in lab.refused()
    assert (
        f"users.csv comes in 2 files; of rows with one key the last one counts: {names[0]}, {names[1]}"
        in (lab.run("--mode", "delta").err)
    )
