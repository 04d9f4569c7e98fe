"""Request counts for rate limits."""

from typing import Self

from django.db import models
from django.utils.timezone import now


class RequestCountQuerySet(models.QuerySet["RequestCount"]):
    def running(self) -> Self:
        """Return counts whose window has not ended."""
        return self.filter(until__gt=now())


class RequestCount(models.Model):
    """Requests of a token or a person in the current window (`jobs.rate_limit`). One row a budget."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveBigIntegerField()
    until = models.DateTimeField()

    objects = RequestCountQuerySet.as_manager()
