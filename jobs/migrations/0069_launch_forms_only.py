"""Whose submissions to a queue have to come from a launch form. The default is the database's: no row is rewritten.

The help texts of templates' versions are those of forms' versions, which changes nothing in the database.
"""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0068_rerun_of'),
    ]

    operations = [
        migrations.AlterField(
            model_name='templateversion',
            name='text',
            field=models.TextField(help_text='The document as it was written.'),
        ),
        migrations.AlterField(
            model_name='templateversion',
            name='document',
            field=models.JSONField(help_text='The document parsed from the text.'),
        ),
        migrations.AddField(
            model_name='queuegrant',
            name='forms_only',
            field=models.CharField(blank=True, choices=[('analysts', 'Analysts'), ('all', 'Analysts and leads')], db_default='', default='', help_text="Who submits to the queue with launch forms only. Analysts among them can't save forms.", max_length=10, verbose_name='launch forms only'),
        ),
    ]
