"""Telephone users and mailboxes in the admin. Passwords are not shown in lists, nor recordings' content."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.template.defaultfilters import filesizeformat

from accounts.adminbase import ModelAdmin, ReadOnlyModelAdmin, action, display
from telephony import operations
from telephony.errors import TelephonyError
from telephony.models import TelephonyUser, Voicemail, VoicemailMessage


def _values(record: TelephonyUser | Voicemail, form: Any) -> dict[str, Any]:
    """The columns that were filled in, as the operations take them."""
    columns = [field.attname for field in record._meta.concrete_fields if field.name in form.changed_data]
    return {name: getattr(record, name) for name in columns}


@admin.register(TelephonyUser)
class TelephonyUserAdmin(ModelAdmin):
    list_display = ["name", "mobilephonenumber", "email", "voicemail", "linked"]
    list_filter = ["enableclient", "language"]
    list_select_related = ["voicemail"]
    search_fields = ["firstname", "lastname", "mobilephonenumber", "email"]
    autocomplete_fields = ["voicemail"]
    readonly_fields = ["contact", "created_at", "updated_at"]
    exclude = ["password"]
    actions = ["link", "unlink"]

    fieldsets = [
        (None, {"fields": [("firstname", "lastname"), "mobilephonenumber", "email", "voicemail", "contact"]}),
        ("Preferences", {"fields": [("language", "timezone"), "description"]}),
        ("Telephone system", {"fields": [
            "username", "enableclient", ("callerid", "outcallerid"), ("musiconhold", "userfield"),
            ("agentid", "entityid"), "cti_profile_id",
        ]}),
        ("Record", {"fields": [("created_at", "updated_at")]}),
    ]  # fmt: skip

    # Saved and deleted through the operations, which keep people's addresses and the files in step.

    def save_model(self, request: HttpRequest, obj: TelephonyUser, form: Any, change: bool) -> None:
        values = _values(obj, form)
        if change:
            operations.change_user(user_id=obj.pk, values=values)
        else:
            obj.pk = operations.create_user(values=values).pk

    def delete_model(self, request: HttpRequest, obj: TelephonyUser) -> None:
        operations.delete_user(user_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[TelephonyUser]) -> None:
        for user in queryset:
            operations.delete_user(user_id=user.pk)

    @display(description="name", ordering="lastname")
    def name(self, user: TelephonyUser) -> str:
        return str(user)

    @display(boolean=True, description="contact")
    def linked(self, user: TelephonyUser) -> bool:
        return user.contact_id is not None

    @action(description="Link to the contact with that number or e-mail", permissions=["change"])
    def link(self, request: HttpRequest, users: QuerySet[TelephonyUser]) -> None:
        linked = failed = 0
        for user in users:
            try:
                operations.link_contact(user_id=user.pk)
                linked += 1
            except TelephonyError:
                failed += 1
        self.message_user(request, f"{linked} linked; {failed} have neither a usable number nor an e-mail.")

    @action(description="Unlink from the contact", permissions=["change"])
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

    def save_model(self, request: HttpRequest, obj: Voicemail, form: Any, change: bool) -> None:
        values = _values(obj, form)
        if change:
            operations.change_voicemail(voicemail_id=obj.pk, values=values)
        else:
            obj.pk = operations.create_voicemail(values=values).pk

    def get_deleted_objects(self, objs: Iterable[Voicemail], request: HttpRequest) -> Any:
        """Its messages, which nobody deletes one by one here, go with it."""
        named = [str(voicemail) for voicemail in objs]
        allowed = set() if self.has_delete_permission(request) else {str(self.opts.verbose_name)}
        return named, {str(self.opts.verbose_name_plural): len(named)}, allowed, []

    def delete_model(self, request: HttpRequest, obj: Voicemail) -> None:
        operations.delete_voicemail(voicemail_id=obj.pk)

    def delete_queryset(self, request: HttpRequest, queryset: Iterable[Voicemail]) -> None:
        for voicemail in queryset:
            operations.delete_voicemail(voicemail_id=voicemail.pk)


@admin.register(VoicemailMessage)
class VoicemailMessageAdmin(ReadOnlyModelAdmin):
    list_display = ["received_at", "voicemail", "folder", "length", "mailed_at"]
    fields = [
        "voicemail",
        "folder",
        "caller_id_name",
        "caller_id_num",
        "length",
        "bytes",
        "received_at",
        "mailed_at",
    ]
    readonly_fields = ["length", "bytes", "mailed_at"]
    list_filter = ["folder", "received_at"]
    list_select_related = ["voicemail"]
    search_fields = ["voicemail__mailbox"]

    @display(description="length", ordering="duration")
    def length(self, message: VoicemailMessage) -> str:
        minutes, seconds = divmod(message.duration, 60)
        return f"{minutes}:{seconds:02}"

    @display(description="size")
    def bytes(self, message: VoicemailMessage) -> str:
        return filesizeformat(message.size)
