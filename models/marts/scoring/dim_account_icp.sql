-- Grain: one row per CRM and account, at as_of: how much an account looks like those that buy, with the reasons. The
-- grade is by the share of the CRM's scored accounts that score lower (seed icp_grades).
with scores as (
    select * from {{ ref('fct_account_icp') }}
),

origins as (
    select * from {{ ref('dim_scoring_origins') }}
    where is_current
),

accounts as (
    select * from {{ ref('dim_accounts') }}
),

grades as (
    select * from {{ ref('stg_settings__icp_grades') }}
),

ranked as (
    select
        scores.*,
        origins.as_of_date,
        case
            when scores.icp_score is not null
                then percent_rank() over (partition by scores.crm_source, scores.icp_score is null order by scores.icp_score)
        end as share_below
    from scores
    inner join origins on scores.origin = origins.origin
),

final as (
    select
        ranked.crm_source,
        ranked.account_id,
        accounts.account_name,
        ranked.as_of_date,
        ranked.icp_score,
        grades.grade as icp_grade,
        ranked.strongest_feature,
        ranked.weakest_feature,
        ranked.features_count,
        ranked.base_closed_count,
        ranked.base_win_rate,
        {%- for feature in ['industry', 'size_band', 'revenue_band', 'country'] %}
        ranked.{{ feature }},
        ranked.{{ feature }}_closed_count,
        ranked.{{ feature }}_won_count,
        ranked.{{ feature }}_lift,
        {%- endfor %}
        ranked.own_closed_count,
        ranked.own_won_count
    from ranked
    inner join accounts
        on
            ranked.crm_source = accounts.crm_source
            and ranked.account_id = accounts.account_id
    left join grades
        on
            ranked.share_below >= grades.min_share
            and ranked.share_below < grades.max_share
)

select * from final
