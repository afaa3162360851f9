-- Grain: one row per CRM, fiscal quarter of closing and owner: the members of one dimension of rep_win_rate_trend.
with trend as (
    select * from {{ ref('rep_win_rate_trend') }}
    where dimension = 'owner'
),

final as (
    select
        crm_source,
        quarter,
        is_complete,
        member_id as owner_id,
        member_name as owner_name_masked,
        {{ win_rate_measures() }}
    from trend
)

select * from final
