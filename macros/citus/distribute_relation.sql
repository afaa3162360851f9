{# Post-hook of models and seeds, on the target citus only: a table made anew goes to the shards by the column that its
   meta.distribute_by names, or, if that is 'everywhere', as a copy to every node. Other tables stay on the coordinator.
   A table that stood before (an incremental model's, a seed's) lies where it should already. #}
{% macro distribute_relation() -%}
    {%- set distribute_by = (config.get('meta') or {}).get('distribute_by') -%}
    {% if target.name == 'citus' and distribute_by and config.get('materialized') != 'view' %}
        {% if distribute_by == 'everywhere' %}
            select create_reference_table('{{ this }}')
        {% else %}
            select create_distributed_table('{{ this }}', '{{ distribute_by }}', colocate_with => 'raw.deal_changes')
        {% endif %}
        where not exists (select 1 from pg_dist_partition where logicalrelid = '{{ this }}'::regclass)
    {% endif %}
{%- endmacro %}
