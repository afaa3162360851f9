-- mode: delta, optional. A run merges into the table: what is gone in HubSpot stays.
-- needs owners: id
-- takes owners: email, first_name, last_name, archived, is_deleted, _dlt_id
-- newest of owners: id by _dlt_load_id
-- takes owners__teams: _dlt_parent_id, name, primary
-- lacks: owners who left where soft_delete is off
with teams as (
    select distinct on (_dlt_parent_id)
        _dlt_parent_id,
        name
    from owners__teams
    order by _dlt_parent_id asc, "primary" = 'true' desc nulls last, name asc
)

select
    owners.id as owner_id,
    nullif(concat_ws(' ', owners.first_name, owners.last_name), '') as name,
    owners.email,
    teams.name as team,
    coalesce(owners.archived = 'true' or owners.is_deleted = 'true', false) as archived
from owners
left join teams
    on owners._dlt_id = teams._dlt_parent_id
