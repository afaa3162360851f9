-- The deals of the data set waterfall: a deal has a row for each of its moves.
select
    moves.crm_source as crm,
    moves.deal_id as deal,
    to_char(moves.moved_month, 'YYYY-MM') as month,
    moves.bucket as move
from fct_pipeline_moves as moves
cross join dim_as_of as as_of
where
    moves.scope = 'all'
    and moves.moved_month <= as_of.as_of_date
order by moves.crm_source, moves.deal_id, moves.moved_at, moves.bucket
