-- Every batch appended as many rows to its raw table as it says. Rows outside any batch (loaded by hand) are not judged.
with batches as (
    select
        files.table_name,
        batches._loaded_at,
        sum(batches.rows_new + batches.rows_changed + batches.rows_deleted) as rows_appended
    from {{ source('loads', 'load_batches') }} as batches
    inner join {{ source('loads', 'files') }} as files on batches.file_name = files.file_name
    group by files.table_name, batches._loaded_at
),

counted as (
    {%- for table in ['deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users'] %}
    select
        '{{ table }}' as table_name,
        _loaded_at,
        count(*) as rows_held
    from {{ source('pipedrive', table) }}
    group by _loaded_at
    {{ 'union all' if not loop.last }}
    {%- endfor %}
)

select
    batches.table_name,
    batches._loaded_at,
    batches.rows_appended,
    coalesce(counted.rows_held, 0) as rows_held
from batches
left join counted
    on
        batches.table_name = counted.table_name
        and batches._loaded_at = counted._loaded_at
where
    batches.rows_appended <> coalesce(counted.rows_held, 0)
    and batches.table_name in ('deal_changes', 'activity', 'activity_types', 'stages', 'fields', 'users')
