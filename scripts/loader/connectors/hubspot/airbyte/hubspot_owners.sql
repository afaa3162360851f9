-- mode: delta, optional. A stream has a start date: what lies before it is missing, not deleted.
-- needs owners: id
-- takes owners: email, firstname, lastname, archived, teams
-- newest of owners: id by _airbyte_extracted_at/_airbyte_emitted_at
-- takes owners_archived: id, email, firstname, lastname, teams
-- newest of owners_archived: id by _airbyte_extracted_at/_airbyte_emitted_at
-- lacks: rows from before the stream's start date
with all_owners as (
    select
        id,
        email,
        firstname,
        lastname,
        coalesce(archived = 'true', false) as archived,
        teams
    from owners
    union all
    select
        owners_archived.id,
        owners_archived.email,
        owners_archived.firstname,
        owners_archived.lastname,
        true as archived,
        owners_archived.teams
    from owners_archived
    left join owners
        on owners_archived.id = owners.id
    where owners.id is null
)

select
    id as owner_id,
    nullif(concat_ws(' ', firstname, lastname), '') as name,
    email,
    (
        select team ->> 'name'
        from json_array_elements(all_owners.teams::json) as team
        order by team ->> 'primary' = 'true' desc nulls last, team ->> 'name'
        limit 1
    ) as team,
    archived
from all_owners
