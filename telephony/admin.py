"""Telephone users and mailboxes in the admin. Passwords are not shown in lists, nor recordings' content."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, action
from telephony import operations
from telephony.errors import TelephonyError
from telephony.models import TelephonyUser, Voicemail, VoicemailMessage


@admin.register(TelephonyUser)
class TelephonyUserAdmin(ModelAdmin):
    list_display = ["id", "firstname", "lastname", "mobilephonenumber", "email", "voicemail", "linked"]
    list_display_links = ["id", "firstname", "lastname"]
    list_filter = ["enableclient", "language"]
    list_select_related = ["voicemail"]
    search_fields = ["firstname", "lastname", "mobilephonenumber", "email"]
    autocomplete_fields = ["voicemail"]
    readonly_fields = ["contact", "created_at", "updated_at"]
    exclude = ["password"]
    actions = ["link", "unlink"]

    @admin.display(boolean=True, description="contact")
    def linked(self, user: TelephonyUser) -> bool:
        return user.contact_id is not None

    @action(description="Link to the contact with that number or e-mail")
    def link(self, request: HttpRequest, users: QuerySet[TelephonyUser]) -> None:
        linked = failed = 0
        for user in users:
            try:
                operations.link_contact(user_id=user.pk)
                linked += 1
            except TelephonyError:
                failed += 1
        self.message_user(request, f"{linked} linked; {failed} have neither a usable number nor an e-mail.")

    @action(description="Unlink from the contact")
    def unlink(self, request: HttpRequest, users: QuerySet[TelephonyUser]) -> None:
        for user in users:
            operations.unlink_contact(user_id=user.pk)
        self.message_user(request, f"{len(users)} unlinked; the contacts stay.")


@admin.register(Voicemail)
class VoicemailAdmin(ModelAdmin):
    list_display = ["mailbox", "fullname", "email", "attach", "deleteaftersend"]
    list_filter = ["attach", "deleteaftersend"]
    search_fields = ["mailbox", "fullname", "email"]
    readonly_fields = ["created_at", "updated_at"]
    exclude = ["password"]


@admin.register(VoicemailMessage)
class VoicemailMessageAdmin(ReadOnlyModelAdmin):
    list_display = ["received_at", "voicemail", "folder", "duration", "mailed_at"]
    list_filter = ["folder", "received_at"]
    list_select_related = ["voicemail"]
    search_fields = ["voicemail__mailbox"]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["recording"]
