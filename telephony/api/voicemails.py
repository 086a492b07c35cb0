"""``/1.0/voicemails/``."""

from __future__ import annotations

from django.urls import reverse
from rest_framework.exceptions import NotFound as HttpNotFound
from rest_framework.request import Request
from rest_framework.response import Response

from telephony import operations
from telephony.api import wire
from telephony.api.lists import by_key, listed
from telephony.api.preconditions import tagged, unless_changed
from telephony.api.protocol import TelephonyView
from telephony.models import Voicemail

SEARCHED = ("mailbox", "fullname", "email")
ORDERED = {"id": "id", "uniqueid": "id", "mailbox": "mailbox", "fullname": "fullname", "email": "email"}


def voicemail_url(request: Request, key: int) -> str:
    return request.build_absolute_uri(reverse("telephony-voicemail", args=[key]))


def find_voicemail(key: str) -> Voicemail:
    voicemail = by_key(Voicemail.objects.all(), key)
    if not isinstance(voicemail, Voicemail):
        raise HttpNotFound
    return voicemail


class VoicemailList(TelephonyView):
    def get(self, request: Request) -> Response:
        rows = Voicemail.objects.all()
        found = listed(
            rows, request.query_params, out=wire.voicemails_out, columns=ORDERED, searched=SEARCHED
        )
        return Response(found)

    def post(self, request: Request) -> Response:
        voicemail = operations.create_voicemail(values=wire.read_voicemail(self.body()))
        return Response(
            wire.voicemail_out(voicemail),
            status=201,
            headers={"Location": voicemail_url(request, voicemail.pk)},
        )


class VoicemailDetail(TelephonyView):
    def get(self, request: Request, key: str) -> Response:
        return tagged(find_voicemail(key), wire.voicemail_out)

    def put(self, request: Request, key: str) -> Response:
        body = self.body()
        found = by_key(Voicemail.objects.all(), key)
        values = wire.read_voicemail(body, own_id=found.pk if found else 0)
        voicemail = find_voicemail(key)
        operations.change_voicemail(
            voicemail_id=voicemail.pk, values=values, unless=unless_changed(request, wire.voicemail_out)
        )
        return Response(headers={"Location": voicemail_url(request, voicemail.pk)})

    def delete(self, request: Request, key: str) -> Response:
        operations.delete_voicemail(
            voicemail_id=find_voicemail(key).pk, unless=unless_changed(request, wire.voicemail_out)
        )
        return Response()
