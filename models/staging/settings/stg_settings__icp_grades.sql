with chosen as (
    {{ choose_settings('icp_grades', key_columns=['grade']) }}
),

final as (
    select
        grade,
        coalesce(min_share, '-Infinity') as min_share,
        coalesce(max_share, 'Infinity') as max_share
    from chosen
)

select * from final
