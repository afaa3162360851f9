-- Of the rows that a file repeated from earlier loads, how many percent came changed or were gone. The loader refuses a
-- file that would delete a fifth of its keys; a file cut by a tenth, or a column reset, passes it and shows here.
{{ config(severity='warn', warn_if='> 5', fail_calc='coalesce(max(changed_percent), 0)') }}
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
    rows_changed,
    rows_known,
    ceil(100.0 * rows_changed / rows_known)::integer as changed_percent
from newest_batches
-- In a file of a few rows any change is a large share.
where rows_known >= 100
