-- After init.sql, on the coordinator of a Citus cluster: the raw tables that grow go to the shards, by deal, so that a
-- deal's log, its activities and its facts lie together. Safe to run again. docs/citus.md says when and how.

create extension if not exists citus;

do $$
declare
    target record;
begin
    for target in
        select names.table_name, names.distribute_by
        from (
            values
            ('raw.deal_changes', 'deal_id'),
            ('raw.activity', 'deal_id'),
            ('raw.stages', null),
            ('raw.fields', null),
            ('raw.users', null),
            ('raw.activity_types', null)
        ) as names (table_name, distribute_by)
        union all
        select 'raw.' || table_name, null from raw.files where is_setting
    loop
        continue when exists (select from pg_dist_partition where logicalrelid = target.table_name::regclass);
        if target.distribute_by is null then
            perform create_reference_table(target.table_name);
        else
            perform create_distributed_table(target.table_name, target.distribute_by, colocate_with => 'default');
        end if;
    end loop;
end
$$;

-- A build reads the shards and writes copies to every node in one transaction, which Citus allows over one connection only.
alter role transformer set citus.multi_shard_modify_mode = 'sequential';
-- What a model forbids the planner (nested loops, in an increment) holds on the shards as well.
alter role transformer set citus.propagate_set_commands = 'local';
