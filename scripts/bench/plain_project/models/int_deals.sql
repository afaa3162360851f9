select
    deal_id,
    coalesce(
        (array_agg(new_value order by changed_at desc, log_position desc) filter (where field_key = 'pipeline_id'))[1], '1'
    ) as pipeline_id,
    coalesce(
        (array_agg(new_value order by changed_at desc, log_position desc) filter (where field_key = 'status'))[1], 'open'
    ) as status
from {{ ref('stg_deal_changes') }}
group by deal_id
