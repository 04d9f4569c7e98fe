"""Discrepancies between AWS and the database."""

from django.db import models

from jobs.models.account import Account
from jobs.models.job import Job


class DiscrepancyKind(models.TextChoices):
    DUPLICATE = "duplicate", "A second job in AWS for a job of the portal"
    ORPHAN = "orphan", "A job of the portal in AWS that the database didn't have"
    UNWANTED = "unwanted", "A job in AWS that the portal had withdrawn"
    UNREADABLE = "unreadable", "A job of the portal in AWS that could not be imported"


class Discrepancy(models.Model):
    kind = models.CharField(max_length=12, choices=DiscrepancyKind.choices)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="discrepancies")
    job = models.ForeignKey(Job, on_delete=models.CASCADE, null=True, related_name="discrepancies")
    batch_id = models.CharField(max_length=60)
    note = models.TextField(blank=True)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "discrepancies"
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["kind", "batch_id"], name="one_oddity_a_job")]

    def __str__(self) -> str:
        return f"{self.kind} {self.batch_id}"
