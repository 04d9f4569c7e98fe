from django.db import models


class Remembered(models.Model):
    """A value that is kept for a while under a key: what the cache of all processes holds (`portal.cache`)."""

    key = models.CharField(max_length=250, primary_key=True)
    value = models.JSONField()
    until = models.DateTimeField(db_index=True)
