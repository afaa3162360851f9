{# What a test that warned found, in plain words: rows, share of the rows tested, and its description, which says how the
   figures take it and what mends it. Sends the test's own query once more, for its columns failing_rows, tested_rows; where it has
   a column problem, the rows of each problem are told. #}
{% macro describe_warning(result) -%}
    {%- set sql -%}
        with warned as (
            {{ result.node.compiled_code }}
        ),

        problems as (
            select to_jsonb(warned) ->> 'problem' as problem, sum(failing_rows) as failing_rows, max(tested_rows) as tested_rows from warned group by 1
        )

        select
            to_char(sum(failing_rows), 'FM999,999,999,990'),
            to_char(max(tested_rows), 'FM999,999,999,990'),
            to_char(100.0 * sum(failing_rows) / nullif(max(tested_rows), 0), 'FM990.0'),
            string_agg(failing_rows || ' ' || problem, ', ' order by problem)
        from problems
    {%- endset -%}
    {%- set failing_rows, tested_rows, share, told = run_query(sql).rows[0] -%}
    {{ return(
        failing_rows ~ (' of ' ~ tested_rows ~ ' (' ~ share ~ ' %)' if tested_rows else '') ~ (' (' ~ told ~ ')' if told else '') ~ ': '
        ~ (result.node.description or '').split() | join(' ')
    ) }}
{%- endmacro %}
