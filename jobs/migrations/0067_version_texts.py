"""The help texts of templates' versions are those of launch forms' versions. The database doesn't change."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0066_actual_costs'),
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
    ]
