"""What the buttons of a set's pages do. Each calls one operation and leads back to the page."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from accounts.wording import counted
from outbox.models import Delivery
from stagebased.errors import InUse, ProgrammeError, Refused
from stagebased.models import WELCOME, Draft, Message, MessageSet, Welcome
from stagebased.operations import content, trial
from stagebased.operations.content import Place
from stagebased.pages import content as page
from stagebased.pages.grid import cell_of, numbers_of, page_of

#: A stage's number as a form sends it.
MOST_DIGITS = 9


# --- one text ------------------------------------------------------------------------------


def write(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    """POST number, lang, text, ``before`` (what the editor saw there), perhaps a file: keep it as a draft.

    Answers with the place as it is drawn now. 409 when somebody else has
    written there meanwhile, with what they wrote.
    """
    place = _place(request)
    if place is None:
        return JsonResponse({"detail": "There is no such place."}, status=400)
    there = cell_of(message_set, place)
    text = _lines(request.POST.get("text", ""))
    seen, stands = _lines(request.POST.get("before", "")), there.said.text if there.said else ""
    if seen != stands and stands != text:
        detail = f"{there.drafted_by or 'Somebody'} has written here meanwhile."
        return JsonResponse({"detail": detail, "text": stands}, status=409)
    try:
        file = _file(request, there.said.file_id if there.said else None)
        content.save_draft(
            message_set_id=message_set.pk,
            place=place,
            text_content=text,
            binary_content_id=file,
            metadata=_metadata(message_set, place),
            by=_user(request),
        )
    except Refused as refusal:
        return JsonResponse({"detail": _words(refusal)}, status=400)
    return _drawn(request, message_set, place)


def forget(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    """POST number, lang: drop the draft there; where there is none, take away what is published."""
    place = _place(request)
    if place is None:
        return JsonResponse({"detail": "There is no such place."}, status=400)
    if not content.discard_drafts(message_set_id=message_set.pk, places=[place]):
        _unpublish(message_set, place)
    return _drawn(request, message_set, place)


def _unpublish(message_set: MessageSet, place: Place) -> None:
    if place.number == WELCOME:
        for welcome in Welcome.objects.filter(messageset=message_set, lang=place.lang):
            content.delete_welcome(welcome=welcome)
        return
    found = Message.objects.filter(messageset=message_set, sequence_number=place.number, lang=place.lang)
    for message in found:
        content.delete_message(message=message)


def _drawn(request: HttpRequest, message_set: MessageSet, place: Place) -> HttpResponse:
    message_set.refresh_from_db()
    shown = {"message_set": message_set, "may_edit": True}
    cell = render_to_string(
        "stagebased/pages/cell.html", {**shown, "cell": cell_of(message_set, place)}, request
    )
    bar = render_to_string("stagebased/pages/bar.html", {**shown, **page.standing(message_set)}, request)
    return JsonResponse({"cell": cell, "bar": bar})


def _place(request: HttpRequest) -> Place | None:
    number = _number(request.POST.get("number", ""))
    return None if number is None else Place(number, request.POST.get("lang", ""))


def _file(request: HttpRequest, there: int | None) -> int | None:
    """The file that belongs to the text from now on: a new one, none, or the one that was there."""
    upload = request.FILES.get("file")
    if upload is not None:
        if not request.user.has_perm("stagebased.add_binarycontent"):
            raise Refused({"binary_content": ["You may not upload files."]})
        return content.store_file(upload=upload).pk
    return None if request.POST.get("no_file") else there


def _metadata(message_set: MessageSet, place: Place) -> dict[str, Any]:
    """What programs have noted on the text stays with it."""
    at = {"messageset": message_set, "sequence_number": place.number, "lang": place.lang}
    for model in (Draft, Message):
        found = model._default_manager.filter(**at).values_list("metadata", flat=True).first()
        if found is not None:
            return dict(found)
    return {}


def _lines(text: str) -> str:
    """Browsers send line ends as CR LF, which would cost a character each."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


# --- stages, languages, the whole set --------------------------------------------------------


