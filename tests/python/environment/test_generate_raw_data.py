"""The sample-data generator: reproducible, bounded in memory, and every property it documents is there.

The properties are counted from the default output with the csv module. The committed raw_data/ is that
output byte for byte, so what holds here holds there.
"""

import csv
import filecmp
import json
import os
import re
import subprocess
import sys
import tracemalloc
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from conftest import ROOT
from sample import pipedrive
from sample.generate import main as generate_sample

SCRIPT = ROOT / "scripts" / "sample" / "generate.py"
FILES = [
    "activity.csv",
    "activity_types.csv",
    "deal_changes.csv",
    "deal_products.csv",
    "deals.csv",
    "fields.csv",
    "organizations.csv",
    "pipedrive_leads.csv",
    "stages.csv",
    "users.csv",
]
MONTHS = [f"{2024 + month // 12}-{month % 12 + 1:02d}" for month in range(18)]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


class Sample:
    """One generated folder: the rows of its files, and the log's changes by deal in order of time."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes = read(folder / "deal_changes.csv")
        self.activities = read(folder / "activity.csv")
        self.users = read(folder / "users.csv")
        self.stages = read(folder / "stages.csv")
        self.fields = {row["FIELD_KEY"]: row for row in read(folder / "fields.csv")}
        lives = defaultdict(list)
        for row in self.changes:
            lives[row["deal_id"]].append((row["change_time"], row["changed_field_key"], row["new_value"]))
        # Stable: rows of one second keep the log's order.
        self.every_deal = {deal: sorted(rows, key=lambda row: row[0]) for deal, rows in lives.items()}
        self.collisions = {deal for deal in lives if len(self.values(deal, "add_time")) > 1}
        # Properties of a deal are counted where an id stands for one deal.
        self.deals = {deal: rows for deal, rows in self.every_deal.items() if deal not in self.collisions}

    def values(self, deal: str, field: str) -> list[str]:
        return [value for _, key, value in self.every_deal[deal] if key == field]

    def share(self, deals: set[str] | list[str]) -> float:
        """Of all deals with an id of their own, the share that is in `deals`."""
        return len(set(deals) & set(self.deals)) / len(self.deals)

    def last_status(self, deal: str) -> str:
        return self.values(deal, "status")[-1]

    def win_rate(self, deals: list[str]) -> float:
        statuses = Counter(self.last_status(deal) for deal in deals)
        return statuses["won"] / (statuses["won"] + statuses["lost"])


def generate(folder: Path, *arguments: str) -> Path:
    assert generate_sample(["--output", str(folder), *arguments]) == 0
    return folder / "pipedrive"


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    return Sample(generate(tmp_path_factory.mktemp("sample")))


# Reproducible ------------------------------------------------------------------------------


def test_committed_sample_is_reproduced_byte_for_byte(sample):
    committed = ROOT / "raw_data"
    files = sorted(str(path.relative_to(committed)) for path in committed.rglob("*.csv"))
    made = sorted(str(path.relative_to(sample.folder.parent)) for path in sample.folder.parent.rglob("*.csv"))
    assert made == files
    assert [name for name in files if name.startswith("pipedrive/")] == [
        f"pipedrive/{name}" for name in FILES
    ]
    _, different, failed = filecmp.cmpfiles(committed, sample.folder.parent, files, shallow=False)
    assert (different, failed) == ([], []), "run scripts/sample/generate.py and commit raw_data/"


def test_output_does_not_depend_on_hash_seed_locale_or_working_folder(tmp_path):
    folders = []
    for number, settings in enumerate(
        [
            {"PYTHONHASHSEED": "1", "LC_ALL": "C", "TZ": "Asia/Kolkata"},
            {"PYTHONHASHSEED": "2", "PYTHONUTF8": "1"},
        ]
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        command = [sys.executable, str(SCRIPT), "--deals", "500"]
        subprocess.run(command, cwd=folder, env={**os.environ, **settings}, check=True, capture_output=True)
        folders.append(folder / "raw_data" / "pipedrive")
    assert filecmp.cmpfiles(*folders, FILES, shallow=False) == (FILES, [], [])


def test_another_seed_gives_other_deals_of_the_same_shape(tmp_path, sample):
    other = Sample(generate(tmp_path, "--seed", "7"))
    assert not {tuple(row.values()) for row in other.changes} & {
        tuple(row.values()) for row in sample.changes
    }
    assert len(other.changes) == pytest.approx(len(sample.changes), rel=0.05)


def test_committed_files_stay_small(sample):
    sizes = [path.stat().st_size for path in sample.folder.iterdir()]
    assert max(sizes) < 2 * 2**20
    assert sum(sizes) < 1.5 * 2**20


# Scale -------------------------------------------------------------------------------------


@pytest.mark.nightly
def test_memory_does_not_grow_with_the_number_of_deals(tmp_path):
    # Pipedrive alone, which is what is generated at scale. Salesforce keeps its accounts, a few bytes for each.
    peaks = []
    for deals in ("1000", "20000"):
        tracemalloc.start()
        generate(tmp_path / deals, "--deals", deals, "--only", "pipedrive")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] + 200_000


def test_everything_grows_with_deals_and_users_more_slowly(tmp_path, sample):
    large = Sample(generate(tmp_path, "--deals", "20000"))
    assert len(large.changes) == pytest.approx(10 * len(sample.changes), rel=0.03)
    assert len(large.activities) == pytest.approx(10 * len(sample.activities), rel=0.03)
    assert 1.5 * len(sample.users) < len(large.users) < 4 * len(sample.users)
    assert len(large.every_deal) == 20_000 - 50
    assert len({tuple(row.values()) for row in large.changes}) == len(large.changes)


@pytest.mark.parametrize(("deals", "months"), [(1, 1), (7, 2), (401, 120)])
def test_any_scale_and_period_gives_complete_files(tmp_path, deals, months):
    small = Sample(generate(tmp_path, "--deals", str(deals), "--months", str(months)))
    assert sum(row["changed_field_key"] == "add_time" for row in small.changes) == deals
    last = f"{2024 + (months - 1) // 12}-{(months - 1) % 12 + 1:02d}"
    assert min(row["change_time"][:7] for row in small.changes) >= "2024-01"
    assert max(row["change_time"][:7] for row in small.changes) <= last


# What the files look like ------------------------------------------------------------------


def test_headers_are_those_of_the_export(sample):
    headers = {path.name: path.read_text("utf-8").split("\n")[0] for path in sample.folder.iterdir()}
    assert headers == {
        "activity.csv": "activity_id,type,assigned_to_user,deal_id,done,due_to",
        "activity_types.csv": "id,name,active,type",
        "deal_changes.csv": "deal_id,change_time,changed_field_key,new_value",
        "deal_products.csv": "id,deal_id,product_id,name,item_price,quantity,sum,currency",
        "organizations.csv": "id,name,industry,country,employee_count,annual_revenue,owner_id,add_time",
        "deals.csv": "id,pipeline_id,stage_id,owner_id,status,value,currency,expected_close_date,lost_reason,"
        "add_time,update_time,won_time,lost_time,person_id",
        "pipedrive_leads.csv": "id,source_name,owner_id,person_id,organization_id,is_archived,add_time",
        "fields.csv": "ID,FIELD_KEY,NAME,FIELD_VALUE_OPTIONS",
        "stages.csv": "stage_id,stage_name,pipeline_id,order_nr,deal_probability,rotten_days",
        "users.csv": "id,name,email,modified,active_flag",
    }


def test_some_small_files_lack_the_last_newline(sample):
    without = {path.name for path in sample.folder.iterdir() if not path.read_bytes().endswith(b"\n")}
    assert without == {"activity_types.csv", "fields.csv", "stages.csv"}


def test_times_carry_no_offset_and_add_time_repeats_its_time_with_a_t(sample):
    date, time = r"\d{4}-\d\d-\d\d", r"\d\d:\d\d:\d\d"
    assert all(re.fullmatch(f"{date} {time}", row["change_time"]) for row in sample.changes)
    assert all(re.fullmatch(f"{date}T{time}", row["due_to"]) for row in sample.activities)
    created = [row for row in sample.changes if row["changed_field_key"] == "add_time"]
    assert all(row["new_value"] == row["change_time"].replace(" ", "T") for row in created)


def test_log_is_grouped_by_deal_and_not_sorted_by_time(sample):
    deals = [row["deal_id"] for row in sample.changes]
    blocks = 1 + sum(one != next_one for one, next_one in pairwise(deals))
    assert blocks == 2_000
    months = [row["change_time"][:7] for row in sample.changes if row["changed_field_key"] == "add_time"]
    falls = sum(later < month for month, later in pairwise(months))
    assert 0.3 < falls / len(months) < 0.7


def test_no_row_of_the_log_occurs_twice(sample):
    assert len({tuple(row.values()) for row in sample.changes}) == len(sample.changes)


def test_stage_names_are_the_funnels_and_one_differs_in_case_between_files(sample):
    labels = {
        int(option["id"]): option["label"]
        for option in json.loads(sample.fields["stage_id"]["FIELD_VALUE_OPTIONS"])
    }
    assert [labels[stage] for stage in range(1, 10)] == [
        "Lead Generation",
        "Qualified Lead",
        "Needs Assessment",
        "Proposal/Quote Preparation",
        "Negotiation",
        "Closing",
        "Implementation/Onboarding",
        "Follow-up/Customer Success",
        "Renewal/Expansion",
    ]
    names = {int(row["stage_id"]): row["stage_name"] for row in sample.stages}
    assert {stage for stage in labels if labels[stage] != names[stage]} == {2}
    assert names[2] == "Qualified lead"


def test_options_have_string_ids_and_there_are_five_lost_reasons(sample):
    for field in ("stage_id", "lost_reason", "status", "pipeline_id"):
        options = json.loads(sample.fields[field]["FIELD_VALUE_OPTIONS"])
        assert all(isinstance(option["id"], str) for option in options), field
    assert len(json.loads(sample.fields["lost_reason"]["FIELD_VALUE_OPTIONS"])) == 5


# Traps of real exports ---------------------------------------------------------------------


def test_a_few_ids_carry_two_interleaved_lives(sample):
    assert len(sample.collisions) == 5
    assert len(sample.every_deal) == 1_995
    for deal in sample.collisions:
        rows = sample.every_deal[deal]
        births = [time for time, key, _ in rows if key == "add_time"]
        ends = [time for time, key, value in rows if key == "status" and value in ("won", "lost")]
        assert len(births) == 2
        assert births[0] < births[1] < ends[0], deal
    backward = [deal for deal in sample.collisions if any(step < 0 for step in stage_steps(sample, deal))]
    assert backward, "interleaved lives look like moves back"


def test_some_activity_ids_are_used_for_two_activities_on_different_deals(sample):
    uses = Counter(row["activity_id"] for row in sample.activities)
    twice = [row for row in sample.activities if uses[row["activity_id"]] > 1]
    assert 8 <= len(twice) / 2 <= 14
    assert max(uses.values()) == 2
    pairs = {(row["activity_id"], row["deal_id"]) for row in sample.activities}
    assert len(pairs) == len(sample.activities)


def test_most_activities_belong_to_deals_outside_the_log(sample):
    inside = [row for row in sample.activities if row["deal_id"] in sample.every_deal]
    assert 0.35 < len(inside) / len(sample.activities) < 0.45
    assert {row["type"] for row in inside} == {"meeting", "sc_2", "follow_up", "after_close_call"}


def test_activities_are_done_or_not_and_none_is_due_after_the_data(sample):
    done = Counter(row["done"] for row in sample.activities)
    assert set(done) == {"True", "False"}
    assert 0.2 < done["False"] / len(sample.activities) < 0.5
    assert max(row["due_to"] for row in sample.activities) < "2025-07"


def test_the_inactive_type_still_has_activities(sample):
    active = {row["type"]: row["active"] for row in read(sample.folder / "activity_types.csv")}
    assert active == {"meeting": "Yes", "sc_2": "Yes", "follow_up": "No", "after_close_call": "Yes"}
    follow_ups = sum(row["type"] == "follow_up" for row in sample.activities)
    assert follow_ups > len(sample.activities) / 5


def test_users_share_names_and_mails_and_carry_titles(sample):
    names = Counter(row["name"] for row in sample.users)
    mails = Counter(row["email"] for row in sample.users)
    assert sum(count == 2 for count in names.values()) == 3
    assert sum(count == 2 for count in mails.values()) == 2
    assert any(name.startswith(("Mr. ", "Ms. ", "Dr. ")) for name in names)
    assert any(name.endswith((" MD", " PhD", " Jr.")) for name in names)
    assert any("'" in name for name in names)
    assert not all(name.isascii() for name in names)
    assert all(re.fullmatch(r"[a-z0-9]+@example\.(com|org|net)", mail) for mail in mails)


def test_every_owner_and_assignee_is_a_user(sample):
    users = {row["id"] for row in sample.users}
    owners = {row["new_value"] for row in sample.changes if row["changed_field_key"] == "user_id"}
    assert owners <= users
    assert {row["assigned_to_user"] for row in sample.activities} <= users


def stage_entries(sample: Sample, deal: str) -> list[tuple[str, int]]:
    return [(time, int(value)) for time, key, value in sample.every_deal[deal] if key == "stage_id"]


def stage_steps(sample: Sample, deal: str) -> list[int]:
    """Differences between consecutive stages, without the move between pipelines."""
    stages = [stage for _, stage in stage_entries(sample, deal)]
    return [later - stage for stage, later in pairwise(stages) if (stage < 10) == (later < 10)]


def test_many_deals_skip_stages_and_a_few_go_back_or_repeat(sample):
    steps = {deal: stage_steps(sample, deal) for deal in sample.deals}
    assert 0.35 < sample.share([deal for deal in steps if any(step > 1 for step in steps[deal])]) < 0.5
    assert 0.02 < sample.share([deal for deal in steps if any(step < 0 for step in steps[deal])]) < 0.06
    assert 0.01 < sample.share([deal for deal in steps if 0 in steps[deal]]) < 0.06


def test_a_few_deals_start_at_the_second_stage_and_some_have_none_yet(sample):
    entries = {deal: stage_entries(sample, deal) for deal in sample.deals}
    starts = Counter(rows[0][1] for rows in entries.values() if rows)
    assert set(starts) == {1, 2, 11, 12}
    assert 0.01 < (starts[2] + starts[12]) / len(sample.deals) < 0.05
    assert 0.02 < sample.share([deal for deal in entries if not entries[deal]]) < 0.07


def owners_before_first_stage(sample: Sample, deal: str) -> int:
    keys = [key for _, key, _ in sample.every_deal[deal] if key in ("user_id", "stage_id")]
    return keys.index("stage_id") if "stage_id" in keys else len(keys)


def test_owner_changes_before_the_first_stage_and_sometimes_later(sample):
    before = {deal: owners_before_first_stage(sample, deal) for deal in sample.deals}
    assert 0.2 < sample.share([deal for deal in before if before[deal] == 2]) < 0.3
    later = [deal for deal in before if len(sample.values(deal, "user_id")) > before[deal] > 0]
    assert 0.03 < sample.share(later) < 0.1


def test_every_stage_entry_has_an_owner_before_it(sample):
    reached = [deal for deal in sample.deals if stage_entries(sample, deal)]
    assert all(owners_before_first_stage(sample, deal) >= 1 for deal in reached)


def test_first_stage_lies_in_another_month_than_creation_for_half_of_the_deals(sample):
    other_month = [
        deal
        for deal, rows in sample.deals.items()
        if (entries := stage_entries(sample, deal)) and entries[0][0][:7] != rows[0][0][:7]
    ]
    assert 0.4 < sample.share(other_month) < 0.6


def test_some_stage_entries_change_month_between_utc_and_berlin(sample):
    entries = [row["change_time"] for row in sample.changes if row["changed_field_key"] == "stage_id"]
    # Berlin is one hour ahead in winter; what moves by one hour also moves by the two of summer.
    moved = [
        entry
        for entry in map(datetime.fromisoformat, entries)
        if (entry + timedelta(hours=1)).month != entry.month
    ]
    assert 10 < len(moved) < 100


# What a fuller log carries -----------------------------------------------------------------


def test_statuses_are_spread_as_documented(sample):
    last = Counter(sample.last_status(deal) for deal in sample.deals)
    assert set(last) == {"won", "lost", "open", "deleted"}
    assert 0.20 < last["won"] / (last["won"] + last["lost"]) < 0.26
    assert 0.12 < last["open"] / len(sample.deals) < 0.19
    assert 3 <= last["deleted"] <= 20
    assert all(sample.values(deal, "status")[0] == "open" for deal in sample.deals)


def test_recent_deals_are_open_more_often(sample):
    def open_share(months: list[str]) -> float:
        deals = [deal for deal, rows in sample.deals.items() if rows[0][0][:7] in months]
        return sum(sample.last_status(deal) == "open" for deal in deals) / len(deals)

    assert 0 < open_share(MONTHS[:9]) < 0.1
    assert open_share(MONTHS[-2:]) > 0.4


def test_some_lost_deals_are_reopened_and_enter_their_stage_again(sample):
    reopened = [
        deal for deal in sample.deals if sample.values(deal, "status")[:3] == ["open", "lost", "open"]
    ]
    assert 0.01 < sample.share(reopened) < 0.03
    continued = 0
    for deal in reopened:
        again = max(time for time, key, value in sample.deals[deal] if (key, value) == ("status", "open"))
        entries = stage_entries(sample, deal)
        stages_after = [stage for time, stage in entries if time > again]
        if stages_after:
            continued += 1
            assert stages_after[0] == [stage for time, stage in entries if time < again][-1]
    assert continued > len(reopened) / 2


def test_a_few_won_deals_move_on_after_the_win(sample):
    won = [deal for deal in sample.deals if sample.last_status(deal) == "won"]
    after = 0
    for deal in won:
        win = max(time for time, key, value in sample.deals[deal] if (key, value) == ("status", "won"))
        after += any(time > win for time, _ in stage_entries(sample, deal))
    assert 3 <= after < len(won) * 0.05


def test_lost_reason_stands_at_the_second_of_the_loss_and_is_sometimes_missing(sample):
    losses = {
        (deal, time)
        for deal, rows in sample.every_deal.items()
        for time, key, value in rows
        if (key, value) == ("status", "lost")
    }
    reasons = {
        (deal, time): value
        for deal, rows in sample.every_deal.items()
        for time, key, value in rows
        if key == "lost_reason"
    }
    assert set(reasons) < losses
    assert 0.01 < 1 - len(reasons) / len(losses) < 0.06
    assert set(reasons.values()) == {"1", "2", "3", "4", "5"}


def test_lost_reasons_depend_on_the_stage(sample):
    reasons = defaultdict(Counter)
    for deal in sample.deals:
        entries = stage_entries(sample, deal)
        for reason in sample.values(deal, "lost_reason"):
            reasons["early" if entries[-1][1] in (1, 2, 11, 12) else "late"][reason] += 1
    assert reasons["early"]["3"] / reasons["early"].total() > 0.4
    assert reasons["late"]["3"] / reasons["late"].total() < 0.2


def test_values_are_numbers_some_missing_some_late_some_changed(sample):
    values = {deal: sample.values(deal, "value") for deal in sample.deals}
    assert all(re.fullmatch(r"\d+(\.\d\d)?", value) for found in values.values() for value in found)
    assert 0.05 < sample.share([deal for deal in values if not values[deal]]) < 0.1
    assert 0.08 < sample.share([deal for deal in values if len(set(values[deal])) > 1]) < 0.16
    assert any("." in value for found in values.values() for value in found)
    late = [
        deal
        for deal, rows in sample.deals.items()
        if values[deal] and next(time for time, key, _ in rows if key == "value") > rows[0][0]
    ]
    assert 0.08 < sample.share(late) < 0.18


def test_every_valued_deal_has_one_currency_of_three(sample):
    currencies = Counter(tuple(sample.values(deal, "currency")) for deal in sample.deals)
    priced = sum(bool(sample.values(deal, "value")) for deal in sample.deals)
    assert set(currencies) == {("EUR",), ("USD",), ("GBP",), ()}
    assert priced == len(sample.deals) - currencies[()]
    assert currencies["EUR",] > currencies["USD",] > currencies["GBP",] > 50


def test_expected_close_dates_are_pushed_pulled_in_and_missing(sample):
    dates = {deal: sample.values(deal, "expected_close_date") for deal in sample.deals}
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d", date) for found in dates.values() for date in found)
    moves = {deal: {later > date for date, later in pairwise(found)} for deal, found in dates.items()}
    assert 0.03 < sample.share([deal for deal in dates if not dates[deal]]) < 0.09
    assert 0.15 < sample.share([deal for deal in moves if True in moves[deal]]) < 0.3
    assert 0.08 < sample.share([deal for deal in moves if False in moves[deal]]) < 0.18


def test_two_pipelines_each_with_its_own_stages_and_a_few_moves_between_them(sample):
    stages_of = defaultdict(set)
    for row in sample.stages:
        stages_of[row["pipeline_id"]].add(int(row["stage_id"]))
    assert stages_of == {"1": set(range(1, 10)), "2": set(range(11, 16))}
    first = Counter(sample.values(deal, "pipeline_id")[0] for deal in sample.deals)
    assert 0.06 < first["2"] / len(sample.deals) < 0.1
    moved = [deal for deal in sample.deals if sample.values(deal, "pipeline_id") == ["2", "1"]]
    assert 1 <= len(moved) <= 10
    for deal in set(sample.deals) - set(moved):
        pipeline = sample.values(deal, "pipeline_id")[0]
        assert {stage for _, stage in stage_entries(sample, deal)} <= stages_of[pipeline]


# What an analysis should find --------------------------------------------------------------


@pytest.mark.parametrize("seed", ["20240101", "1", "2", "3"])
def test_first_entries_to_step_one_never_fall_by_15_percent(tmp_path, seed):
    first = {}
    for row in read(generate(tmp_path, "--seed", seed) / "deal_changes.csv"):
        if (row["changed_field_key"], row["new_value"]) == ("stage_id", "1"):
            deal, time = row["deal_id"], row["change_time"]
            first[deal] = min(time, first.get(deal, time))
    per_month = Counter(time[:7] for time in first.values())
    assert sorted(per_month) == MONTHS
    ratios = {month: per_month[month] / per_month[before] for before, month in pairwise(MONTHS)}
    assert min(ratios.values()) > 0.85, ratios


def test_win_rate_differs_by_tier_of_the_owner(sample):
    tiers = defaultdict(list)
    for deal in sample.deals:
        if owners := sample.values(deal, "user_id"):
            tiers[int(owners[-1]) % 3].append(deal)
    rates = [sample.win_rate(tiers[tier]) for tier in range(3)]
    assert rates[0] > rates[1] + 0.05
    assert rates[1] > rates[2] + 0.05


def test_win_rate_falls_with_the_value(sample):
    bands = defaultdict(list)
    for deal in sample.deals:
        if values := sample.values(deal, "value"):
            bands[sum(float(values[-1]) >= bound for bound in (10_000, 50_000))].append(deal)
    rates = [sample.win_rate(bands[band]) for band in range(3)]
    assert rates[0] > rates[1] + 0.04
    assert rates[1] > rates[2] + 0.04


# Wrong calls -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--deals", "0"], "--deals: 0 is not from 1 to 100000000"),
        (["--deals", "2e3"], "--deals: invalid int value: '2e3'"),
        (["--months", "121"], "--months: 121 is not from 1 to 120"),
        (["--only", "zoho"], "--only: invalid choice: 'zoho'"),
        (["--sede", "1"], "unrecognized arguments: --sede"),
    ],
)
def test_a_bad_argument_is_named(capsys, arguments, complaint):
    with pytest.raises(SystemExit) as exit_info:
        generate_sample(arguments)
    error = capsys.readouterr().err
    assert exit_info.value.code == 2
    assert complaint in error


def test_unwritable_output_ends_in_one_clear_line(tmp_path, capsys):
    (tmp_path / "taken").write_text("a file, not a folder")
    assert generate_sample(["--output", str(tmp_path / "taken")]) == 1
    error = capsys.readouterr().err
    assert "cannot write" in error
    assert "choose another --output" in error
    assert error.count("\n") == 1


def test_full_disk_names_the_folder(tmp_path, capsys, monkeypatch):
    def write(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pipedrive, "write", write)
    assert generate_sample(["--output", str(tmp_path)]) == 1
    assert f"cannot write {tmp_path / 'pipedrive'}: No space left on device" in capsys.readouterr().err


# Salesforce ---------------------------------------------------------------------------------


def test_thirty_closings_are_backdated_and_ten_of_them_not_logged(sample: Sample):
    folder = sample.folder.parent / "salesforce"
    last = {row["OpportunityId"]: row for row in read(folder / "OpportunityHistory.csv")}
    backdated = unlogged = 0
    for row in read(folder / "Opportunity.csv"):
        if row["IsClosed"] == "True":
            logged = last[row["Id"]]
            entered = (
                logged["CreatedDate"] if logged["StageName"] == row["StageName"] else row["SystemModstamp"]
            )
            backdated += row["CloseDate"] < entered[:10]
            unlogged += logged["StageName"] != row["StageName"]
            assert row["CreatedDate"][:10] <= row["CloseDate"] <= entered[:10]
    assert (backdated, unlogged) == (30, 10)


def test_tasks_events_and_lines_are_of_the_opportunities(sample: Sample):
    folder = sample.folder.parent / "salesforce"
    amounts = {row["Id"]: row["Amount"] for row in read(folder / "Opportunity.csv")}
    tasks, events = read(folder / "Task.csv"), read(folder / "Event.csv")
    assert (len(tasks), len(events)) == (1_509, 306)
    assert {row["WhatId"] for row in tasks + events if row["WhatId"].startswith("006")} <= set(amounts)
    assert max(row["StartDateTime"] for row in events) < "2025-06-30"
    assert max(row["CompletedDateTime"] for row in tasks) < "2025-06-30"
    totals: dict[str, int] = defaultdict(int)
    for row in read(folder / "OpportunityLineItem.csv"):
        assert int(row["Quantity"]) * int(row["UnitPrice"]) == int(row["TotalPrice"])
        totals[row["OpportunityId"]] += int(row["TotalPrice"])
    assert totals == {opportunity: int(amounts[opportunity]) for opportunity in totals}
    assert len(totals) > 300
