"""Quarantine of a submission of unknown outcome: longer than a request for it can be under way.

A request may leave as long as the guard allows; AWS accepts it while its signature is valid; ListJobs may then omit
it for a while.
"""

# A request leaves within this time after its intent was written, or not at all.
SEND_DEADLINE_SECONDS = 10.0
# AWS accepts a signed request for about five minutes.
SIGNATURE_LIFETIME_SECONDS = 300.0
# Above this difference of the clocks nothing is sent.
MAX_CLOCK_SKEW_SECONDS = 60.0
# AWS publishes no figure for how soon ListJobs returns a new job.
LISTING_LAG_SECONDS = 120.0
MARGIN_SECONDS = 110.0

# The sandbox has this machine's clock and lists a job at once. Dates of signatures have whole seconds; `manage.py
# sandbox` sets their greatest age.
SANDBOX_SIGNATURE_LIFETIME_SECONDS = 15.0
SANDBOX_MARGIN_SECONDS = 5.0


def minimum_seconds(*, in_sandbox: bool) -> int:
    if in_sandbox:
        return round(SEND_DEADLINE_SECONDS + SANDBOX_SIGNATURE_LIFETIME_SECONDS + SANDBOX_MARGIN_SECONDS)
    return round(
        SEND_DEADLINE_SECONDS
        + SIGNATURE_LIFETIME_SECONDS
        + MAX_CLOCK_SKEW_SECONDS
        + LISTING_LAG_SECONDS
        + MARGIN_SECONDS
    )
