"""Logs of generated jobs, written to CloudWatch Logs."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from jobs.aws.response_reader import call
from jobs.aws.session import Purpose, client_for
from jobs.models import Account

LOG_GROUP = "/aws/batch/job"
# CloudWatch accepts events of the last 14 days.
MAX_LOG_AGE = timedelta(days=13)
SECONDS_BETWEEN_LINES = 20


def upload_logs(account: Account, streams: Mapping[str, tuple[Sequence[str], datetime]]) -> None:
    """Write each stream's last line at its time. Raise AwsError."""
    client = client_for(account, "logs", Purpose.READ)
    for stream, (lines, ended_at) in streams.items():
        times = [
            ended_at - timedelta(seconds=SECONDS_BETWEEN_LINES * (len(lines) - 1 - index))
            for index in range(len(lines))
        ]
        call(client.create_log_stream, logGroupName=LOG_GROUP, logStreamName=stream)
        call(
            client.put_log_events,
            logGroupName=LOG_GROUP,
            logStreamName=stream,
            logEvents=[
                {"timestamp": int(time.timestamp() * 1000), "message": line}
                for time, line in zip(times, lines, strict=True)
            ],
        )
