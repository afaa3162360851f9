{# The newest load that a query may see. Normally the horizon fixed at the start of the run, so that a load
   that commits during the run is seen by all models or by none. The setting sales_funnel.loaded_until moves
   it back for one transaction: an incremental report uses it to ask the same views what they said before. #}
{% macro loaded_until() -%}
    (
        select
            coalesce(
                nullif(current_setting('sales_funnel.loaded_until', true), '')::timestamptz,
                (select loaded_until from {{ ref('stg_loads__horizon') }})
            )
    )
{%- endmacro %}
