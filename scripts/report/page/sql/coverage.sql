-- What the exports of each CRM tell: a card whose figures they do not tell says so instead of drawing them.
select
    crm_source as crm,
    knows_wins as wins,
    knows_losses as losses,
    knows_lost_reasons as reasons,
    knows_amounts as amounts,
    knows_close_dates as close_dates,
    knows_owners as owners,
    knows_activities as activities,
    deal_url
from dim_export_coverage
order by crm_source
