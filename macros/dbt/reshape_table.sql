{# Gives an emptied table the columns, constraints and indexes of the temporary table `shape`, and leaves it alone if it
   has them. A column goes only when no view needs it that somebody may read; others of this run make way. #}
{% macro reshape_table(relation, shape) -%}
    {%- set changes = run_query(find_changes(relation, shape)) -%}
    {% if changes %}
        {%- set gone = changes.columns['gone_column'].values() | select | list -%}
        {% call statement('reshape') -%}
            {% call try_for_lock(relation) -%}
                {{ drop_unread_views(relation, gone) if gone }}
                {%- for change in changes.columns['change'].values() %}
                execute $change${{ change }}$change$;
                {%- endfor %}
            {%- endcall %}
        {%- endcall %}
    {% endif %}
{%- endmacro %}
