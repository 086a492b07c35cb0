"""``/1.0/voicemails/<id>/messages/``: the recordings in a mailbox. Beyond the original document."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from rest_framework.exceptions import NotFound as HttpNotFound
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.errors import BodyTooLarge
from accounts.api.parsers import JSONParser
from telephony import operations
from telephony.api import wire
from telephony.api.lists import listed
from telephony.api.protocol import AnyRenderer, TelephonyView
from telephony.api.voicemails import find_voicemail
from telephony.errors import Unusable
from telephony.models import VoicemailMessage
from telephony.recordings import read_recording

ORDERED = {"id": "pk", "timestamp": "received_at", "duration": "duration", "caller_id_name": "caller_id_name"}
CHUNK = 64 * 1024


class AudioParser(BaseParser):
    """The recording itself as the body."""

    media_type = "audio/wav"

    def parse(self, stream: Any, media_type: Any = None, parser_context: Any = None) -> Any:
        content: bytes = stream.read(settings.MAX_UPLOAD_BYTES + 1)
        if len(content) > settings.MAX_UPLOAD_BYTES:
            raise BodyTooLarge
        return content


def find_message(key: str, message_key: UUID) -> VoicemailMessage:
    """A message of that very mailbox."""
    voicemail = find_voicemail(key)
    message = VoicemailMessage.objects.filter(voicemail=voicemail, pk=message_key).first()
    if message is None:
        raise HttpNotFound
    return message


class MessageList(TelephonyView):
    """``GET ?_folder=new``; ``POST audio/wav`` stores a recording (``?caller_id_name=&caller_id_num=``)."""

    parser_classes = [AudioParser]
    body_types = ("audio/wav", "audio/x-wav", "audio/wave")

    def get(self, request: Request, key: str) -> Response:
        rows = VoicemailMessage.objects.filter(voicemail=find_voicemail(key))
        folder = request.query_params.get("_folder")
        if folder is not None:
            rows = rows.filter(folder=_folder(folder))
        params = request.query_params.copy()
        params.setdefault("_order", "timestamp")
        if "_direction" not in params and params["_order"] == "timestamp":
            params["_direction"] = "desc"
        searched = ("caller_id_name", "caller_id_num")
        return Response(listed(rows, params, out=wire.messages_out, columns=ORDERED, searched=searched))

    def post(self, request: Request, key: str) -> Response:
        voicemail = find_voicemail(key)
        message = operations.store_message(
            voicemail_id=voicemail.pk,
            recording=read_recording(self.recording()),
            folder=_folder(request.query_params.get("folder", "new"), "folder"),
            caller_id_name=_label(request, "caller_id_name", 160),
            caller_id_num=_label(request, "caller_id_num", 64),
        )
        where = reverse("telephony-message", args=[voicemail.pk, message.pk])
        headers = {"Location": request.build_absolute_uri(where)}
        return Response(wire.message_out(message), status=201, headers=headers)

    def recording(self) -> bytes:
        """The request's body as it came."""
        content: Any = self.request.data
        return content if isinstance(content, bytes) else b""


class MessageDetail(TelephonyView):
    """``PUT {"folder": "old"}`` moves a message, which is also how it is marked as heard."""

    parser_classes = [JSONParser]

    def get(self, request: Request, key: str, message_key: UUID) -> Response:
        return Response(wire.message_out(find_message(key, message_key)))

    def put(self, request: Request, key: str, message_key: UUID) -> Response:
        body = self.body()
        if bad := [name for name in body if name != "folder"]:
            raise Unusable(*bad)
        folder = _folder(body.get("folder"), "folder")
        message = find_message(key, message_key)
        return Response(wire.message_out(operations.move_message(message_id=message.pk, folder=folder)))

    def delete(self, request: Request, key: str, message_key: UUID) -> Response:
        operations.delete_message(message_id=find_message(key, message_key).pk)
        return Response()


class MessageRecording(TelephonyView):
    """``GET``: the WAV file, whole or the asked range. Listening changes nothing."""

    renderer_classes = [AnyRenderer]

    def perform_content_negotiation(self, request: Request, force: bool = False) -> Any:
        return AnyRenderer(), "*/*"

    def get(self, request: Request, key: str, message_key: UUID) -> HttpResponseBase:
        message = find_message(key, message_key)
        span = asked_range(request.headers.get("Range", ""), message.size)
        if span is None:
            return HttpResponse(status=416, headers={"Content-Range": f"bytes */{message.size}"})
        start, stop = span
        response = StreamingHttpResponse(_bytes(message, start, stop), content_type="audio/wav")
        response["Content-Length"] = str(stop - start)
        response["Accept-Ranges"] = "bytes"
        response["Content-Disposition"] = f'attachment; filename="{message.pk}.wav"'
        response["X-Content-Type-Options"] = "nosniff"
        if stop - start < message.size:
            response.status_code = 206
            response["Content-Range"] = f"bytes {start}-{stop - 1}/{message.size}"
        return response


def asked_range(header: str, size: int) -> tuple[int, int] | None:
    """Start and end (exclusive) of a single byte range, the whole for anything else, None if beyond the end.

    RFC 9110, section 14: a server may ignore a Range header it does not like.
    """
    found = re.fullmatch(r"bytes=([0-9]{0,18})-([0-9]{0,18})", header.strip())
    if not found or not (found[1] or found[2]):
        return 0, size
    if not found[1]:
        return (max(size - int(found[2]), 0), size) if int(found[2]) else None
    start, stop = int(found[1]), min(int(found[2]) + 1 if found[2] else size, size)
    if found[2] and int(found[2]) < start:
        return 0, size
    return (start, stop) if start < size else None


def _bytes(message: VoicemailMessage, start: int, stop: int) -> Any:
    with message.recording.open("rb") as file:
        file.seek(start)
        while start < stop and (chunk := file.read(min(CHUNK, stop - start))):
            start += len(chunk)
            yield chunk


def _folder(value: Any, name: str = "_folder") -> str:
    if value not in VoicemailMessage.Folder.values:
        raise Unusable(name)
    return str(value)


def _label(request: Request, name: str, most: int) -> str:
    value = request.query_params.get(name, "")
    if len(value) > most or not value.isprintable():
        raise Unusable(name)
    return value
