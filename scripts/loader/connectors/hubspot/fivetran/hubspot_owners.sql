-- mode: delta, optional. An owner who left stays as he was.
-- needs owner: owner_id
-- takes owner: email, first_name, last_name
-- takes owner_team: owner_id, team_id, is_team_primary, _fivetran_deleted
-- takes team: id, name
-- lacks: whether an owner has left
with teams as (
    select distinct on (owner_team.owner_id)
        owner_team.owner_id,
        team.name
    from owner_team
    inner join team
        on owner_team.team_id = team.id
    where owner_team._fivetran_deleted is distinct from 'true'
    order by owner_team.owner_id asc, owner_team.is_team_primary = 'true' desc nulls last, team.name asc
)

select
    owner.owner_id,
    nullif(concat_ws(' ', owner.first_name, owner.last_name), '') as name,
    owner.email,
    teams.name as team
from owner
left join teams
    on owner.owner_id = teams.owner_id
