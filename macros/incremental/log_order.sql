{# The total order of a deal's log (docs/metrics.md, "Order of a log"): time, then creation before logged changes before the CRM's
   current row, then the load that first brought the row, its position in that file, and the field. #}
{% macro log_order() -%}
    occurred_at, priority, first_loaded_at, log_position, field
{%- endmacro %}