def stage(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    """POST ``act`` as ``insert:3``, ``up:3``, ``down:3``, ``remove:3``, or ``move:3`` with ``to-3``."""
    act, _, given = request.POST.get("act", "").partition(":")
    number = _number(given)
    if number is None:
        messages.error(request, "There is no such stage.")
        return _back(message_set)
    to = _beside(message_set, act, number) or _number(request.POST.get(f"to-{number}", ""))
    done = _try(request, partial(_change_stage, message_set.pk, act, number, to, _user(request)))
    return _back(message_set, to if done is not None and act in _MOVES else number)


def _beside(message_set: MessageSet, act: str, number: int) -> int | None:
    """The stage before or after, whatever numbers are empty in between."""
    there = numbers_of(message_set)
    if act == "up":
        return max((one for one in there if one < number), default=None)
    return min((one for one in there if one > number), default=None) if act == "down" else None


_MOVES = ("up", "down", "move")


def _change_stage(key: int, act: str, number: int, to: int | None, by: User | None) -> int:
    if act == "insert":
        return content.insert_stage(message_set_id=key, at=number, by=by)
    if act == "remove":
        return content.remove_stage(message_set_id=key, number=number, by=by)
    if act in _MOVES and to is not None:
        return content.move_stage(message_set_id=key, number=number, to=to, by=by)
    raise Refused({"act": ["There is no such stage."]})


def copy_language(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    """POST ``source``, ``target``: begin a translation with the texts of another language."""
    source, target = request.POST.get("source", ""), request.POST.get("target", "").strip()
    made = _try(
        request,
        lambda: content.copy_language(
            message_set_id=message_set.pk, source=source, target=target, by=_user(request)
        ),
    )
    if made is not None:
        messages.success(
            request, f"To be translated now: {counted(made, 'draft')} in {target}, copied from {source}."
        )
    return _back(message_set)


def publish(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    done = _try(
        request,
        lambda: content.publish(
            message_set_id=message_set.pk, overwrite=bool(request.POST.get("overwrite")), by=_user(request)
        ),
    )
    if done is not None:
        messages.success(request, f"Published: {counted(done.texts, 'text')}. The next send has them.")
    return _back(message_set)


def discard(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    dropped = content.discard_drafts(message_set_id=message_set.pk)
    messages.success(request, f"{counted(dropped, 'draft')} dropped.")
    return _back(message_set)


def activate(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    done = _try(request, lambda: content.activate(message_set_id=message_set.pk, by=_user(request)))
    if done is not None:
        messages.success(request, f"{message_set} is active: people can be put on it.")
    return _back(message_set)


def clone(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    name, label = request.POST.get("short_name", "").strip(), request.POST.get("label", "").strip()
    problem = _name_problem(name, label)
    if problem:
        messages.error(request, problem)
        return _back(message_set)
    made = _try(
        request,
        lambda: content.clone(message_set_id=message_set.pk, short_name=name, label=label, by=_user(request)),
    )
    if made is None:
        return _back(message_set)
    messages.success(
        request, f"This is the copy of {message_set}. It is in preparation, and nobody is on it."
    )
    return _back(made)


def send_trial(request: HttpRequest, message_set: MessageSet) -> HttpResponse:
    """POST ``number``, ``lang``; and ``own_number`` where that is not known yet: send a stage to oneself."""
    user, number = _user(request), _number(request.POST.get("number", ""))
    if user is not None and number is not None:
        words = [request.POST.get(name, "") for name in ("lang", "own_number")]
        if _try(request, partial(_send_trial, message_set.pk, number, user, *words)) is not None:
            messages.success(request, "It is on its way to you, and to nobody else.")
    where = reverse("admin:stagebased_messageset_phone", args=[message_set.pk])
    return HttpResponseRedirect(f"{where}?stage={number or 0}")


def _send_trial(key: int, number: int, user: User, lang: str, own_number: str) -> Delivery:
    if own_number:
        trial.set_own_number(user=user, number=own_number)
    return trial.send_trial(message_set_id=key, number=number, lang=lang, user=user)


def _name_problem(name: str, label: str) -> str:
    if not name:
        return "The copy needs a short name."
    if max(len(name), len(label)) > 100:
        return "A name has at most 100 characters."
    return "" if all(character.isprintable() for character in name + label) else "That is no name."


def _try(request: HttpRequest, act: Callable[[], Any]) -> Any:
    """What the operation gives; None when it refuses, which is then told."""
    try:
        return act()
    except (Refused, InUse) as error:
        for line in _lines_of(error):
            messages.error(request, line)
    return None


def _lines_of(error: ProgrammeError) -> list[str]:
    if not isinstance(error, Refused):
        return [str(error)]
    found = [f"{_heading(field)}{' '.join(texts)}" for field, texts in error.errors.items()]
    return found[:10] + ([f"And {len(found) - 10} more."] if len(found) > 10 else [])


def _heading(field: str) -> str:
    """A place of the set as it is; the names of columns say nothing to an editor."""
    return f"{field}: " if " " in field else ""


def _words(refusal: Refused) -> str:
    return " ".join(_lines_of(refusal))


def _back(message_set: MessageSet, number: int | None = None) -> HttpResponse:
    if number is None:
        return HttpResponseRedirect(reverse("admin:stagebased_messageset_content", args=[message_set.pk]))
    return HttpResponseRedirect(
        f"{reverse('admin:stagebased_messageset_goto', args=[message_set.pk, number])}#stage-{number}"
    )


def goto(request: HttpRequest, message_set: MessageSet, number: int) -> HttpResponse:
    """To the page of the table on which a stage stands; the browser keeps what follows the #."""
    where = reverse("admin:stagebased_messageset_content", args=[message_set.pk])
    return HttpResponseRedirect(f"{where}?page={page_of(message_set, number)}")


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS else None


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None
