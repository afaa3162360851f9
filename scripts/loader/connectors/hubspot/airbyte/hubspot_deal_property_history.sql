-- mode: delta. A log only grows.
-- needs deals_property_history: dealid, property/name, value, timestamp
-- takes deals_property_history: sourcetype/source
-- lacks: the order of values that were set in one instant; rows from before the stream's start date
--
-- Older versions of the connector tell times in milliseconds since 1970. A sync that starts anew may bring rows again.
select distinct
    dealid as deal_id,
    property,
    value,
    case
        when timestamp ~ '^[0-9]{11,13}$' then to_timestamp(timestamp::numeric / 1000)::text else timestamp
    end as timestamp,
    sourcetype as source_type
from deals_property_history
order by deal_id, property, timestamp, value
