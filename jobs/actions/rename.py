"""A new name for a submission; AWS Batch keeps those of its jobs."""

from django.db import transaction

from jobs import audit
from jobs.access import Member
from jobs.models import Submission


def rename(submission: Submission, name: str, member: Member) -> bool:
    member.require("submit")
    before = submission.name
    with transaction.atomic():
        if not Submission.objects.filter(pk=submission.pk).exclude(name=name).update(name=name):
            return False
        submission.name = name
        audit.record(
            "change",
            person=member.user,
            team=member.team,
            target=submission,
            before={"name": before},
            after={"name": name},
        )
    return True
