"""How long a job must stay unfound before it is sent again: longer than any request for it can still be under way.

The quarantine is counted from the moment the intent was written. After that a request may leave for as long as the
guard lets it, by the worker's clock; it is then accepted for as long as its signature is valid, by AWS's clock; and
once accepted, ListJobs may keep quiet about it for a while.
"""

# A request leaves so soon after its intent was written, or not at all.
SEND_WITHIN = 10.0
# AWS takes a signed request for about five minutes.
SIGNATURE = 300.0
# Clocks differ by so much at most: above it, nothing is sent.
SKEW_AT_MOST = 60.0
# AWS publishes no figure for how soon ListJobs knows a job.
LISTED_WITHIN = 120.0
MARGIN = 110.0

# The sandbox is on this machine, by the same clock, and lists a job with the answer that accepts it; dates of
# signatures have no fractions of a second. How old one may be is what `manage.py sandbox` was started with.
SANDBOX_SIGNATURE = 15.0
SANDBOX_MARGIN = 5.0


def shortest(*, in_sandbox: bool) -> int:
    """The least quarantine of an account, in seconds."""
    if in_sandbox:
        return round(SEND_WITHIN + SANDBOX_SIGNATURE + SANDBOX_MARGIN)
    return round(SEND_WITHIN + SIGNATURE + SKEW_AT_MOST + LISTED_WITHIN + MARGIN)
