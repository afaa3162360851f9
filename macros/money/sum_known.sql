{# The sum of the amounts known in a group of rows: 0 where no row meets the condition, NULL where rows do and none has an
   amount, since unknown is not zero. The number of unknown amounts belongs beside it. #}
{% macro sum_known(amount, condition='true') -%}
    case when count(*) filter (where {{ condition }}) = 0 then 0 else sum({{ amount }}) filter (where {{ condition }}) end
{%- endmacro %}
