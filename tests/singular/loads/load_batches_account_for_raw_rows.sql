-- Every batch appended as many rows to its raw table as it says. Rows outside any batch (loaded by hand) are not judged.
{% set tables = [] %}
{% if execute %}
    {% set names %}select table_name from {{ source('loads', 'files') }} where to_regclass('raw.' || table_name) is not null order by 1{% endset %}
    {% set tables = run_query(names).columns[0].values() %}
{% endif %}

with files as (
    select * from {{ source('loads', 'files') }}
),

file_batches as (
    select * from {{ source('loads', 'load_batches') }}
),

batches as (
    select
        files.table_name,
        file_batches._loaded_at,
        sum(file_batches.rows_new + file_batches.rows_changed + file_batches.rows_deleted) as rows_appended
    from file_batches
    inner join files on file_batches.file_name = files.file_name
    group by files.table_name, file_batches._loaded_at
),

counted as (
    {%- for table in tables %}
    select
        '{{ table }}' as table_name,
        _loaded_at,
        count(*) as rows_held
    from raw.{{ table }}
    group by _loaded_at
    {{ 'union all' if not loop.last }}
    {%- else %}
    select
        null as table_name,
        null::timestamptz as _loaded_at,
        0 as rows_held
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
where batches.rows_appended <> coalesce(counted.rows_held, 0)
