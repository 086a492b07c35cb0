"""What is published already becomes the first edition of its set."""

from django.db import migrations

BATCH = 1000


def record(apps, schema_editor):
    get = apps.get_model
    MessageSet, Message, Welcome = (get("stagebased", name) for name in ("MessageSet", "Message", "Welcome"))
    Revision = get("stagebased", "Revision")
    MessageSet.objects.filter(edition=0).update(edition=1)
    for message in _bites(Message.objects.select_related("binary_content")):
        _give(
            Revision,
            message,
            message=message,
            sequence_number=message.sequence_number,
            metadata=message.metadata,
            published_at=message.updated_at,
        )
    for welcome in _bites(Welcome.objects.select_related("binary_content")):
        _give(Revision, welcome, sequence_number=0)


def _bites(rows):
    wanted = rows.filter(revision=None).order_by("pk")
    while found := list(wanted[:BATCH]):
        yield from found


def _give(Revision, record, **fields):
    record.revision = Revision.objects.create(
        messageset_id=record.messageset_id,
        edition=1,
        lang=record.lang,
        text_content=record.text_content or "",
        file=record.binary_content.content.name if record.binary_content else "",
        **fields,
    )
    type(record).objects.filter(pk=record.pk).update(revision=record.revision)


class Migration(migrations.Migration):
    dependencies = [("stagebased", "0007_revisions_drafts_and_one_active")]

    operations = [migrations.RunPython(record, migrations.RunPython.noop)]
