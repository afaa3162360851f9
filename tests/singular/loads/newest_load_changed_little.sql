-- Of the rows that a file repeated from earlier loads, more than 5 % came changed or were gone. The loader refuses a
-- file that would delete a fifth of its keys; a file cut by a tenth, or a column reset, passes it and shows here.
{{ config(severity='warn', fail_calc='coalesce(sum(failing_rows), 0)') }}
with newest_batches as (
    select distinct on (file_name)
        file_name,
        rows_changed + rows_deleted as rows_changed,
        rows_changed + rows_deleted + rows_unchanged as rows_known
    from {{ source('loads', 'load_batches') }}
    order by file_name asc, batch_id desc
)

select
    file_name,
    rows_changed as failing_rows,
    sum(rows_known) over () as tested_rows
from newest_batches
-- In a file of a few rows any change is a large share.
where
    rows_known >= 100
    and rows_changed > 0.05 * rows_known
