"""Pre-flight: what a job or workflow costs."""

from collections.abc import Iterator, Sequence

from django.utils.timezone import now

from jobs.pricing import rates
from jobs.pricing.estimate import CostEstimate, PlannedJob, estimate_cost
from jobs.pricing.receipt import PricedSize
from jobs.pricing.run_statistics import MIN_PERCENTILE_SAMPLE, RunHistory
from jobs.spec.job_size import JobSize
from jobs.spec.problems import DocumentChange, join_words, quote
from jobs.templatetags.money import usd_range, usd_text, usd_text_up
from jobs.web.builder.preflight_policy import is_time_limit_change
from jobs.web.builder.preflight_result import LABELS, UNKNOWN_TEXT, CheckResult

_HOURLY_COST_LABEL = "Cost per hour"


def check_cost(estimated: CostEstimate, changes: Sequence[DocumentChange], *, is_workflow: bool) -> CheckResult:
    label = LABELS["total" if is_workflow else "price"]
    expected, at_most = estimated.expected.usd, estimated.at_most.usd
    reasons = [f"{change.message}." for change in changes if change.rule_owner and is_time_limit_change(change)]
    if expected is not None:
        runs = sum(job.earlier_runs for job in estimated.jobs)
        amount = usd_range(expected, estimated.expected_high.usd)
        reasons.append(f"Expected {amount}: median to 90th percentile of the last {runs} runs of this size.")
    else:
        reasons.append(_no_expectation(estimated))
    if at_most is None:
        return CheckResult(
            "price",
            label,
            "off",
            "Unknown",
            " ".join([*reasons, *_unknown_cost_reasons(estimated)]),
        )
    outcome = usd_text_up(at_most)
    if is_workflow:
        reasons.append(f"Maximum of all {len(estimated.jobs):,} jobs: time limit × attempts × runs.")
        if expected is not None and usd_text(expected) != outcome:
            outcome = f"{usd_text(expected)}–{outcome.removeprefix('$')}"
    else:
        reasons.append("Maximum: time limit × attempts × runs.")
    return CheckResult("price", label, "good", outcome, " ".join(reasons))


def _no_expectation(estimated: CostEstimate) -> str:
    fewest = min((job.earlier_runs for job in estimated.jobs), default=0)
    if fewest >= MIN_PERCENTILE_SAMPLE:
        return "Expected cost unknown."
    runs = "1 earlier run" if fewest == 1 else f"{fewest or 'no'} earlier runs"
    subject = "a job has " if len(estimated.jobs) > 1 else ""
    return f"Expected cost unknown: {subject}{runs} of this definition and size, {MIN_PERCENTILE_SAMPLE} are needed."


def _unknown_cost_reasons(estimated: CostEstimate) -> Iterator[str]:
    names = estimated.jobs_without_time_limit
    if names:
        subject = join_words(map(quote, names), limit=3) if len(estimated.jobs) > 1 else "The job"
        yield f"{subject} {'has' if len(names) == 1 else 'have'} no time limit."
    yield from estimated.unknown_reasons[:3]
    if estimated.hour.usd is not None:
        yield f"Cost per hour: {usd_text(estimated.hour.usd)}."


def check_hourly_cost(size: JobSize, region: str) -> CheckResult:
    if size.unknown:
        reason = f"The resources are unknown. {size.unknown[0].reason}"
        return CheckResult("price", _HOURLY_COST_LABEL, "off", UNKNOWN_TEXT, reason)
    priced = PricedSize.of(size, region)
    estimated = estimate_cost([PlannedJob("", priced, 1, 1, 0, 0)], RunHistory(), rates.read_rates(), now())
    if estimated.hour.usd is None:
        return CheckResult("price", _HOURLY_COST_LABEL, "off", UNKNOWN_TEXT, " ".join(estimated.unknown_reasons))
    reason = "From the resources and the current rates."
    return CheckResult("price", _HOURLY_COST_LABEL, "good", usd_text(estimated.hour.usd), reason)
