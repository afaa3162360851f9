{# Pre-hook of fct_pipeline_snapshots: the changed deals, or all of them when the month ends to report have changed since the
   last run (a month has ended, or the var as_of_date has moved). #}
{% macro collect_changed_snapshots() -%}
    {{ collect_changed_deals() }}
    {%- set as_of = ref('dim_as_of') -%}
    {%- set states = ref('int_deal_states') -%}
    {% if is_incremental() %};
        insert into changed_deals
        select states.deal_key from {{ states }} as states
        where (select max(mart.snapshot_date) from {{ this }} as mart) is distinct from (select as_of.forecast_origin - 1 from {{ as_of }} as as_of)
        union
        select mart.deal_key from {{ this }} as mart
        where (select max(mart.snapshot_date) from {{ this }} as mart) is distinct from (select as_of.forecast_origin - 1 from {{ as_of }} as as_of)
    {% endif %}
{%- endmacro %}
