{# What a test that warned found, in plain words: rows, share of the rows tested, and its description, which says how the
   figures take it and what mends it. Sends the test's own query once more, for its columns failing_rows, tested_rows. #}
{% macro describe_warning(result) -%}
    {%- set sql -%}
        select
            to_char(sum(failing_rows), 'FM999,999,999,990'),
            to_char(max(tested_rows), 'FM999,999,999,990'),
            to_char(100.0 * sum(failing_rows) / nullif(max(tested_rows), 0), 'FM990.0')
        from ({{ result.node.compiled_code }}) as warned
    {%- endset -%}
    {%- set failing_rows, tested_rows, share = run_query(sql).rows[0] -%}
    {{ return(
        failing_rows ~ (' of ' ~ tested_rows ~ ' (' ~ share ~ ' %)' if tested_rows else '') ~ ': '
        ~ (result.node.description or '').split() | join(' ')
    ) }}
{%- endmacro %}
