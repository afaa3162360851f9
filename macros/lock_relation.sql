{# Pre-hook of every model and seed: one run at a time builds a relation, a second one waits. The lock belongs to the
   session, not the transaction, because dbt drops a table's predecessor after its commit; dbt ends the session
   with the node, and PostgreSQL frees the lock with the session, however it ends. #}
{% macro lock_relation() -%}
    select pg_advisory_lock(hashtextextended('{{ this }}', 0))
{%- endmacro %}
