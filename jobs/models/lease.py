from datetime import timedelta

from django.db import IntegrityError, models, transaction
from django.db.models import Q
from django.utils.timezone import now


class Lease(models.Model):
    """A right that one process at a time may hold, until a moment: the clock's, for one."""

    name = models.CharField(max_length=40, primary_key=True)
    owner = models.CharField(max_length=80)
    until = models.DateTimeField()

    @classmethod
    def hold(cls, name: str, owner: str, span: timedelta) -> bool:
        """Take or prolong the right. False: someone else has it and has not let it lapse."""
        moment = now()
        mine = Q(owner=owner) | Q(until__lt=moment)
        if cls.objects.filter(mine, name=name).update(owner=owner, until=moment + span):
            return True
        try:
            with transaction.atomic():
                cls.objects.create(name=name, owner=owner, until=moment + span)
        except IntegrityError:
            return False
        return True

    @classmethod
    def release(cls, name: str, owner: str) -> None:
        cls.objects.filter(name=name, owner=owner).delete()
