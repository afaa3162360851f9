{# The instants of a relation at which a row with valid_from and valid_to (NULL: still) is in force, as in_force_on has it: an array to
   unnest. Each row looks them up by binary search. A join that compares every row with every instant takes as long again for each
   instant more, and in_force_on converts the zone in each comparison. #}
{% macro instants_in_force(relation, instants_relation, instant) -%}
    {%- set instants = 'array(select distinct ' ~ instant ~ ' from ' ~ instants_relation ~ ' order by ' ~ instant ~ ')' -%}
    ({{ instants }})[
        width_bucket({{ relation }}.valid_from, {{ instants }}) + 1
        :width_bucket(coalesce({{ relation }}.valid_to, 'infinity'), {{ instants }})
    ]
{%- endmacro %}
