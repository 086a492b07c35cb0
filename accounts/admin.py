"""Accounts and tokens in the admin site."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import ForeignKey, Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminTextInputWidget

from accounts.adminbase import ModelAdmin, ReadOnlyMixin, TabularInline, action, display
from accounts.models import ApiToken, User
from accounts.operations import InvalidScope, check_scopes, issue_token, revoke_tokens

#: What makes an account mighty; only those who are superusers themselves give it.
_POWERS = ("is_superuser", "groups", "user_permissions")


class TokenInline(ReadOnlyMixin, TabularInline):
    model = ApiToken
    fields = ["name", "prefix", "scopes", "created_at", "last_used_at", "expires_at", "revoked_at"]
    readonly_fields = fields
    tab = True


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ["username", "email", "first_name", "last_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    inlines = [TokenInline]

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> list[Any]:
        return list(super().get_inlines(request, obj)) if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        fixed = list(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else [*fixed, *_POWERS]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _may_touch(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _may_touch(request, obj)


def _may_touch(request: HttpRequest, user: User | None) -> bool:
    """Superusers' accounts are left to superusers: setting somebody's password is becoming them."""
    return user is None or request.user.is_superuser or not user.is_superuser


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    pass


class InForceFilter(admin.SimpleListFilter):
    title = "in force"
    parameter_name = "in_force"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "Revoked or expired")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> QuerySet[ApiToken]:
        ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
        match self.value():
            case "yes":
                return queryset.exclude(ended)
            case "no":
                return queryset.filter(ended)
        return queryset


class NewTokenForm(forms.ModelForm):
    scopes = forms.CharField(
        required=False,
        widget=UnfoldAdminTextInputWidget,
        help_text="Words such as stagebased or sms:read, with spaces between; empty: everything.",
    )

    class Meta:
        model = ApiToken
        fields = ["user", "name", "scopes", "expires_at"]

    def clean_scopes(self) -> list[str]:
        try:
            return check_scopes(self.cleaned_data["scopes"].replace(",", " ").split())
        except InvalidScope as error:
            raise forms.ValidationError(str(error)) from None


@admin.register(ApiToken)
class ApiTokenAdmin(ModelAdmin):
    """A token is made, looked at and revoked; its key is on the page that follows its making, once."""

    list_display = ["name", "prefix", "user", "scope_words", "last_used_at", "expires_at", "is_in_force"]
    list_filter = [InForceFilter, "created_at"]
    list_select_related = ["user"]
    search_fields = ["name", "prefix", "user__username", "user__email"]
    autocomplete_fields = ["user"]
    fields = ["user", "name", "scopes", "expires_at"]
    readonly_fields = ["prefix", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    @display(description="Scopes")
    def scope_words(self, token: ApiToken) -> str:
        return " ".join(token.scopes) or "everything"

    @display(description="In force", boolean=True)
    def is_in_force(self, token: ApiToken) -> bool:
        expired = token.expires_at is not None and token.expires_at <= timezone.now()
        return token.revoked_at is None and not expired

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        return super().get_form(request, obj, **kwargs | {"form": NewTokenForm} if obj is None else kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(self.fields) if obj is None else [*self.fields, *self.readonly_fields]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Revoking keeps the trace of what the token was for.
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")

    def formfield_for_foreignkey(self, db_field: ForeignKey, request: HttpRequest, **kwargs: Any) -> Any:
        # A token acts as its account, so it is given only for accounts that one may touch.
        if not request.user.is_superuser:
            kwargs["queryset"] = User.objects.filter(is_superuser=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        token, key = issue_token(
            user=obj.user, name=obj.name, scopes=form.cleaned_data["scopes"], expires_at=obj.expires_at
        )
        obj.pk, obj.prefix, obj.issued_key = token.pk, token.prefix, key

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        # Shown in this answer only: a message would keep the key in a cookie or a session.
        context = self.admin_site.each_context(request) | {
            "title": f"Token {obj.prefix}…",
            "key": obj.issued_key,
            "opts": self.opts,
        }
        return render(request, "accounts/issued_token.html", context)

    @action(description="Revoke the selected tokens", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        ended = revoke_tokens(token_ids=queryset.values_list("pk", flat=True))
        self.message_user(request, f"{ended} tokens revoked.")
