import django.db.models.deletion
from django.db import migrations, models

NAMES = ("Viewer", "Editor", "Operator", "Administrator")


def add(apps, schema_editor):
    """The groups; their rights are given after the migrations, when there are any (``accounts.roles``)."""
    Group, Role = apps.get_model("auth", "Group"), apps.get_model("accounts", "Role")
    for name in NAMES:
        group, _ = Group.objects.get_or_create(name=name)
        Role.objects.get_or_create(name=name, defaults={"group": group})


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_longer_password_hashes"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=50, unique=True)),
                ("offered", models.JSONField(default=list)),
                (
                    "group",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="role", to="auth.group"
                    ),
                ),
            ],
        ),
        migrations.RunPython(add, migrations.RunPython.noop),
    ]
