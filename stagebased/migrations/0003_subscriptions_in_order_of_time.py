import outbox.ids
from django.db import migrations, models


def leave_room(apps, schema_editor):
    """Half of each page stays free for the next version of its rows.

    Each slot updates every row of a page, and PostgreSQL writes a new version
    without touching any index only where it finds room on the same page.
    """
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE stagebased_subscription SET (fillfactor = 50)")


def fill_up(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE stagebased_subscription RESET (fillfactor)")


class Migration(migrations.Migration):

    dependencies = [
        ('stagebased', '0002_slot_triggered_by_hand'),
    ]

    operations = [
        migrations.AlterField(
            model_name='subscription',
            name='id',
            field=models.UUIDField(default=outbox.ids.new_id, editable=False, primary_key=True, serialize=False),
        ),
        migrations.RunPython(leave_room, fill_up),
    ]
