"""A small CRM that changes at random and exports itself, for proofs about sequences of loads.

The world is tiny on purpose (a few deals, four stages, two calls, three months): ties, re-entries, month moves and
cells that fall to zero happen in nearly every sequence.
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterable
from pathlib import Path

LOG_HEADER = ("deal_id", "change_time", "changed_field_key", "new_value")
STAGE_HEADER = ("stage_id", "stage_name", "pipeline_id", "order_nr")
LIST_HEADER = ("id", "stage_id", "owner_id", "status", "value", "update_time")
ACTIVITY_HEADER = ("activity_id", "type", "assigned_to_user", "deal_id", "done", "due_to")

LogRow = tuple[int, str, str, str]
Activity = tuple[str, int, str, str]  # type, user, done, due time


class Crm:
    """Holds the truth of the moment: the change log, the activities and the list of a few deals, and the order of the
    stages. The list agrees with the log by chance alone."""

    def __init__(self, rng: random.Random, deals: int = 5) -> None:
        self.rng = rng
        self.deal_ids = list(range(1, deals + 1))
        self.log: list[LogRow] = []  # with repeats: a field may be set twice in a second
        self.activities: dict[tuple[int, int], Activity] = {}
        self.listed: dict[int, tuple[str, str, str, str, str]] = {}
        self.graveyard: set[LogRow] = set()
        self.stages: dict[int, tuple[str, int, int]] = {
            1: ("Lead", 1, 1),
            2: ("Qualified", 1, 2),
            3: ("Proposal", 1, 3),
            11: ("Partner lead", 2, 1),
        }

    def change(self) -> None:
        """Apply one random change: an addition, a correction, a deletion or a restoration."""
        operations = [
            (10, self._add_log_row),
            (2, self._repeat_log_row),
            (4, self._add_activity),
            (3, self._correct_log_row),
            (3, self._correct_activity),
            (2, self._delete_log_row),
            (1, self._delete_activity),
            (1, self._delete_deal),
            (2, self._restore_log_row),
            (1, self.reorder_stages),
            (3, self._list_deal),
            (1, self._unlist_deal),
        ]
        weights = [weight for weight, _ in operations]
        self.rng.choices([operation for _, operation in operations], weights)[0]()

    def export(self, folder: Path, delta_from: Crm | None = None) -> list[Path]:
        """Write the export files into folder; with delta_from only rows that differ, and some old ones.

        Files without rows are not written. Returns the files written.
        """
        log, activities = self.log, dict(self.activities)
        if delta_from is not None:
            log = [
                row for row in log if log.count(row) != delta_from.log.count(row) or self.rng.random() < 0.1
            ]
            activities = {
                key: row
                for key, row in activities.items()
                if delta_from.activities.get(key) != row or self.rng.random() < 0.1
            }
        listed = {
            deal_id: row
            for deal_id, row in self.listed.items()
            if delta_from is None or delta_from.listed.get(deal_id) != row
        }
        log_rows = sorted(log)
        self.rng.shuffle(log_rows)
        activity_rows = [
            (activity_id, kind, user, deal_id, done, due)
            for (deal_id, activity_id), (kind, user, done, due) in sorted(activities.items())
        ]
        folder.mkdir(parents=True, exist_ok=True)
        written = []
        for name, header, rows in (
            ("deal_changes.csv", LOG_HEADER, log_rows),
            ("activity.csv", ACTIVITY_HEADER, activity_rows),
            ("deals.csv", LIST_HEADER, [(deal_id, *row) for deal_id, row in sorted(listed.items())]),
            (
                "stages.csv",
                STAGE_HEADER,
                [(stage_id, *stage) for stage_id, stage in sorted(self.stages.items())],
            ),
        ):
            if rows:
                written.append(_write(folder / name, header, rows))
        return written

    def copy(self) -> Crm:
        other = Crm(self.rng)
        other.log, other.activities, other.stages = list(self.log), dict(self.activities), dict(self.stages)
        other.listed = dict(self.listed)
        return other

    def first_stage_entries(self, steps: dict[str, str]) -> dict[tuple[str, str], int]:
        """(month, funnel step) → deals whose first entry to a stage falls there; `steps`: stage → step of the funnel.

        Shares no code with the models. It knows nothing of deletions: see has_deletions.
        """
        first: dict[tuple[int, str], str] = {}
        for deal_id, time, key, value in self.log:
            if key == "stage_id" and value in steps:
                first[deal_id, steps[value]] = min(time, first.get((deal_id, steps[value]), time))
        counts: dict[tuple[str, str], int] = {}
        for (_, step), time in first.items():
            cell = (time[:7] + "-01", step)
            counts[cell] = counts.get(cell, 0) + 1
        return counts

    def has_deletions(self) -> bool:
        """Whether a deal was ever marked as deleted; of two marks of one instant only the file tells the last."""
        return any(value == "deleted" for _, _, _, value in self.log)

    def _time(self) -> str:
        # Few distinct instants, so that ties and month boundaries are common.
        month, day = self.rng.randint(1, 3), self.rng.choice([1, 17, 28])
        return f"2024-{month:02d}-{day:02d} {self.rng.choice(['00:00:00', '09:00:00', '23:59:59'])}"

    def _log_row(self) -> LogRow:
        key, values = self.rng.choices(
            [
                ("stage_id", ["1", "2", "3", "11", "99"]),
                ("status", ["open", "won", "lost", "deleted"]),
                ("lost_reason", ["1", "2"]),
                ("user_id", ["1", "2", "3"]),
                ("pipeline_id", ["1", "2"]),
                ("add_time", ["2024-01-01T00:00:00"]),
                ("value", ["100", "250.50", ""]),
            ],
            [10, 3, 3, 3, 1, 1, 1],
        )[0]
        return self.rng.choice(self.deal_ids), self._time(), key, self.rng.choice(values)

    def _add_log_row(self) -> None:
        self.log.append(self._log_row())

    def _repeat_log_row(self) -> None:
        if self.log:
            self.log.append(self.rng.choice(sorted(self.log)))

    def _correct_log_row(self) -> None:
        if self.log:
            old = self.rng.choice(sorted(self.log))
            self.log.remove(old)
            self.graveyard.add(old)
            self.log.append((old[0], self._time(), old[2], old[3]))

    def _delete_log_row(self) -> None:
        if self.log:
            old = self.rng.choice(sorted(self.log))
            self.log.remove(old)
            self.graveyard.add(old)

    def _restore_log_row(self) -> None:
        if self.graveyard:
            self.log.append(self.rng.choice(sorted(self.graveyard)))

    def reorder_stages(self) -> None:
        stage_id = self.rng.choice([1, 2, 3])
        name, pipeline_id, _ = self.stages[stage_id]
        self.stages[stage_id] = (name, pipeline_id, self.rng.randint(1, 5))

    def _list_deal(self) -> None:
        self.listed[self.rng.choice([*self.deal_ids, 77])] = (
            self.rng.choice(["1", "2", "3"]),
            self.rng.choice(["1", "2", ""]),
            self.rng.choice(["open", "won", "lost", "deleted"]),
            self.rng.choice(["100", "250.50", ""]),
            self._time(),
        )

    def _unlist_deal(self) -> None:
        if self.listed:
            del self.listed[self.rng.choice(sorted(self.listed))]

    def _add_activity(self) -> None:
        key = (self.rng.choice(self.deal_ids), self.rng.randint(1, 6))
        self.activities[key] = (
            self.rng.choice(["meeting", "sc_2", "follow_up"]),
            self.rng.randint(1, 3),
            self.rng.choice(["True", "True", "False"]),
            self._time(),
        )

    def _correct_activity(self) -> None:
        if self.activities:
            key = self.rng.choice(sorted(self.activities))
            kind, user, done, due = self.activities[key]
            if self.rng.random() < 0.5:
                done = "False" if done == "True" else "True"
            else:
                due = self._time()
            self.activities[key] = (kind, user, done, due)

    def _delete_activity(self) -> None:
        if self.activities:
            del self.activities[self.rng.choice(sorted(self.activities))]

    def _delete_deal(self) -> None:
        deal_id = self.rng.choice(self.deal_ids)
        gone = {row for row in self.log if row[0] == deal_id}
        self.graveyard |= gone
        self.log = [row for row in self.log if row[0] != deal_id]
        self.activities = {key: row for key, row in self.activities.items() if key[0] != deal_id}


def _write(path: Path, header: tuple[str, ...], rows: Iterable[tuple]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(rows)
    return path
