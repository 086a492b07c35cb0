"""People in the admin site: who they are, how they are reached, what they said about it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.cache import cache
from django.db.models import OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.adminbase import (
    ModelAdmin,
    ReadOnlyMixin,
    ReadOnlyModelAdmin,
    TabularInline,
    action,
    display,
)
from accounts.models import User
from contacts.forms import AddressForm, ContactForm
from contacts.models import Address, Contact, OptIn, OptOut
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import (
    AddressRecord,
    Profile,
    create_contact,
    opt_in,
    opt_out,
    replace_addresses,
    update_contact,
)

SOURCE = "admin"


def people_matching(term: str) -> Q:
    """Which people a search means: an identity, an address or its beginning, or else part of a name."""
    with suppress(ValueError):
        return Q(pk=UUID(term))
    if term[0] not in "+0123456789" and "@" not in term:
        return Q(name__icontains=term)
    with suppress(InvalidNumber):
        term = parse_msisdn(term)
    return Q(pk__in=Address.objects.filter(value__startswith=term).values("contact"))


class YesNoFilter(admin.SimpleListFilter):
    """Rows where a column is filled, and rows where it is not."""

    column: str

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Yes"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in ("yes", "no"):
            return queryset
        return queryset.filter(**{f"{self.column}__isnull": self.value() == "no"})


class OptedOutFilter(YesNoFilter):
    title = "opted out"
    parameter_name = "opted_out"
    column = "opted_out_at"


class LiftedFilter(YesNoFilter):
    title = "taken back"
    parameter_name = "lifted"
    column = "lifted_at"


class LanguageFilter(admin.SimpleListFilter):
    title = "language"
    parameter_name = "language"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        # Found by reading every person, so not for every page.
        found = cache.get_or_set("contacts.languages", _languages, 300) or []
        return [(language, language) for language in found]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        return queryset.filter(language=self.value()) if self.value() else queryset


def _languages() -> list[str]:
    spoken = Contact.objects.exclude(language="").order_by("language")
    return list(spoken.values_list("language", flat=True).distinct())


class AddressInline(TabularInline):
    model = Address
    form = AddressForm
    fields = ["kind", "value", "is_default", "inactive", "opted_out_at", "failures_in_a_row"]
    readonly_fields = ["opted_out_at", "failures_in_a_row"]


class OptOutInline(ReadOnlyMixin, TabularInline):
    model = OptOut
    fields = ["kind", "address", "programme", "reason", "source", "created_at", "lifted_at", "lifted_source"]
    readonly_fields = fields
    tab = True


class OptInInline(ReadOnlyMixin, TabularInline):
    model = OptIn
    fields = ["address", "programme", "source", "created_at"]
    readonly_fields = fields
    tab = True


@admin.register(Contact)
class ContactAdmin(ModelAdmin):
    form = ContactForm
    list_display = ["__str__", "number", "language", "timezone", "is_opted_out", "created_at"]
    list_filter = [OptedOutFilter, LanguageFilter, "created_at"]
    search_fields = ["pk"]
    search_help_text = "An identity, a number or e-mail address or its beginning, or part of a name."
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["communicate_through", "operator", "user"]
    fields = [
        "id", "name", "language", "timezone", "details", "communicate_through", "operator", "user",
        "opted_out_at", "created_at", "created_by", "updated_at", "updated_by",
    ]  # fmt: skip
    readonly_fields = ["id", "opted_out_at", "created_at", "created_by", "updated_at", "updated_by"]
    inlines = [AddressInline, OptOutInline, OptInInline]
    actions = ["opt_out_of_everything", "opt_in_again", "forget"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        numbers = Address.objects.filter(contact=OuterRef("pk"), kind=Address.Kind.MSISDN, inactive=False)
        best = numbers.order_by("-is_default", "created_at", "pk").values("value")[:1]
        return super().get_queryset(request).annotate(best_number=Subquery(best))

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(people_matching(term)) if term else queryset), False

    @display(description="Number")
    def number(self, contact: Any) -> str:
        return contact.best_number or "—"

    @display(description="Opted out", boolean=True)
    def is_opted_out(self, contact: Contact) -> bool:
        return contact.opted_out_at is not None

    # --- saving: through the operations -----------------------------------------------

    def save_model(self, request: HttpRequest, obj: Contact, form: Any, change: bool) -> None:
        if change:
            stored, wanted = Contact.objects.get(pk=obj.pk), vars(Profile.of(obj))
            changes = {name: wanted[name] for name in wanted if name.removesuffix("_id") in form.changed_data}
            profile = replace(Profile.of(stored), **changes)
            update_contact(contact=stored, profile=profile, user=_author(request))
        else:
            # The addresses, saved next, ask the page's own instance for the new person's id.
            obj.pk = create_contact(profile=Profile.of(obj), user=_author(request)).pk
            obj._state.adding = False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        # Fills in what the page's history tells of the change; the rows are written below, as a whole.
        formset.save(commit=False)
        if formset.model is Address and formset.has_changed():
            kept = [one for one in formset.forms if one.cleaned_data and not one.cleaned_data.get("DELETE")]
            records = [_record(one.instance) for one in kept]
            replace_addresses(contact_id=form.instance.pk, records=records)

    # --- opting out and in ------------------------------------------------------------

    @action(description="Opt out of everything", permissions=["change"])
    def opt_out_of_everything(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        self._for_all(request, queryset, opt_out, "opted out", kind=OptOut.Kind.STOPALL)

    @action(description="Opt in again", permissions=["change"])
    def opt_in_again(self, request: HttpRequest, queryset: QuerySet[Contact]) -> None:
        self._for_all(request, queryset, opt_in, "opted in")

    @action(description="Forget: erase what is known, opt out", permissions=["delete"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        if "confirmed" in request.POST:
            self._for_all(request, queryset, opt_out, "forgotten", kind=OptOut.Kind.FORGET)
            return None
        context = self.admin_site.each_context(request) | {
            "title": "Forget people",
            "people": queryset[:100],
            "count": queryset.count(),
            "selected": request.POST.getlist("_selected_action"),
            "opts": self.opts,
        }
        return render(request, "contacts/confirm_forget.html", context)

    def _for_all(
        self, request: HttpRequest, people: QuerySet[Contact], do: Callable[..., list], done: str, **how: Any
    ) -> None:
        ids = list(people.values_list("pk", flat=True))
        rows = do(
            contact_ids=ids, source=SOURCE, requestor=request.user.get_username(), user=request.user, **how
        )
        self.message_user(request, f"{len(rows)} people {done}.", messages.SUCCESS)


def _author(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _record(row: Address) -> AddressRecord:
    return AddressRecord(row.kind, row.value, row.is_default, row.inactive, row.details)


@admin.register(Address)
class AddressAdmin(ReadOnlyModelAdmin):
    """Looking up whose an address is; it is changed on its person's page."""

    list_display = ["value", "kind", "contact", "is_default", "inactive", "opted_out_at", "failures_in_a_row"]
    list_filter = ["kind", "inactive", OptedOutFilter]
    list_select_related = ["contact"]
    search_fields = ["value__startswith"]
    ordering = ["-pk"]


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyModelAdmin):
    list_display = ["created_at", "kind", "contact", "address", "programme", "reason", "source", "lifted_at"]
    list_filter = ["kind", LiftedFilter, "created_at"]
    list_select_related = ["contact"]
    search_fields = ["address__startswith", "programme", "reason", "source"]
