"""Second factors move into a table of their own, encrypted; the tables that had them in clear go away."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accounts.encryption
import accounts.models

OLD = ("otp_static_statictoken", "otp_static_staticdevice", "otp_totp_totpdevice")
_DEVICES = "SELECT id, user_id, name, confirmed, key, last_t FROM otp_totp_totpdevice"
_PAPER = """
SELECT device.user_id, token.token FROM otp_static_statictoken token
  JOIN otp_static_staticdevice device ON device.id = token.device_id"""


def move(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        there = set(connection.introspection.table_names(cursor))
        if not there.issuperset(OLD):
            return
        cursor.execute(_DEVICES)
        devices = cursor.fetchall()
        cursor.execute(_PAPER)
        paper = cursor.fetchall()
    made = apps.get_model("accounts", "Authenticator")
    for _, user, name, confirmed, key, last_step in devices:
        codes = " ".join(token for owner, token in paper if owner == user) if confirmed else ""
        made.objects.using(connection.alias).create(
            user_id=user, name=name, confirmed=confirmed, key=key, last_step=last_step, paper_codes=codes
        )


def drop(apps, schema_editor):
    connection = schema_editor.connection
    with connection.cursor() as cursor:
        there = connection.introspection.table_names(cursor)
    for table in OLD:
        if table in there:
            schema_editor.execute(f"DROP TABLE {schema_editor.quote_name(table)}")
    kinds = apps.get_model("contenttypes", "ContentType").objects.using(connection.alias)
    kinds.filter(app_label__in=["otp_static", "otp_totp"]).delete()


class Migration(migrations.Migration):

    dependencies = [
        ("accounts", "0005_right_to_use_programmes"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.CreateModel(
            name='Authenticator',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(help_text='The human-readable name of this device.', max_length=64)),
                ('confirmed', models.BooleanField(default=True, help_text='Is this device ready for use?')),
                ('throttling_failure_timestamp', models.DateTimeField(blank=True, default=None, help_text='A timestamp of the last failed verification attempt. Null if last attempt succeeded.', null=True)),
                ('throttling_failure_count', models.PositiveIntegerField(default=0, help_text='Number of successive failed attempts.')),
                ('created_at', models.DateTimeField(auto_now_add=True, help_text='The date and time when this device was initially created in the system.', null=True)),
                ('last_used_at', models.DateTimeField(blank=True, help_text='The most recent date and time this device was used.', null=True)),
                ('key', accounts.encryption.EncryptedTextField(default=accounts.models._new_authenticator_key, editable=False, help_text='In hexadecimal.')),
                ('paper_codes', accounts.encryption.EncryptedTextField(blank=True, default='', editable=False, help_text='Those not used yet.')),
                ('last_step', models.BigIntegerField(default=-1, editable=False, help_text='That of the last code that was accepted.')),
                ('user', models.ForeignKey(help_text='The user that this device belongs to.', on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'default_permissions': (),
            },
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.RunPython(drop, migrations.RunPython.noop),
    ]
