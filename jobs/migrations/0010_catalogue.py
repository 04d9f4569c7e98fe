"""What the catalogue keeps beside AWS's documents. A job's definition is filled in by the next migration."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0009_connection'),
    ]

    operations = [
        migrations.AddField(
            model_name='definition',
            name='description',
            field=models.CharField(blank=True, help_text="What it is for, in a sentence. The portal's own; AWS never sees it.", max_length=300),
        ),
        migrations.AddField(
            model_name='definition',
            name='retired_at',
            field=models.DateTimeField(editable=False, help_text='When its name was deactivated.', null=True),
        ),
        migrations.AddField(
            model_name='definition',
            name='retired_by',
            field=models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='revision',
            name='deactivated_at',
            field=models.DateTimeField(help_text='When someone said that nobody shall run it any more.', null=True),
        ),
        migrations.AddField(
            model_name='revision',
            name='deactivated_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='revision',
            name='deregistered_at',
            field=models.DateTimeField(help_text='When AWS was told so. It forgets 180 days later.', null=True),
        ),
        migrations.AddField(
            model_name='revision',
            name='why',
            field=models.CharField(blank=True, help_text="Why it was made, in a person's words.", max_length=300),
        ),
        migrations.AddField(
            model_name='revision',
            name='refused_by_portal',
            field=models.BooleanField(default=False, help_text='A rule forbade it before AWS was asked.'),
        ),
        migrations.AlterField(
            model_name='revision',
            name='refusal',
            field=models.TextField(blank=True, help_text="AWS's words when it refused; the portal's, if it did."),
        ),
        migrations.AddIndex(
            model_name='revision',
            index=models.Index(condition=models.Q(('active', False), ('deregistered_at', None), ('registration', 'REGISTERED')), fields=['deactivated_at'], name='revision_to_deregister'),
        ),
        migrations.AddField(
            model_name='job',
            name='definition',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='jobs', to='jobs.definition'),
        ),
    ]
