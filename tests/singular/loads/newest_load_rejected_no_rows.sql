-- The loader refuses a file with too many bad rows; what it let pass still needs a person.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with batches as (
    select * from {{ source('loads', 'load_batches') }}
)

select
    file_name,
    rows_rejected as failing_rows,
    sum(rows_read) over () as tested_rows
from batches
where
    rows_rejected > 0
    and _loaded_at = (select max(newest._loaded_at) from batches as newest)
