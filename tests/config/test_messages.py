"""Messages of pages: made only where there are any."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.messages.storage import default_storage
from django.http import HttpResponse
from django.test import RequestFactory

from config import messages as ours


def answered(view, cookies=()):
    request = RequestFactory().get("/")
    request.session = {}
    request.COOKIES.update(cookies)
    return ours.MessageMiddleware(view)(request)


def greet(request):
    messages.info(request, "Saved.")
    return HttpResponse()


def test_a_message_is_kept_until_a_page_shows_it() -> None:
    kept = answered(greet).cookies["messages"].value

    shown = []

    def show(request):
        shown.extend(str(message) for message in messages.get_messages(request))
        return HttpResponse()

    assert answered(show, {"messages": kept}).cookies["messages"].value == ""
    assert shown == ["Saved."]


def test_who_neither_adds_nor_reads_any_has_no_storage(monkeypatch) -> None:
    made = []
    monkeypatch.setattr(ours, "default_storage", lambda request: made.append(1) or default_storage(request))

    assert "messages" not in answered(lambda request: HttpResponse()).cookies
    assert made == []
