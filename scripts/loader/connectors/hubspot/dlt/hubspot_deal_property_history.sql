-- mode: delta. A log only grows.
-- takes deals_property_history: object_id, property_name, value, timestamp, source_type, _dlt_load_id
-- lacks: any history where include_history is off; the order of values that were set in one instant
--
-- Every run appends the whole history again. Rows that are equal within one run stand for as many values.
with counted as (
    select
        *,
        row_number() over (partition by _dlt_load_id, object_id, property_name, timestamp, value) as number
    from deals_property_history
)

select distinct on (object_id, property_name, timestamp, value, number)
    object_id as deal_id,
    property_name as property,
    value,
    timestamp,
    source_type
from counted
order by object_id asc, property_name asc, timestamp asc, value asc, number asc, _dlt_load_id desc
