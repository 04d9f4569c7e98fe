"""Request counts for rate limits."""

from datetime import timedelta
from typing import Self

from django.db import connection, models
from django.utils.timezone import now

# Django's upserts return no values.
_COUNT_SQL = """
INSERT INTO jobs_requestcount (key, count, until) VALUES (%(key)s, %(amount)s, %(until)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN jobs_requestcount.until > %(now)s THEN jobs_requestcount.count ELSE 0 END + excluded.count,
    until = CASE WHEN jobs_requestcount.until > %(now)s THEN jobs_requestcount.until ELSE excluded.until END
RETURNING count
"""


class RequestCountQuerySet(models.QuerySet["RequestCount"]):
    def running(self) -> Self:
        return self.filter(until__gt=now())

    def add(self, key: str, amount: int, seconds: int) -> int:
        """Add to the running window, or begin one, in one statement."""
        current_time = now()
        times = {"now": current_time, "until": current_time + timedelta(seconds=seconds)}
        adapted = {name: connection.ops.adapt_datetimefield_value(time) for name, time in times.items()}
        with connection.cursor() as cursor:
            cursor.execute(_COUNT_SQL, {"key": key, "amount": amount, **adapted})
            return int(cursor.fetchone()[0])


class RequestCount(models.Model):
    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveBigIntegerField()
    until = models.DateTimeField()

    objects = RequestCountQuerySet.as_manager()
