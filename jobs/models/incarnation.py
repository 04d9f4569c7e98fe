from django.db import models


class Incarnation(models.Model):
    """Which life of the database this is: a name that changes every few seconds and is kept outside as well.

    A backup that is restored brings an old name back, and so betrays that what was sent since is not in it. There is
    one row.
    """

    current = models.CharField(max_length=40)
    previous = models.CharField(max_length=40, blank=True, help_text="Its last name: a crash may leave this outside.")
    renewed_at = models.DateTimeField()
    recovering_since = models.DateTimeField(null=True, help_text="Nothing is sent until every queue was compared.")
    why = models.TextField(blank=True)
