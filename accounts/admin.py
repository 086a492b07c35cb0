"""Accounts and tokens in the admin site."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.db.models import Exists, ManyToManyField, Model, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts import secondfactor
from accounts.adminbase import (
    AdminPasswordChangeForm,
    ModelAdmin,
    ReadOnlyMixin,
    TabularInline,
    TextInput,
    UserChangeForm,
    UserCreationForm,
    action,
    display,
)
from accounts.models import ApiToken, Authenticator, User
from accounts.operations import InvalidScope, issue_token, revoke_tokens
from accounts.roles import grantable, may_touch
from accounts.scopes import check_known_scopes
from accounts.wording import counted

#: What makes an account mighty past all roles; only those who are superusers themselves give it.
_POWERS = ("is_superuser", "user_permissions")


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
    list_display = [
        "username", "email", "first_name", "last_name", "is_active", "is_staff", "two_factors", "last_login",
    ]  # fmt: skip
    list_filter = ["is_active", "is_staff", "is_superuser", "groups"]
    search_fields = ["username", "email", "first_name", "last_name"]
    inlines = [TokenInline]
    actions = ["remove_second_factor"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        devices = Authenticator.objects.filter(user=OuterRef("pk"), confirmed=True)
        return super().get_queryset(request).annotate(has_second_factor=Exists(devices))

    @display(description="Second factor", boolean=True)
    def two_factors(self, user: Any) -> bool:
        return user.has_second_factor

    @action(description="Take the second factor away (the telephone is lost)", permissions=["change"])
    def remove_second_factor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        theirs = [user for user in queryset if may_touch(request.user, user)]
        for user in theirs:
            secondfactor.remove(user)
        self.message_user(request, f"{counted(len(theirs), 'account')} without one now.")

    def get_inlines(self, request: HttpRequest, obj: Model | None) -> list[Any]:
        return list(super().get_inlines(request, obj)) if obj else []

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        fixed = list(super().get_readonly_fields(request, obj))
        return fixed if request.user.is_superuser else [*fixed, *_POWERS]

    def formfield_for_manytomany(self, db_field: ManyToManyField, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "groups":
            kwargs["queryset"] = grantable(request.user)
        return super().formfield_for_manytomany(db_field, request, **kwargs)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and may_touch(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and may_touch(request.user, obj)


admin.site.unregister(Group)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    """Roles and other groups. What a group may do, only superusers say: it could be more than one's own."""

    list_display = ["name", "is_role"]

    @display(description="Role", boolean=True)
    def is_role(self, group: Any) -> bool:
        return hasattr(group, "role")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        return super().get_queryset(request).select_related("role")

    def get_deleted_objects(self, objs: Sequence[Group] | QuerySet[Group], request: HttpRequest) -> Any:
        """What the group might do goes with it; the rows that say so have no names."""
        named, counts, forbidden, protected = super().get_deleted_objects(objs, request)
        counts.pop(str(Group.permissions.through._meta.verbose_name_plural), None)
        return [str(group) for group in objs] if not protected else named, counts, forbidden, protected

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser)


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
        widget=TextInput,
        help_text="Words such as stagebased or sms:read, with spaces between; empty: everything.",
    )

    #: Who makes the token; set by the page.
    author: Any = None

    class Meta:
        model = ApiToken
        fields = ["user", "name", "scopes", "expires_at"]

    def clean_user(self) -> User:
        # A token acts as its account.
        user: User = self.cleaned_data["user"]
        if not may_touch(self.author, user):
            raise forms.ValidationError("This account may do more than yours: ask a superuser.")
        return user

    def clean_scopes(self) -> list[str]:
        try:
            return check_known_scopes(self.cleaned_data["scopes"].replace(",", " ").split())
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
    readonly_fields = ["scope_words", "prefix", "created_at", "last_used_at", "revoked_at"]
    actions = ["revoke"]

    @display(description="Scopes")
    def scope_words(self, token: ApiToken) -> str:
        return " ".join(token.scopes) or "everything"

    @display(description="In force", boolean=True)
    def is_in_force(self, token: ApiToken) -> bool:
        expired = token.expires_at is not None and token.expires_at <= timezone.now()
        return token.revoked_at is None and not expired

    def get_form(self, request: HttpRequest, obj: Any = None, **kwargs: Any) -> Any:
        if obj is None:
            kwargs["form"] = type("NewTokenForm", (NewTokenForm,), {"author": request.user})
        return super().get_form(request, obj, **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        if obj is None:
            return list(self.fields)
        return [
            "user",
            "name",
            "scope_words",
            "prefix",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        ]

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        # Revoking keeps the trace of what the token was for.
        return False

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("accounts.change_apitoken")

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
        self.message_user(request, f"{counted(ended, 'token')} revoked.")
