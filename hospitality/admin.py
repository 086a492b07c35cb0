"""Members, feedback and reports in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.text import Truncator

from accounts.adminbase import FileInput, ModelAdmin, Switch, action, display
from hospitality import pictures
from hospitality.errors import UnusablePicture
from hospitality.models import Feedback, Member, Report
from hospitality.operations.profiles import remove_picture, save_member, set_picture


class MemberForm(forms.ModelForm):
    """A profile with its picture, which is looked at before anything is stored."""

    new_picture = forms.FileField(
        required=False,
        widget=FileInput(),
        help_text="JPEG, PNG, GIF or WebP; replaces the present one.",
    )
    no_picture = forms.BooleanField(required=False, label="Remove the picture", widget=Switch())

    class Meta:
        model = Member
        exclude = ()  # noqa: DJ006 - everything that is editable

    def clean_new_picture(self) -> Any:
        upload = self.cleaned_data["new_picture"]
        if upload:
            try:
                pictures.drawn(upload)
            except UnusablePicture as problem:
                raise ValidationError(str(problem)) from None
            upload.seek(0)
        return upload

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        if (found.get("latitude") is None) != (found.get("longitude") is None):
            raise ValidationError("Latitude and longitude go together.")
        return found


@admin.register(Member)
class MemberAdmin(ModelAdmin):
    form = MemberForm
    list_display = ["user", "fullname", "city", "country_code", "available", "validated", "seen_at"]
    list_filter = ["validated", "notcurrentlyavailable", "country"]
    list_select_related = ["user"]
    search_fields = ["user__username", "fullname_key", "city_key"]
    autocomplete_fields = ["user"]

    fieldsets = [
        (None, {"fields": [
            "user", "validated", "fullname", "comments", "languagesspoken", "url",
            "new_picture", "no_picture",
        ]}),
        ("Availability", {"fields": ["notcurrentlyavailable", "becomeavailable"]}),
        ("What is offered", {"fields": [
            "maxcyclists", ("bed", "food"), ("laundry", "lawnspace"), ("sag", "shower"),
            ("storage", "kitchenuse"), "motel", "campground", "bikeshop",
        ]}),
        ("Place", {"fields": [
            "street", "additional", ("city", "postal_code"), ("province", "country"),
            ("latitude", "longitude"), "source", "timezone",
        ]}),
        ("Telephone", {"fields": [("mobilephone", "homephone"), ("workphone", "fax_number")]}),
        ("Wishes", {"fields": [
            "preferred_notice", "language", "email_opt_out", "hide_donation_status", "node_notify",
            "comment_notify", "theme",
        ]}),
    ]  # fmt: skip

    @display(description="country", ordering="country")
    def country_code(self, member: Member) -> str:
        return member.country.upper()

    @display(description="available", boolean=True, ordering="notcurrentlyavailable")
    def available(self, member: Member) -> bool:
        return not member.notcurrentlyavailable

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return ["user"] if obj else []

    def save_model(self, request: HttpRequest, obj: Member, form: Any, change: bool) -> None:
        save_member(member=obj)
        if form.cleaned_data.get("no_picture"):
            remove_picture(member=obj)
        if upload := form.cleaned_data.get("new_picture"):
            set_picture(member=obj, upload=upload)


@admin.register(Feedback)
class FeedbackAdmin(ModelAdmin):
    list_display = ["author", "about", "rating", "relation", "month", "beginning", "published"]
    list_filter = ["published", "rating", "relation"]
    list_select_related = ["author", "about"]
    search_fields = ["author__username", "about__username"]
    fields = [
        ("author", "about"), "relation", "rating", "hosting_month", "body", "published", "created_at",
    ]  # fmt: skip
    readonly_fields = ["author", "about", "created_at"]
    actions = ["hide", "show"]

    @display(description="hosting month", ordering="hosting_month")
    def month(self, feedback: Feedback) -> str:
        return date_format(feedback.hosting_month, "F Y")

    @display(description="text")
    def beginning(self, feedback: Feedback) -> str:
        return Truncator(feedback.body).chars(60)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @action(description="Hide from everybody", permissions=["change"])
    def hide(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self.message_user(request, f"{chosen.update(published=False)} hidden.")

    @action(description="Show again", permissions=["change"])
    def show(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self.message_user(request, f"{chosen.update(published=True)} shown.")


@admin.register(Report)
class ReportAdmin(ModelAdmin):
    """What members reported. The message itself is opened in its own list, by whoever may read bodies."""

    list_display = ["created_at", "reporter", "message", "settled_at"]
    list_filter = ["settled_at", "created_at"]
    list_select_related = ["reporter", "message"]
    fields = ["created_at", "reporter", "message", "reason", "settled_at"]
    readonly_fields = ["reporter", "message", "reason", "created_at"]
    actions = ["settle"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @action(description="Settled", permissions=["change"])
    def settle(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        settled = chosen.filter(settled_at=None).update(settled_at=timezone.now())
        self.message_user(request, f"{settled} settled.")
