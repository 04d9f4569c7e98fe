"""Launch forms, their versions, and the submissions from them."""

import django.db.models.deletion
import jobs.models.ids
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('jobs', '0061_listed_prices'),
    ]

    operations = [
        migrations.AddField(
            model_name='submission',
            name='form_values',
            field=models.JSONField(help_text="Values of the form's fields, secrets masked.", null=True),
        ),
        migrations.CreateModel(
            name='LaunchForm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                ('name', models.CharField(max_length=128)),
                ('description', models.CharField(blank=True, help_text='What it is for, in one sentence.', max_length=300)),
                ('labels', models.JSONField(default=list, help_text='Words to find it by.')),
                ('run_count', models.PositiveIntegerField(default=0, editable=False)),
                ('used_at', models.DateTimeField(editable=False, help_text='When it was last started.', null=True)),
                ('archived_at', models.DateTimeField(editable=False, null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('archived_by', models.ForeignKey(editable=False, null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('owner', models.ForeignKey(help_text='Who created it.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('team', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='launch_forms', to='jobs.team')),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='LaunchFormVersion',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('public_id', models.UUIDField(default=jobs.models.ids.new_id, editable=False, unique=True)),
                ('number', models.PositiveIntegerField()),
                ('text', models.TextField(help_text='The document as it was written.')),
                ('document', models.JSONField(help_text='The document parsed from the text.')),
                ('sections', models.JSONField(default=list)),
                ('locks', models.JSONField(default=dict, help_text='Who locked each field that is locked.')),
                ('note', models.CharField(blank=True, help_text='Why it was made.', max_length=300)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('form', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='jobs.launchform')),
            ],
            options={
                'ordering': ['-number'],
            },
        ),
        migrations.AddField(
            model_name='submission',
            name='form_version',
            field=models.ForeignKey(help_text='The version of the launch form that it was started from.', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='submissions', to='jobs.launchformversion'),
        ),
        migrations.AddConstraint(
            model_name='launchform',
            constraint=models.UniqueConstraint(fields=('team', 'name'), name='one_launch_form_of_a_name'),
        ),
        migrations.AddConstraint(
            model_name='launchformversion',
            constraint=models.UniqueConstraint(fields=('form', 'number'), name='one_form_version_of_a_number'),
        ),
    ]
