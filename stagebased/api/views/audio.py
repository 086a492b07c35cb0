"""Copying audio to where a telephone platform plays it from."""

from __future__ import annotations

from django.conf import settings
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response

from stagebased.api.views.base import DialectView
from stagebased.api.views.behind import told_worker

STARTED = "sync_audio_files_initiated"


class AudioFiles(DialectView):
    """POST: have a worker copy what is not there yet."""

    def post(self, request: Request) -> Response:
        if settings.AUDIO_FOLDER is None:
            reason = "No folder for audio is configured (AUDIO_FOLDER)."
            return Response({STARTED: False, "reason": reason}, status=status.HTTP_409_CONFLICT)
        return told_worker("stagebased.copy_audio", said=STARTED)
