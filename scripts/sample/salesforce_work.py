"""What people do for the sample's opportunities, and what they sell: Task, Event, UserRole.

1 500 tasks and 300 events for 1 200 opportunities, drawn from a stream of its own, so that the other files are as they
were before there were these. Of the tasks 85 % are done, a fifth of those without CompletedDateTime; of the others a
fifth have no due day; 3 % are about an account. A tenth have no Type, but a TaskSubtype. All lie before the last day of
the data. Tasks and events of a deleted opportunity are deleted as well, but for every third.
"""

from __future__ import annotations

from sample.draws import DAY, Calendar, Files, pick, stream

TASK = (
    "Id", "WhatId", "OwnerId", "Type", "TaskSubtype", "Status", "IsClosed", "ActivityDate", "CompletedDateTime",
    "CreatedDate", "IsDeleted",
)  # fmt: skip
EVENT = ("Id", "WhatId", "OwnerId", "Type", "ActivityDateTime", "StartDateTime", "EndDateTime", "IsDeleted")
ROLE = ("Id", "Name", "ParentRoleId")
ROLES = (
    "Sales Director",
    "Account Executive",
    "Partner Manager",
    "Sales Development",
)  # the first is over all
TYPES = ("Call",) * 5 + ("Email",) * 3 + ("Demo", "")
SUBTYPES = {"Call": "Call", "Email": "Email"}
STATUSES = ("Not Started", "Not Started", "In Progress", "Waiting on someone else")


class Work:
    """Writes the tasks and events of opportunities one by one."""

    def __init__(self, calendar: Calendar, seed: int, files: Files) -> None:
        self.calendar, self.files = calendar, files
        self.random = stream(seed + 16)

    def moment(self, created: int, last: int) -> int:
        """A second of the opportunity's life, or of the days after it, but not of the data's last day."""
        moment = created + int((last - created + 5 * DAY) * self.random())
        return max(0, min(moment, self.calendar.end - DAY - 1))

    def add(
        self, opportunity: str, account: str, owner: str, created: int, last: int, is_deleted: bool
    ) -> None:
        """The tasks and events of one opportunity, from its creation to its last change."""
        for _ in range(pick(self.random, (0, 0, 1, 1, 1, 2, 2, 3))):
            self.add_task(opportunity, account, owner, self.moment(created, last), is_deleted)
        if self.random() < 0.25:
            number = self.files.rows["Event.csv"] + 1
            start = self.moment(created, last) // 900 * 900
            at = [self.calendar.stamp_in_utc(second) for second in (start, start + 1_800)]
            kind = pick(self.random, ("Meeting", "Meeting", "Demo", ""))
            gone = is_deleted and number % 3 > 0
            self.files.put("Event.csv", f"00U5g{number:010d}AAA", opportunity, owner, kind, at[0], *at, gone)

    def add_task(self, opportunity: str, account: str, owner: str, second: int, is_deleted: bool) -> None:
        random, calendar = self.random, self.calendar
        number = self.files.rows["Task.csv"] + 1
        kind, is_done = pick(random, TYPES), random() < 0.85
        due = "" if not is_done and random() < 0.2 else calendar.dates[second // DAY]
        completed = calendar.stamp_in_utc(second) if is_done and random() < 0.8 else ""
        self.files.put(
            "Task.csv", f"00T5g{number:010d}AAA", account if random() < 0.03 else opportunity, owner, kind,
            SUBTYPES.get(kind, "Task"), "Completed" if is_done else pick(random, STATUSES), is_done, due, completed,
            calendar.stamp_in_utc(max(0, second - int(DAY * random()))), is_deleted and number % 3 > 0,
        )  # fmt: skip


def role_rows(identifiers: list[str]) -> list[tuple[str, ...]]:
    """A row for each of the four roles that users have."""
    return [
        (identifier, name, "" if identifier == identifiers[0] else identifiers[0])
        for identifier, name in zip(identifiers, ROLES, strict=True)
    ]
