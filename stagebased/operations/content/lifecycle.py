"""A set's life: written in preparation, activated when it is complete, copied into others."""

from __future__ import annotations

from typing import Any

from django.db import transaction

from accounts.models import User
from stagebased.errors import Refused, UnknownMessageSet
from stagebased.models import Draft, Message, MessageSet, Welcome
from stagebased.operations.content.completeness import Finding, Level, check_completeness
from stagebased.operations.content.drafts import hold_set, language_problem, place_of, publish
from stagebased.operations.content.revisions import BITE, Said, begin_edition, write_all
from stagebased.operations.content.sets import save_message_set

#: What a copy of a set does not take over.
_OWN = {"id", "short_name", "label", "state", "edition", "created_at", "updated_at"}


class Incomplete(Refused):
    """The set lacks something. ``findings`` says what, place by place."""

    code = "incomplete"

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__({"non_field_errors": [finding.detail for finding in findings]})
        self.findings = findings


@transaction.atomic
def activate(*, message_set_id: int, by: User | None = None) -> list[Finding]:
    """Publish a set's drafts and let people be put on it; what is still worth a look.

    All or nothing. Raises Incomplete for what ``check_completeness`` calls an
    error, Refused for drafts that cannot be published, and UnknownMessageSet.
    A set that is active already is only checked and its drafts published.
    """
    publish(message_set_id=message_set_id, by=by)
    findings = check_completeness(message_set_id=message_set_id)
    if errors := [finding for finding in findings if finding.level == Level.ERROR]:
        raise Incomplete(errors)
    MessageSet.objects.filter(pk=message_set_id).update(state=MessageSet.State.ACTIVE)
    return findings


@transaction.atomic
def clone(*, message_set_id: int, short_name: str, label: str = "", by: User | None = None) -> MessageSet:
    """A new set in preparation that says the same, drafts and welcomes included; nobody is on it.

    Its settings are the original's, also the set that follows. Raises Refused
    for a name that is taken, and UnknownMessageSet.
    """
    original = MessageSet.objects.filter(pk=message_set_id).first()
    if original is None:
        raise UnknownMessageSet(f"There is no message set {message_set_id}.")
    made = MessageSet(**_settings(original), short_name=short_name, label=label, state=MessageSet.State.DRAFT)
    save_message_set(message_set=made)
    _copy_content(original, made, by)
    made.refresh_from_db()
    return made


def _settings(original: MessageSet) -> dict[str, Any]:
    columns = [field for field in MessageSet._meta.concrete_fields if field.name not in _OWN]
    return {field.attname: getattr(original, field.attname) for field in columns}


def _copy_content(original: MessageSet, made: MessageSet, by: User | None) -> None:
    edition = begin_edition(made.pk, by)
    texts: list[Said] = []
    for kind in (Message, Welcome):
        copies = [_twin(one, made) for one in kind._default_manager.filter(messageset=original)]
        write_all(copies, [], edition)
        texts += copies
    revisions = {place_of(said): said.revision_id for said in texts}
    drafts = [_twin(one, made) for one in Draft.objects.filter(messageset=original)]
    for draft in drafts:
        draft.based_on_id = revisions.get(place_of(draft))
    Draft.objects.bulk_create(drafts, batch_size=BITE)


def _twin(record: Any, made: MessageSet) -> Any:
    """The same row for another set, not stored yet."""
    fields = {field.attname: getattr(record, field.attname) for field in record._meta.concrete_fields}
    for own in ("id", "messageset_id", "revision_id", "created_at"):
        fields.pop(own, None)
    return type(record)(**fields, messageset=made)


@transaction.atomic
def copy_language(*, message_set_id: int, source: str, target: str, by: User | None = None) -> int:
    """Begin a translation: each text of one language becomes a draft in another; how many.

    Nobody is sent the copies before they are published. An editor's draft in
    the source counts before what is published there. Where the target says
    something already, published or as a draft, that stays. Raises Refused for
    what is no language code, and UnknownMessageSet.
    """
    if problem := language_problem(target):
        raise Refused({"lang": [problem]})
    hold_set(message_set_id)
    texts = [
        said
        for kind in (Welcome, Message, Draft)
        for said in kind._default_manager.filter(messageset=message_set_id, lang__in=[source, target])
    ]
    taken = {place_of(said).number for said in texts if said.lang == target}
    # A draft comes last and so replaces what is published there.
    copied = {place_of(said).number: said for said in texts if said.lang == source}
    copies = [
        Draft(
            messageset_id=message_set_id,
            sequence_number=number,
            lang=target,
            text_content=said.text_content or "",
            binary_content_id=said.binary_content_id,
            metadata=getattr(said, "metadata", {}),
            updated_by=by,
        )
        for number, said in copied.items()
        if number not in taken
    ]
    Draft.objects.bulk_create(copies, batch_size=BITE)
    return len(copies)
