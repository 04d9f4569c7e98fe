"""Whose submissions to a queue have to come from a launch form. The default is the database's: no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0067_version_texts'),
    ]

    operations = [
        migrations.AddField(
            model_name='queuegrant',
            name='forms_only',
            field=models.CharField(blank=True, choices=[('analysts', 'Analysts'), ('all', 'Analysts and leads')], db_default='', default='', help_text="Who submits to the queue with launch forms only. Analysts among them can't save forms.", max_length=10, verbose_name='launch forms only'),
        ),
    ]
