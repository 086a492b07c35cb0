from django.db import migrations

API_CLIENTS = "API clients"


def allow(apps, schema_editor):
    """Django makes permissions only after all migrations, so this one is made here."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="telephony", model="voicemail"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename="use_telephony",
        defaults={"name": "Can use the telephony interface"},
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=API_CLIENTS)
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("telephony", "0001_initial"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
