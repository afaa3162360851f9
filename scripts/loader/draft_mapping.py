"""A first draft of a mapping for a file that nothing fits. It loads once what it asks for is written into it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher

from loader.export_files import Source
from loader.profiles import Profile
from loader.raw_tables import RawTable

ASK = "WRITE THE COLUMN"
ALIKE = 0.85
# Without a better guess it is taken for a list of opportunities, and these are what their columns are called elsewhere.
OPPORTUNITY: dict[str, tuple[str, ...]] = {
    name: tuple(words.split(", "))
    for name, words in {
        "Id": "id, record id, deal id, deal no, no, opportunity id, opportunity, number, key",
        "OwnerId": (
            "owner id, deal owner id, user id, owner, deal owner, sales owner, sales agent, sales rep, "
            "rep, assigned to"
        ),
        "AccountId": "account id, account name id, account, company, organization, customer",
        "StageName": "stage, deal stage, sales stage, pipeline stage, status label, status",
        "Amount": "amount, deal value, value, est revenue, revenue",
        "CurrencyIsoCode": "currency, currency code, value currency",
        "CreatedDate": (
            "created, create date, created date, creation date, created at, created on, created time, "
            "date created, engage date"
        ),
        "CloseDate": (
            "close date, closed, closed date, date closed, closed on, closing date, actual close date, "
            "expected close date, close time"
        ),
        "LeadSource": "lead source, source",
    }.items()
}
NEEDED = ("Id", "StageName")
# Beside the stage many have a column that says open, won or lost.
OUTCOME = ("status", "deal status", "status type", "outcome", "result")


def draft(source: Source, columns: list[Profile], table: RawTable | None) -> str:
    """The mapping as JSON."""
    wanted, needed = OPPORTUNITY, list(NEEDED)
    if table:
        # Lists call a thing of theirs id and name where another file says stage_id.
        wanted = {column.name: (column.name, column.name.rsplit("_")[-1]) for column in table.columns}
        needed = [column.name for column in table.columns if not column.optional]
    rules: dict[str, object] = {}
    found = dict(_matches(wanted, columns))
    for name in wanted:
        if name in found:
            column = found[name]
            is_person = name == "OwnerId" and column.kind == "text" and not _plain(column.name).endswith("id")
            more = column.rule | ({"pseudonym": "WRITE SECRET WORDS"} if is_person else {})
            rules[name] = {"column": column.name} | more if more else column.name
        elif name in needed:
            rules[name] = ASK
    if not table:
        stage = found["StageName"].name if "StageName" in found else ASK
        outcome = next((column.name for column in columns if _plain(column.name) in OUTCOME), stage)
        won = {"Closed Won": True, "Won": True}
        closed = won | {"Closed Lost": True, "Lost": True}
        rules |= {
            name: {"column": outcome, "values": values, "otherwise": False}
            for name, values in (("IsClosed", closed), ("IsWon", won))
        }
    load_as = table.file_name if table else "Opportunity.csv"
    return json.dumps({source.name: {"load_as": load_as, "columns": rules}}, indent=2, ensure_ascii=False)


def _matches(wanted: dict[str, tuple[str, ...]], columns: list[Profile]) -> Iterator[tuple[str, Profile]]:
    """Each wanted column with the one whose name is most like one of its names, the best pairs first; of those that are
    as like, the one with the earlier name."""
    scored = sorted(
        (
            (
                *max(
                    (SequenceMatcher(None, _plain(column.name), _plain(name)).ratio(), -place)
                    for place, name in enumerate(names)
                ),
                target,
                column,
            )
            for target, names in wanted.items()
            for column in columns
        ),
        key=lambda pair: (-pair[0], -pair[1]),
    )
    taken: set[str] = set()
    for score, _, target, column in scored:
        if score >= ALIKE and not {target, column.name} & taken:
            taken |= {target, column.name}
            yield target, column


def _plain(name: str) -> str:
    """The words of a name: `Deal - Stage` and DEAL_STAGE are one, and so are `Amount (EUR)` and `Amount`."""
    name = re.sub(r"\([^()]*\)", " ", name) if not name.endswith(")") or not name.startswith("(") else name
    return " ".join(re.findall(r"[a-z0-9]+", re.sub("([a-z])([A-Z])", r"\1 \2", name).lower()))
