"""A file that its table holds is not read again, and of one that has grown only what is new; whatever is in doubt is.

What a load comes to without reading is what it comes to with it: the lab of all other tests reads such a file as well,
and compares.
"""

from __future__ import annotations

import gzip
import os

import pytest

from loader import bulk_copy, typed_rows
from support.raw_lab import CHANGES_HEADER, Lab, always_careful

CHANGES = [f"7,2024-01-{day:02} 10:00:00,stage_id,{day}" for day in range(1, 11)]
DELETES = ("--max-deleted", "1")


@pytest.fixture
def lab(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> Lab:
    """It knows how many rows each load has read: `lab.read`."""
    lab.trusts = True
    lab.read = []

    def copy(load, *arguments, **options):
        before = load.counts.read
        bulk_copy.copy(load, *arguments, **options)
        lab.read.append(load.counts.read - before)

    monkeypatch.setattr(typed_rows, "copy", copy)
    lab.changes(*CHANGES)
    lab.loads()
    assert lab.read.pop() == 10
    return lab


def counts(**expected: int) -> dict[str, int]:
    return dict.fromkeys(("read", "new", "changed", "deleted", "unchanged", "rejected"), 0) | expected


def newest(lab: Lab) -> list[tuple]:
    return lab.query(
        "select new_value, _row_number, _version, _is_deleted from raw.deal_changes order by _row_number, _version"
    )


def test_the_same_file_is_not_read_again_and_leaves_a_batch(lab):
    before = lab.query("select checksum, plain_bytes, fingerprint from raw.load_batches")
    for _ in range(2):
        assert lab.loads() == counts(read=10, unchanged=10)
    assert lab.read == []
    batches = "select checksum, plain_bytes, fingerprint from raw.load_batches"
    assert lab.query(batches) == 3 * before
    assert lab.query("select count(distinct _loaded_at) from raw.load_batches") == [(3,)]
    assert len(newest(lab)) == 10


def test_its_name_its_time_and_housekeeping_do_not_matter(lab):
    os.utime(lab.folder / "deal_changes.csv", (0, 0))
    lab.query("vacuum (freeze, analyze) raw.deal_changes")
    lab.query("vacuum full raw.deal_changes")
    lab.query("create index further on raw.deal_changes (new_value)")
    lab.query("drop index raw.further")
    assert lab.loads()["unchanged"] == 10
    (lab.folder / "deal_changes.csv").rename(lab.folder / "Deal_Changes.CSV")
    assert lab.loads()["unchanged"] == 10
    assert lab.read == []


def test_other_bytes_are_read_though_size_and_time_are_the_same(lab):
    path = lab.folder / "deal_changes.csv"
    status = path.stat()
    lab.changes(*CHANGES[:4], "7,2024-01-05 10:00:00,stage_id,9", *CHANGES[5:])
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert path.stat().st_size == status.st_size
    batch = lab.loads()
    assert (batch["new"], batch["deleted"]) == (1, 1)
    assert lab.read == [10]


def test_of_a_grown_file_the_new_rows_alone_are_read(lab):
    lab.changes(*CHANGES, "8,2024-02-01 10:00:00,stage_id,1", "7,2024-01-01 09:00:00,stage_id,0")
    assert lab.loads() == counts(read=12, new=2, unchanged=10)
    assert lab.read == [2]
    assert [row[:2] for row in newest(lab)][-2:] == [("1", 11), ("0", 12)]
    assert lab.loads()["unchanged"] == 12
    assert lab.read == [2]
    lab.changes(
        *CHANGES,
        "8,2024-02-01 10:00:00,stage_id,1",
        "7,2024-01-01 09:00:00,stage_id,0",
        CHANGES[0][:-1] + "3",
    )
    assert lab.loads()["new"] == 1
    assert lab.read == [2, 1]


def test_a_shorter_file_is_read(lab):
    lab.changes(CHANGES[0], *CHANGES[2:])
    assert lab.loads()["deleted"] == 1
    assert lab.read == [9]


@pytest.mark.parametrize(
    "rest",
    [
        CHANGES[0],  # the same change twice: its numbers count through the file
        "8,2024-02-01 10:00:00,stage_id,1\n8,2024-02-01 10:00:00,stage_id,1",
        '8,"2/1/2024 10:00 PM",stage_id,1',  # for the careful way
        "8,2024-02-01 10:00:00,stage_id,1\n\n",
        "\ufeff8,2024-02-01 10:00:00,stage_id,1",
        "Exported by somebody",
    ],
)
def test_a_rest_that_does_not_stand_by_itself_is_read_with_the_file(lab, rest):
    lab.changes(*CHANGES, rest)
    lab.run()
    assert sum(lab.read) > 10
    with always_careful():
        left = [dict(row) for row in [lab.last_batch()]], newest(lab)
        lab.empty()
        lab.changes(*CHANGES)
        lab.loads()
        lab.changes(*CHANGES, rest)
        lab.run()
    assert (left[0], left[1]) == ([lab.last_batch()], newest(lab))


def test_a_file_that_ended_within_a_line_is_read(lab):
    """Its last line and the first of the rest are one, though each could be a row."""
    unended = CHANGES_HEADER + "\n".join(CHANGES)
    lab.write("deal_changes.csv", unended)
    lab.loads()
    lab.write("deal_changes.csv", unended + "8,2024-02-01 10:00:00,stage_id,1\n")
    assert "line 11: 7,2024-01-10 10:00:00,stage_id,108,2024" in lab.run().err.replace("'", "")
    lab.write("deal_changes.csv", unended + "1\n")  # stage 10 becomes 101
    batch = lab.loads()
    assert (batch["new"], batch["deleted"]) == (1, 1)
    lab.read.clear()
    assert lab.loads()["unchanged"] == 10
    assert lab.read == []


def test_rows_that_were_read_with_care_may_mean_something_else_beside_new_ones(lab):
    """Without the fourth row it is clear which of 4/3 is the month."""
    people = ["1,Ann,,2024-03-13", "2,Bob,,13/03/2024 10:00", "3,Cy,,04/03/2024 10:00"]
    lab.users(*people[1:])
    lab.loads()
    lab.read.clear()
    lab.users(*people[1:], people[0])
    lab.run()
    assert lab.read[-1] == 3


def test_a_rejected_row_is_told_again(lab):
    lab.users("1,Ann,ann@x.org,2024-01-01", "2,Bob,bob@x.org,never")
    for _ in range(2):
        outcome = lab.run("--max-rejects", "0.5")
        assert "users.csv: 1 of 2 rows rejected" in outcome.err
    assert lab.query("select count(*) from raw.rejected_rows") == [(2,)]
    assert "1 of 2 rows rejected" in lab.refused()


def test_a_warning_is_told_again(lab):
    lab.changes(*CHANGES, *CHANGES[:1])
    for _ in range(2):
        assert "repeat an earlier row of the file" in lab.run().err


def test_a_footer_is_told_again_and_none_once_rows_follow(lab):
    lab.changes(*CHANGES, "", "Exported by somebody")
    for _ in range(2):
        assert "is taken for a footer" in lab.run().err
    lab.changes(*CHANGES, "", "Exported by somebody", "8,2024-02-01 10:00:00,stage_id,1")
    assert "rejected" in lab.refused()


def test_columns_that_are_not_loaded_are_told_again(lab):
    lab.write("users.csv", "id,name,email,modified,shoe\n1,Ann,,2024-01-01,37\n")
    for _ in range(2):
        assert "users.csv: columns not loaded: shoe" in lab.run().err
    assert lab.read == [1]


HAND = {
    "an update": "update raw.deal_changes set new_value = '11' where new_value = '3'",
    "an update that changes nothing": "update raw.deal_changes set new_value = new_value",
    "a deletion": "delete from raw.deal_changes where new_value = '3'",
    "another row in its place": "with gone as (delete from raw.deal_changes where new_value = '3' returning deal_id)"
    " insert into raw.deal_changes (deal_id, change_time, changed_field_key) values ('7', now(), 'status')",
    "a copy of the table": "create table raw.other as table raw.deal_changes; truncate raw.deal_changes;"
    " insert into raw.deal_changes select * from raw.other; drop table raw.other",
    "a tombstone": "insert into raw.deal_changes"
    " (deal_id, change_time, changed_field_key, new_value, _version, _is_deleted)"
    " select deal_id, change_time, changed_field_key, new_value, 2, true from raw.deal_changes where new_value = '3'",
}


@pytest.mark.parametrize("statement", HAND.values(), ids=HAND)
def test_what_was_done_to_the_table_by_hand_shows(lab, statement):
    lab.query(statement)
    lab.loads(*DELETES)
    assert lab.read == [10]
    live = lab.query(
        "select new_value from (select distinct on (deal_id, change_time, changed_field_key, new_value) *"
        " from raw.deal_changes order by deal_id, change_time, changed_field_key, new_value, _version desc) as newest"
        " where not _is_deleted order by new_value::integer"
    )
    assert live == [(str(day),) for day in range(1, 11)]
    lab.loads()
    assert lab.read == [10]


def test_another_file_in_between_is_treated_as_ever(lab):
    lab.changes("9,2024-02-01 10:00:00,stage_id,1")
    lab.loads("--mode", "delta")
    lab.changes(*CHANGES)
    assert "is the file that was loaded on" in lab.refused()
    assert lab.loads("--accept-older")["deleted"] == 1
    assert lab.read == [1, 10, 10]


def test_a_delta_that_brings_nothing_new_still_counts_as_another_file(lab):
    lab.changes(CHANGES[3])
    assert lab.loads("--mode", "delta")["unchanged"] == 1
    lab.changes(*CHANGES)
    assert lab.loads()["unchanged"] == 10
    assert lab.read == [1, 10]


def test_an_older_file_that_the_newest_begins_with_is_refused(lab):
    lab.changes(*CHANGES, "8,2024-02-01 10:00:00,stage_id,1")
    lab.loads()
    lab.changes(*CHANGES)
    assert "looks older than what is loaded" in lab.refused()
    lab.loads("--accept-older")
    lab.changes(*CHANGES, "8,2024-02-01 10:00:00,stage_id,1")
    assert "is the file that was loaded on" in lab.refused()


OTHERWISE = {
    "mode": ("--mode", "delta"),
    "encoding": ("--encoding", "cp1252"),
    "delimiter": ("--delimiter", ","),
}


@pytest.mark.parametrize("options", OTHERWISE.values(), ids=OTHERWISE)
def test_a_file_that_is_to_be_read_in_another_way_is_read(lab, options):
    assert lab.loads(*options)["unchanged"] == 10
    assert lab.read == [10]


def test_another_zone_is_another_file(lab):
    zone = ("--source-timezone", "Europe/Berlin")
    assert "holds times read in UTC" in lab.refused(*zone)
    lab.loads(*zone, *DELETES, "--accept-timezone")
    assert lab.read == [10]
    lab.loads(*zone)
    assert lab.read == [10]


def test_columns_that_are_to_be_kept_from_now_on_are_read(lab):
    lab.write("users.csv", "id,name,email,modified,shoe\n1,Ann,,2024-01-01,37\n")
    lab.loads()
    lab.write("funnel_dimensions.csv", "dimension,file_name,column_name\nshoe,users.csv,shoe\n")
    lab.loads()
    assert lab.query("select _extra from raw.users order by _version") == [(None,), ({"shoe": "37"},)]


def test_another_mapping_of_the_same_file_is_another_file(lab):
    lab.empty()
    (lab.folder / "deal_changes.csv").unlink()
    lab.write("people.csv", "nr;who;since;until\n1;Ann;01/02/2024;2024-03-01\n")
    columns = {"id": "nr", "name": "who", "modified": "since", "email": {"constant": ""}}
    lab.read.clear()
    for order, rows in (("%d/%m/%Y", 1), ("%d/%m/%Y", 1), ("%m/%d/%Y", 2)):
        mapping = {
            "people.csv": {
                "load_as": "users.csv",
                "date_format": order,
                "columns": columns,
            }
        }
        lab.loads("--mapping", lab.write("mapping.json", __import__("json").dumps(mapping)))
        assert lab.query("select count(*) from raw.users") == [(rows,)]
    assert lab.read == [1, 1]


def test_another_definition_of_the_table_is_another_reading(lab):
    lab.query(
        "alter table raw.deal_changes add constraint short check (length(new_value) < 2) not valid;"
        " comment on constraint short on raw.deal_changes is 'is too long'"
    )
    try:
        assert "1 of 10 rows rejected" in lab.refused()
    finally:
        lab.query("alter table raw.deal_changes drop constraint short")


def test_another_loader_reads_again(lab, monkeypatch):
    monkeypatch.setattr("loader.known_files._code", lambda: "another")
    lab.loads()
    assert lab.read == [10]


def test_a_packed_file_is_known_and_a_grown_one_is_read(lab):
    text = (CHANGES_HEADER + "".join(f"{line}\n" for line in CHANGES)).encode()
    (lab.folder / "deal_changes.csv").unlink()
    packed = gzip.compress(text)
    lab.write("deal_changes.csv.gz", packed)
    lab.loads()
    assert lab.loads()["unchanged"] == 10
    assert lab.read == [10]
    lab.write("deal_changes.csv.gz", packed + gzip.compress(b"8,2024-02-01 10:00:00,stage_id,1\n"))
    assert lab.loads()["new"] == 1
    assert lab.read == [10, 11]


def test_parts_are_known_together(lab):
    (lab.folder / "deal_changes.csv").unlink()
    header = CHANGES_HEADER
    for name, lines in (("deal_changes_1.csv", CHANGES[:5]), ("deal_changes_2.csv", CHANGES[5:])):
        lab.write(name, header + "".join(f"{line}\n" for line in lines))
    lab.loads()
    assert lab.loads()["unchanged"] == 10
    assert lab.read == [5, 5]
    lab.write(
        "deal_changes_2.csv", header + "".join(f"{line}\n" for line in [*CHANGES[5:], CHANGES[0][:-1] + "8"])
    )
    assert lab.loads()["new"] == 1
    assert lab.read == [5, 5, 5, 6]


def test_a_load_that_was_refused_leaves_nothing_to_rely_on(lab):
    lab.changes(*CHANGES, "8,2024-02-01 10:00:00,stage_id,1")
    lab.users("1,Ann,,never")
    lab.refused()
    (lab.folder / "users.csv").unlink()
    lab.read.clear()
    assert lab.loads()["new"] == 1
    assert lab.read == [1]
