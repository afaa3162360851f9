-- Grain: one row per deal, moment and field that was set then, over every CRM: the one log. Everything above reads it. A further
-- CRM is one more mapping of this shape.
{% for crm in ['pipedrive', 'salesforce'] -%}
select
    deal_key,
    crm_source,
    deal_id,
    occurred_at,
    priority,
    first_loaded_at,
    log_position,
    field,
    value,
    old_value,
    _loaded_at
from {{ ref('int_' ~ crm ~ '__deal_events') }}
{{ 'union all' if not loop.last }}
{% endfor %}
