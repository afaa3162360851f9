"""What deals refer to and no file of stages or users names: told once, by the load that brings it. And that there is a
list of deals without a log, or one of opportunities of which none is closed."""

from __future__ import annotations

from datetime import datetime

from psycopg2.extensions import cursor as Cursor

from loader.messages import say, show, warn

# Asked first, so that a log is read for what is missing only.
MISSING = """
    select not exists (select from raw.stages), not exists (select from raw.users)
    where exists (select from raw.deal_changes where _loaded_at = %s)
"""
BROUGHT = """
    select changed_field_key, btrim(new_value) as name
    from raw.deal_changes
    where changed_field_key = any(%(fields)s) and btrim(new_value) <> '' and _loaded_at = %(loaded_at)s
    group by changed_field_key, name
    order by min(change_time), name
"""
EARLIER = """
    select distinct changed_field_key, btrim(new_value)
    from (
        select changed_field_key, new_value from raw.deal_changes
        where changed_field_key = any(%(fields)s) and _loaded_at < %(loaded_at)s
        limit %(rows)s
    ) as earlier
    where btrim(new_value) = any(%(names)s)
"""
STAGES_BY_NAME = """
    select btrim(new_value) as stage
    from raw.deal_changes
    where changed_field_key = 'stage_id' and _loaded_at = %s
        and btrim(new_value) not in (select stage_id from raw.stages)
        and lower(btrim(new_value)) in (select lower(btrim(stage_name)) from raw.stages)
    group by stage
    order by min(change_time), stage
"""
LOG_WITHOUT_STAGES = """
    select array(
        select distinct btrim(changed_field_key) from raw.deal_changes where _loaded_at = %s order by 1
    )
    where exists (select from raw.deal_changes where _loaded_at = %s)
        and not exists (select from raw.deal_changes where btrim(changed_field_key) = 'stage_id')
"""
LIST_WITHOUT_LOG = """
    select exists (select from raw.load_batches where file_name = 'deals.csv' and _loaded_at = %s)
        and exists (select from raw.pipedrive_deal) and not exists (select from raw.deal_changes)
"""
NONE_CLOSED = """
    select count(*)
    from raw.salesforce_opportunity
    where exists (select from raw.load_batches where file_name = 'opportunity.csv' and _loaded_at = %s)
    having count(*) >= %s and not bool_or(isclosed)
"""
# Of lists that have their deals' own stages and owners; Pipedrive's log tells them itself.
LISTS_WITHOUT_NAMES = """
    select lists.missing, lists.what
    from (
        values
        ('hubspot_deals.csv', 'hubspot_pipeline_stages.csv', 'stages', exists (select from raw.hubspot_deal),
            exists (select from raw.hubspot_pipeline_stage)),
        ('hubspot_deals.csv', 'hubspot_owners.csv', 'owners',
            exists (select from raw.hubspot_deal where hubspot_owner_id <> ''), exists (select from raw.hubspot_owner)),
        ('opportunity.csv', 'OpportunityStage.csv', 'stages', exists (select from raw.salesforce_opportunity),
            exists (select from raw.salesforce_opportunity_stage)),
        ('opportunity.csv', 'User.csv', 'owners',
            exists (select from raw.salesforce_opportunity where ownerid <> ''),
            exists (select from raw.salesforce_user))
    ) as lists (deals, missing, what, is_there, is_named)
    where is_there and not is_named
        and (select min(_loaded_at) from raw.load_batches where file_name = lists.deals) = %s
"""
ENOUGH = 20  # opportunities of which one is closed, where the CRM is not quite new
LISTED = 20
USUAL_ROWS = (
    50_000  # of a long log: nearly all names are among them, and the rest of it is read for the others only
)


def say_missing_references(cursor: Cursor, loaded_at: datetime) -> None:
    """Without a file of stages or users what the log calls them stands. Where the file has ids and the log names, the
    stages of the one are not those of the other. A list of deals alone counts nowhere, and what calls the field of the
    stage by another name brings no stages."""
    cursor.execute(LIST_WITHOUT_LOG, [loaded_at])
    if cursor.fetchone() == (True,):
        warn(
            "no report will count the deals of deals.csv: it is Pipedrive's list, which is only compared with the log, "
            "deal_changes.csv, and none is loaded; --mapping pipedrive_api_deals loads what such a list itself tells, "
            "and a file of another system needs a mapping of its own, see docs/mapping.md"
        )
    cursor.execute(LISTS_WITHOUT_NAMES, [loaded_at])
    for missing, what in cursor.fetchall():
        order = ", in the order in which deals first reached them" if what == "stages" else ""
        say(f"no {missing} is loaded: {what} stand by what the deals call them{order}")
    cursor.execute(NONE_CLOSED, [loaded_at, ENOUGH])
    if (opportunities := cursor.fetchone()) is not None:
        warn(
            f"none of {opportunities[0]:,} opportunities is closed, so nothing is won or lost; if some are, look "
            "whether the mapping lists for IsClosed and IsWon what your system writes there"
        )
    cursor.execute(LOG_WITHOUT_STAGES, [loaded_at, loaded_at])
    if (logged := cursor.fetchone()) is not None:
        warn(
            "deal_changes.csv has no changes of the field stage_id, so no deal is in a stage; its fields are "
            f"{_listed([show(name) for name in logged[0]])}; if stages have another name there, replace it in a "
            "mapping, see docs/mapping.md"
        )
    cursor.execute(MISSING, [loaded_at])
    if not (lacks := cursor.fetchone()):
        return
    fields = [field for field, is_missing in zip(("stage_id", "user_id"), lacks, strict=True) if is_missing]
    unnamed = _first_named(cursor, fields, loaded_at) if fields else []
    names = [show(name) for field, name in unnamed if field == "stage_id"]
    if names:
        order = "of first appearance"
        if all(name.isdecimal() for name in names):
            names, order = sorted(names, key=int), "of their ids"
        say(
            "no stages.csv is loaded: stages stand by what the log calls them, in the order "
            f"{order}: {_listed(names)}"
        )
    if owners := len(unnamed) - len(names):
        say(
            f"no users.csv is loaded: {owners:,} owners stand by their ids in the log, "
            "or by hashes where those are names"
        )
    cursor.execute(STAGES_BY_NAME, [loaded_at])
    if names := [show(name) for (name,) in cursor.fetchall()]:
        warn(
            f"deal_changes.csv calls stages by names of which stages.csv has the ids, so they count as others: "
            f"{_listed(names)}; write the names in place of the ids into stages.csv, or look the ids up in a mapping "
            "of the log, see docs/mapping.md"
        )


def _first_named(cursor: Cursor, fields: list[str], loaded_at: datetime) -> list[tuple[str, str]]:
    """Field and name of what this load brings and no earlier one had, in the order of the log."""
    asked: dict[str, object] = {"fields": fields, "loaded_at": loaded_at}
    cursor.execute(BROUGHT, asked)
    found = cursor.fetchall()
    for rows in (USUAL_ROWS, None):
        if found:
            cursor.execute(EARLIER, asked | {"names": [name for _, name in found], "rows": rows})
            earlier = set(cursor.fetchall())
            found = [pair for pair in found if pair not in earlier]
    return found


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more
