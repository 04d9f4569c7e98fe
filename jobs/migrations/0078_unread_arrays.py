"""The index of arrays whose failed children are to be read holds these only, not all that have ever failed."""

from django.db import migrations, models
from django.db.models import F, Q


class Migration(migrations.Migration):
    dependencies = [("jobs", "0077_repricings")]

    operations = [
        migrations.RemoveIndex(model_name="job", name="job_array_failed"),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                fields=["account"],
                name="job_array_failed",
                condition=(Q(children_read_at=None) | Q(children_read_at__lt=F("ended_at")))
                & (Q(state="FAILED") | Q(state="STOPPED"))
                & Q(array_size__isnull=False, ended_at__isnull=False),
            ),
        ),
    ]
