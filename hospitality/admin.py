"""Members, feedback and reports in the admin."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from accounts.adminbase import ModelAdmin, action
from hospitality import pictures
from hospitality.errors import UnusablePicture
from hospitality.models import Feedback, Member, Report
from hospitality.operations.profiles import remove_picture, save_member, set_picture


class MemberForm(forms.ModelForm):
    """A profile with its picture, which is looked at before anything is stored."""

    new_picture = forms.FileField(
        required=False, help_text="JPEG, PNG, GIF or WebP; replaces the present one."
    )
    no_picture = forms.BooleanField(required=False, label="Remove the picture")

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
    list_display = ["user", "fullname", "city", "country", "notcurrentlyavailable", "validated", "seen_at"]
    list_filter = ["validated", "notcurrentlyavailable", "country"]
    list_select_related = ["user"]
    search_fields = ["user__username", "fullname_key", "city_key"]
    autocomplete_fields = ["user"]

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
    list_display = ["id", "author", "about", "rating", "relation", "hosting_month", "published"]
    list_filter = ["published", "rating", "relation"]
    list_select_related = ["author", "about"]
    search_fields = ["author__username", "about__username"]
    readonly_fields = ["author", "about", "created_at"]
    actions = ["hide", "show"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @action(description="Hide from everybody")
    def hide(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self.message_user(request, f"{chosen.update(published=False)} hidden.")

    @action(description="Show again")
    def show(self, request: HttpRequest, chosen: QuerySet[Feedback]) -> None:
        self.message_user(request, f"{chosen.update(published=True)} shown.")


@admin.register(Report)
class ReportAdmin(ModelAdmin):
    """What members reported. The message itself is opened in its own list, by whoever may read bodies."""

    list_display = ["created_at", "reporter", "message", "settled_at"]
    list_filter = ["settled_at", "created_at"]
    list_select_related = ["reporter", "message"]
    readonly_fields = ["reporter", "message", "reason", "created_at"]
    actions = ["settle"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @action(description="Settled")
    def settle(self, request: HttpRequest, chosen: QuerySet[Report]) -> None:
        settled = chosen.filter(settled_at=None).update(settled_at=timezone.now())
        self.message_user(request, f"{settled} settled.")
