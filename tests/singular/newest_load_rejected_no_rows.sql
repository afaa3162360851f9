-- The loader refuses a file with too many bad rows; what it let pass still needs a person.
{{ config(severity='warn', fail_calc='coalesce(sum(rows_rejected), 0)') }}
select
    file_name,
    rows_rejected
from {{ source('loads', 'load_batches') }}
where
    rows_rejected > 0
    and _loaded_at = (select max(newest._loaded_at) from {{ source('loads', 'load_batches') }} as newest)
