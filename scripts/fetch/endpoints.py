"""What is asked of Pipedrive's API: one table, to be changed here when an endpoint moves from v1 to v2.

Both versions name some columns in their own way. `values.py` knows both, so a path, its parameters and the kind of its
paging are all that a version changes. Kinds of paging: `cursor` is v2's, `start` v1's; an answer that names no next
page is the last in either.
"""

from __future__ import annotations

from typing import NamedTuple


class Endpoint(NamedTuple):
    """`since` is the parameter that asks for what has changed since a time, where there is one."""

    path: str
    paging: str
    params: dict[str, str]
    since: str | None = None


LIMIT = {"limit": "500"}  # the most that a page may hold
DEALS = LIMIT | {"status": "open,won,lost,deleted", "sort_by": "id"}

ENDPOINTS = {
    "deals": Endpoint("/api/v2/deals", "cursor", DEALS, "updated_since"),
    # Archived deals are in no other list.
    "archived deals": Endpoint("/api/v2/deals/archived", "cursor", DEALS, "updated_since"),
    # v2 has no log yet. `all_changes` is every field, `items` leaves out mails, notes and files, which fill pages.
    "flow": Endpoint("/v1/deals/{id}/flow", "start", LIMIT | {"all_changes": "1", "items": "dealChange"}),
    "activities": Endpoint("/api/v2/activities", "cursor", LIMIT, "updated_since"),
    # In v1 alone so far. Those put aside are in no other list.
    "leads": Endpoint("/v1/leads", "start", LIMIT),
    "archived leads": Endpoint("/v1/leads/archived", "start", LIMIT),
    "activity types": Endpoint("/v1/activityTypes", "start", {}),
    "stages": Endpoint("/api/v2/stages", "cursor", LIMIT),
    "pipelines": Endpoint("/api/v2/pipelines", "cursor", LIMIT),
    "users": Endpoint("/v1/users", "start", {}),
    "fields": Endpoint("/api/v2/dealFields", "cursor", LIMIT),
}
