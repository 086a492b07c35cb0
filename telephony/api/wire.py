"""What travels: which properties there are, how they are read and written.

Source of the names and types: the XiVO 1.0 REST API document ("User
properties", "Voicemail properties"). Flags go out as 0 and 1 and come in as
those or as booleans; texts also come in as numbers; null empties a text.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.db.models import QuerySet, TextField
from django.db.models.functions import Cast

from accounts.encryption import decrypt_all
from accounts.prepared import Prepared
from telephony.errors import Unusable
from telephony.models import TelephonyUser, Voicemail, VoicemailMessage

#: The largest key a database integer holds.
MOST_ID = 2**63 - 1
Reader = Callable[[Any], Any]
_INVALID = object()


def text(most: int) -> Reader:
    def read(value: Any) -> Any:
        if value is None:
            return ""
        if isinstance(value, int) and not isinstance(value, bool):
            value = str(value) if abs(value) <= MOST_ID else _INVALID
        return value if isinstance(value, str) and len(value) <= most else _INVALID

    return read


def given(most: int) -> Reader:
    """A text that is not empty."""

    def read(value: Any) -> Any:
        return text(most)(value) or _INVALID

    return read


def flag(value: Any) -> Any:
    return {0: False, 1: True, "0": False, "1": True}.get(value, _INVALID) if _is_flag(value) else _INVALID


def _is_flag(value: Any) -> bool:
    return isinstance(value, int | str)


def whole(value: Any) -> Any:
    """An id of something that lives elsewhere; null is none."""
    if value is None:
        return None
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 19:
        value = int(value)
    fits = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_ID
    return value if fits else _INVALID


def digits(most: int) -> Reader:
    def read(value: Any) -> Any:
        found = text(most)(value)
        return found if isinstance(found, str) and found.isascii() and found.isdigit() else _INVALID

    return read


USER: dict[str, tuple[str, Reader]] = {
    "firstname": ("firstname", given(128)),
    "lastname": ("lastname", text(128)),
    "callerid": ("callerid", text(160)),
    "username": ("username", text(64)),
    "password": ("password", text(64)),
    "enableclient": ("enableclient", flag),
    "musiconhold": ("musiconhold", text(128)),
    "outcallerid": ("outcallerid", text(80)),
    "mobilephonenumber": ("mobilephonenumber", text(128)),
    "userfield": ("userfield", text(128)),
    "timezone": ("timezone", text(128)),
    "language": ("language", text(20)),
    "description": ("description", text(10_000)),
    "email": ("email", text(128)),
    "cti_profile_id": ("cti_profile_id", whole),
    # The document's next revision spelled it so; clients of both exist.
    "ctiprofileid": ("cti_profile_id", whole),
    "voicemailid": ("voicemail_id", whole),
    "agentid": ("agentid", whole),
    "entityid": ("entityid", whole),
}
VOICEMAIL: dict[str, tuple[str, Reader]] = {
    "email": ("email", text(80)),
    "fullname": ("fullname", text(80)),
    "mailbox": ("mailbox", digits(40)),
    "password": ("password", text(80)),
    "attach": ("attach", flag),
    "skipcheckpass": ("skipcheckpass", flag),
    "deleteaftersend": ("deleteaftersend", flag),
}


def read(
    body: Mapping[str, Any],
    known: Mapping[str, tuple[str, Reader]],
    *,
    ids: tuple[str, ...] = ("id",),
    own_id: int | None = None,
    required: tuple[str, ...] = (),
) -> dict[str, Any]:
    """Checked columns of a body. Raises Unusable naming every bad property, in the body's order.

    An id in the body is ignored on creation (``own_id`` None) and must be the
    record's own on a change. ``required`` ones must be there and not empty.
    """
    values: dict[str, Any] = {}
    bad: list[str] = []
    for name, value in body.items():
        if name in ids:
            bad += [name] if own_id is not None and str(value) != str(own_id) else []
        elif name not in known or (found := known[name][1](value)) is _INVALID:
            bad.append(name)
        else:
            values[known[name][0]] = found
    bad += [name for name in required if name not in bad and not values.get(known[name][0])]
    if bad:
        raise Unusable(*bad)
    return values


def read_user(
    body: Mapping[str, Any], *, own_id: int | None = None, mailboxes: Container[int] | None = None
) -> dict[str, Any]:
    """Columns of a user. ``firstname`` is required on creation; a mailbox must exist.

    ``mailboxes`` are all that exist, for whoever reads many users; else the database is asked.
    """
    known = USER | {"voicemailid": ("voicemail_id", _mailbox(mailboxes))}
    return read(body, known, own_id=own_id, required=() if own_id is not None else ("firstname",))


def _mailbox(mailboxes: Container[int] | None) -> Reader:
    def exists(key: int) -> bool:
        return key in mailboxes if mailboxes is not None else Voicemail.objects.filter(pk=key).exists()

    def read(value: Any) -> Any:
        key = whole(value)
        return key if key is None or key is _INVALID or exists(key) else _INVALID

    return read


def read_voicemail(body: Mapping[str, Any], *, own_id: int | None = None) -> dict[str, Any]:
    """Columns of a mailbox. ``mailbox`` is required on creation."""
    required = () if own_id is not None else ("mailbox",)
    return read(body, VOICEMAIL, ids=("id", "uniqueid"), own_id=own_id, required=required)


#: A user's columns in the order of their properties.
_USER_COLUMNS = (
    "id", "firstname", "lastname", "callerid", "username", "password", "enableclient", "musiconhold",
    "outcallerid", "mobilephonenumber", "userfield", "timezone", "language", "description", "email",
    "cti_profile_id", "voicemail_id", "agentid", "entityid", "contact_id",
)  # fmt: skip
_USER_NAMES = [
    {"voicemail_id": "voicemailid", "contact_id": "identity"}.get(name, name) for name in _USER_COLUMNS
]


def users_out(users: QuerySet[TelephonyUser]) -> list[dict[str, Any]]:
    """What ``user_out`` gives for each, without making a record of each."""
    return _opened(_sealed(users))


def all_users_out(order: tuple[str, ...], start: int, stop: int | None) -> list[dict[str, Any]]:
    """The same for all users in an order, from one place in it to another; the statement is made once."""
    return _opened(_in_order(order).window(start, stop))


@lru_cache(maxsize=32)
def _in_order(order: tuple[str, ...]) -> Prepared:
    return Prepared(lambda: _sealed(TelephonyUser.objects.order_by(*order)))


def _sealed(users: QuerySet[TelephonyUser]) -> QuerySet[TelephonyUser, tuple[Any, ...]]:
    """The columns of ``user_out``. As text the password stays encrypted, and all are opened at once."""
    columns = ["sealed" if name == "password" else name for name in _USER_COLUMNS]
    return users.annotate(sealed=Cast("password", TextField())).values_list(*columns)


def _opened(rows: Iterable[tuple[Any, ...]]) -> list[dict[str, Any]]:
    found = [_user_out(row) for row in rows]
    if not settings.TELEPHONY_SHOW_PASSWORDS:
        return found
    for user, password in zip(found, decrypt_all(user["password"] for user in found), strict=True):
        user["password"] = password
    return found


def shown(password: str) -> str:
    """What callers are told of a password."""
    return password if settings.TELEPHONY_SHOW_PASSWORDS else ""


def user_out(user: TelephonyUser) -> dict[str, Any]:
    """Every property, null or empty when unset."""
    return _user_out([getattr(user, name) for name in _USER_COLUMNS])


def _user_out(values: Sequence[Any]) -> dict[str, Any]:
    found = dict(zip(_USER_NAMES, values, strict=True))
    found["enableclient"] = int(found["enableclient"])
    found["password"] = shown(found["password"])
    found["identity"] = str(found["identity"]) if found["identity"] else None
    return found


def voicemail_out(voicemail: Voicemail) -> dict[str, Any]:
    """Every property; ``uniqueid`` and ``id`` are the same number, as the document shows both."""
    return {
        "id": voicemail.pk,
        "uniqueid": voicemail.pk,
        "email": voicemail.email,
        "fullname": voicemail.fullname,
        "mailbox": voicemail.mailbox,
        "password": shown(voicemail.password),
        "attach": int(voicemail.attach),
        "skipcheckpass": int(voicemail.skipcheckpass),
        "deleteaftersend": int(voicemail.deleteaftersend),
    }


def voicemails_out(voicemails: QuerySet[Voicemail]) -> list[dict[str, Any]]:
    return [voicemail_out(voicemail) for voicemail in voicemails]


def messages_out(messages: QuerySet[VoicemailMessage]) -> list[dict[str, Any]]:
    return [message_out(message) for message in messages]


def message_out(message: VoicemailMessage) -> dict[str, Any]:
    """A recording: ``timestamp`` in seconds since 1970 UTC, ``duration`` in seconds, ``size`` in bytes."""
    return {
        "id": str(message.pk),
        "folder": message.folder,
        "caller_id_name": message.caller_id_name or None,
        "caller_id_num": message.caller_id_num or None,
        "duration": message.duration,
        "timestamp": int(message.received_at.timestamp()),
        "size": message.size,
    }
