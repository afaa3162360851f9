{# How many values per mille (rounded up) are missing from another relation: relationships with thresholds that hold
   at any size of the data. NULL is no value. With unless_empty, a relation without any row is no failure. #}
{% test unmatched_share(model, column_name, to, field, to_where='true', unless_empty=false) %}
{{ config(fail_calc='coalesce(max(unmatched_per_mille), 0)') }}
with tested as (
    select {{ column_name }} as tested_value
    from {{ model }}
    where {{ column_name }} is not null
),

known as (
    select distinct {{ field }} as known_value
    from {{ to }}
    where {{ to_where }}
),

final as (
    select
        count(*) filter (where known.known_value is null) as unmatched_rows,
        count(*) as tested_rows,
        ceil(1000.0 * count(*) filter (where known.known_value is null) / nullif(count(*), 0))::integer as unmatched_per_mille
    from tested
    left join known on tested.tested_value = known.known_value
)

select * from final
where
    unmatched_rows > 0
    {%- if unless_empty %}
    and exists (select 1 from known)
    {%- endif %}
{% endtest %}
