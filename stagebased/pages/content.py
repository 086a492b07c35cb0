"""The page on which a set is written: the table, what is not published yet, and what is to be mended."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from stagebased.models import MessageSet
from stagebased.operations.content import Finding, Level, check_completeness, problem_of
from stagebased.operations.content.drafts import language_problem, place_of
from stagebased.pages.chain import chain_of
from stagebased.pages.grid import Grid, grid_of

#: Findings that the page lists.
FINDINGS_SHOWN = 30


def context(request: HttpRequest, message_set: MessageSet) -> dict[str, Any]:
    added = request.GET.get("add", "")
    grid = grid_of(
        message_set,
        page=_number(request.GET.get("page", "1")),
        added=[added] if added and language_problem(added) is None else [],
    )
    return {
        "message_set": message_set,
        "chain": chain_of(message_set),
        "grid": grid,
        "may_edit": may_edit(request.user),
        "may_clone": may_clone(request.user),
        "may_upload": request.user.has_perm("stagebased.add_binarycontent"),
        "accepts": "audio/*"
        if message_set.content_type == MessageSet.ContentType.AUDIO
        else "audio/*,image/*",
        **standing(message_set, grid),
    }


def standing(message_set: MessageSet, grid: Grid | None = None) -> dict[str, Any]:
    """How the set stands: what the bar above the table tells."""
    found = check_completeness(message_set_id=message_set.pk, drafts=True)
    found += _unpublishable(message_set, found)
    errors = sum(finding.level == Level.ERROR for finding in found)
    return {
        "message_set": message_set,
        "drafts": message_set.drafts.count() if grid is None else grid.drafts,
        "errors": errors,
        "findings": [(finding, _where(message_set, finding)) for finding in found[:FINDINGS_SHOWN]],
        "more_findings": max(0, len(found) - FINDINGS_SHOWN),
    }


def _unpublishable(message_set: MessageSet, found: list[Finding]) -> list[Finding]:
    """Drafts that could be sent and cannot be published, e.g. for a character that makes them dear."""
    told = {(finding.number, finding.lang) for finding in found}
    drafts = message_set.drafts.select_related("binary_content").order_by("sequence_number", "lang")
    problems = ((draft, problem_of(draft, message_set)) for draft in drafts)
    return [
        Finding(
            Level.ERROR, "draft", f"Draft {place_of(draft)}: {problem}", draft.sequence_number, draft.lang
        )
        for draft, problem in problems
        if problem and (draft.sequence_number, draft.lang) not in told
    ]


def _where(message_set: MessageSet, finding: Finding) -> str:
    """The place in the table that a finding speaks of."""
    if finding.number is None or not finding.lang:
        return ""
    page = reverse("admin:stagebased_messageset_goto", args=[message_set.pk, finding.number])
    return f"{page}#c-{finding.number}-{finding.lang}"


def may_edit(user: Any) -> bool:
    return bool(user.has_perms(["stagebased.change_messageset", "stagebased.change_message"]))


def may_clone(user: Any) -> bool:
    return bool(user.has_perms(["stagebased.add_messageset", "stagebased.add_message"]))


def _number(text: str) -> int:
    with suppress(ValueError):
        if len(text) < 9:
            return int(text)
    return 1
