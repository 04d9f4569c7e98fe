"""Cost exports of accounts in S3."""

import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0071_form_presets'),
    ]

    operations = [
        migrations.AddField(
            model_name='account',
            name='cost_export',
            field=models.CharField(blank=True, db_default='', default='', help_text='Folder of a CUR 2.0 export in S3, like s3://bucket/prefix/export/data. Actual costs of this account are read from it every 6 hours. The portal reads nothing else in the bucket.', max_length=300, validators=[django.core.validators.RegexValidator("^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9!_.*'()=-]+)+/data/?\\Z", "Enter the folder of an export's data, like s3://bucket/prefix/export/data.")]),
        ),
        migrations.AddField(
            model_name='accountstatus',
            name='costs_error',
            field=models.TextField(blank=True, db_default='', default='', help_text="Why it wasn't read."),
        ),
        migrations.AddField(
            model_name='accountstatus',
            name='costs_read_at',
            field=models.DateTimeField(help_text='When its cost export was last looked at.', null=True),
        ),
    ]
