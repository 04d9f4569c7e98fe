from typing import Self

from django.db import models
from django.utils.timezone import now


class RequestCountQuerySet(models.QuerySet["RequestCount"]):
    def running(self) -> Self:
        """Counts whose window has not ended."""
        return self.filter(until__gt=now())


class RequestCount(models.Model):
    """What a token or a person has spent of a budget in the current window (`jobs.rate_limit`). One row a budget."""

    key = models.CharField(max_length=200, primary_key=True)
    count = models.PositiveBigIntegerField()
    until = models.DateTimeField()

    objects = RequestCountQuerySet.as_manager()
