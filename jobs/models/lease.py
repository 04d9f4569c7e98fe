"""Leases: named locks with an expiry."""

from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.timezone import now


class Lease(models.Model):
    name = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=80)
    until = models.DateTimeField()

    @classmethod
    def acquire(cls, name: str, owner: str, duration: timedelta) -> bool:
        current_time = now()
        available = Q(owner=owner) | Q(until__lt=current_time)
        if cls.objects.filter(available, name=name).update(owner=owner, until=current_time + duration):
            return True
        try:
            with transaction.atomic():
                cls.objects.create(name=name, owner=owner, until=current_time + duration)
        except IntegrityError:
            return False
        return True

    @classmethod
    def release(cls, name: str, owner: str) -> None:
        cls.objects.filter(name=name, owner=owner).delete()
