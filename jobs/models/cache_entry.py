"""Entries of the database cache."""

from django.db import models


class CacheEntry(models.Model):
    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    until = models.DateTimeField(db_index=True)
