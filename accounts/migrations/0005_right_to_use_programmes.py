from django.db import migrations

API_CLIENTS = "API clients"
RIGHT = {"codename": "use_programmes", "name": "Can use the interfaces of programmes and people"}


def allow(apps, schema_editor):
    """Django makes permissions only after all migrations, so this one is made here."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label="accounts", model="user"
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type, codename=RIGHT["codename"], defaults={"name": RIGHT["name"]}
    )
    group, _ = apps.get_model("auth", "Group").objects.get_or_create(name=API_CLIENTS)
    group.permissions.add(permission)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_index_of_inactive_accounts"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "permissions": [(RIGHT["codename"], RIGHT["name"])],
            },
        ),
        migrations.RunPython(allow, migrations.RunPython.noop),
    ]
