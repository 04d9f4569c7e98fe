"""Costs of teams: estimated, and actual.

grouping    groupings of costs, and the names of their values
sums        sums of a period, from the totals
running     cost so far of running jobs
report      a period by one grouping, with bars
cross       a period by two groupings
lines       lines for files and receipts
advice      what could cost less
coverage    where prices are known
comparison  a row of what AWS tells, beside the estimate
actual      what AWS billed, beside the estimate
explorer    costs by tag from Cost Explorer, beside the estimate
"""

from jobs.reports.costs.actual import ACTUAL_KINDS, ActualReport, ActualRow, actual_of_job, actual_report
from jobs.reports.costs.advice import CostAdvice, cost_advice
from jobs.reports.costs.comparison import ComparisonRow
from jobs.reports.costs.coverage import PriceCoverage, price_coverage
from jobs.reports.costs.cross import CrossRow, CrossTable, cross_table
from jobs.reports.costs.explorer import ExplorerReport, explorer_report, explorer_spending
from jobs.reports.costs.forecasts import period_forecast
from jobs.reports.costs.grouping import KINDS, TAG, TEAM, Grouping
from jobs.reports.costs.lines import EXPORT_LIMIT, export_cost_lines, has_uncharged_jobs, receipt_lines, why_no_cost
from jobs.reports.costs.report import Bar, CostReport, CostRow, CostSeries, cost_report
from jobs.reports.costs.sums import CostReader

__all__ = [
    "ACTUAL_KINDS",
    "EXPORT_LIMIT",
    "KINDS",
    "TAG",
    "TEAM",
    "ActualReport",
    "ActualRow",
    "Bar",
    "ComparisonRow",
    "CostAdvice",
    "CostReader",
    "CostReport",
    "CostRow",
    "CostSeries",
    "CrossRow",
    "CrossTable",
    "ExplorerReport",
    "Grouping",
    "PriceCoverage",
    "actual_of_job",
    "actual_report",
    "cost_advice",
    "cost_report",
    "cross_table",
    "explorer_report",
    "explorer_spending",
    "export_cost_lines",
    "has_uncharged_jobs",
    "period_forecast",
    "price_coverage",
    "receipt_lines",
    "why_no_cost",
]
