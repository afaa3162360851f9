select
    crm_source as crm,
    severity,
    insight,
    recommendation
from rep_executive_insights
order by crm_source, severity, metric, insight
