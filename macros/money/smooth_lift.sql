{# Win rate of a group over the average one, mixed with as many average deals as the var icp_prior_deals says, so that a
   few lucky wins do not make a lift. NULL for a group of fewer than the var min_sample, and where nothing was won. #}
{% macro smooth_lift(won, closed, base_rate) -%}
    (case when {{ closed }} >= {{ var('min_sample') }}
        then ({{ won }} + {{ var('icp_prior_deals') }} * {{ base_rate }}) / ({{ closed }} + {{ var('icp_prior_deals') }}) / nullif({{ base_rate }}, 0)
    end)::numeric(20, 10)
{%- endmacro %}
