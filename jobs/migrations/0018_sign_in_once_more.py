from django.db import migrations


def end_sessions(apps, _editor):
    """Sessions from before are in no list of sessions: everyone signs in once more, and then they are."""
    apps.get_model("sessions", "Session").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("jobs", "0017_request_digests"), ("sessions", "0001_initial")]

    operations = [migrations.RunPython(end_sessions, migrations.RunPython.noop)]
