"""The end, the instance type and the corrections of cost lines."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0056_outside_jobs'),
    ]

    operations = [
        migrations.AddField(
            model_name='costline',
            name='correction',
            field=models.SmallIntegerField(help_text='Null for the charge, 1, 2 … for differences that were added to it later.', null=True),
        ),
        migrations.AddField(
            model_name='costline',
            name='ended_at',
            field=models.DateTimeField(help_text='When the attempt ended, if AWS reported it.', null=True),
        ),
        migrations.AddField(
            model_name='costline',
            name='instance_type',
            field=models.CharField(help_text='EC2 type whose price was charged.', max_length=40, null=True),
        ),
    ]
