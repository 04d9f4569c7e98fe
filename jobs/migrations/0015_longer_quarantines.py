from django.db import migrations

SHORTEST = {"sandbox": 30}
ELSEWHERE = 600


def lengthen(apps, schema_editor):
    """Accounts of before that would send a job again while an earlier request may still be under way."""
    account = apps.get_model("jobs", "Account")
    for each in account.objects.all():
        shortest = SHORTEST.get(each.access, ELSEWHERE)
        if each.quarantine_seconds < shortest:
            account.objects.filter(pk=each.pk).update(quarantine_seconds=shortest)


class Migration(migrations.Migration):
    dependencies = [("jobs", "0014_drafts")]

    operations = [migrations.RunPython(lengthen, migrations.RunPython.noop, elidable=True)]
