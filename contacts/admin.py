"""People in the admin site: who they are, how they are reached, what they said about it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.cache import cache
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.template.loader import render_to_string
from django.urls import URLPattern, re_path, reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.views.decorators.http import require_safe

from accounts.adminbase import (
    ModelAdmin,
    ReadOnlyMixin,
    ReadOnlyModelAdmin,
    TabularInline,
    action,
    display,
)
from accounts.models import User
from accounts.wording import counted
from audit.models import Entry
from audit.operations import of_contact, record
from contacts import export, records, sheets
from contacts.forms import AddressForm, ContactForm
from contacts.models import Address, Contact, Group, Membership, OptIn, OptOut
from contacts.numbers import InvalidNumber, parse_msisdn
from contacts.operations import (
    AddressRecord,
    Profile,
    add_members,
    create_contact,
    opt_in,
    opt_out,
    remove_members,
    replace_addresses,
    update_contact,
)
from sheets.exporting import download

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


class OptedOutFilter(admin.SimpleListFilter):
    """By what people want no more of: everything, or messages to an address, as after a STOP by SMS."""

    title = "opted out"
    parameter_name = "opted_out"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", "Of everything"), ("address", "Of an address"), ("no", "No")]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        stopped = Address.objects.filter(opted_out_at__isnull=False)
        match self.value():
            case "yes":
                return queryset.filter(opted_out_at__isnull=False)
            case "address":
                return queryset.filter(pk__in=stopped.values("contact"))
            case "no":
                theirs = stopped.filter(contact=OuterRef("pk"))
                return queryset.filter(~Exists(theirs), opted_out_at__isnull=True)
        return queryset


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


class GroupFilter(admin.SimpleListFilter):
    title = "group"
    parameter_name = "group"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(group.pk), group.name) for group in Group.objects.all()[:200]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Contact]) -> QuerySet[Contact]:
        chosen = self.value() or ""
        if not (chosen.isascii() and chosen.isdecimal() and len(chosen) < 19):
            return queryset
        return queryset.filter(pk__in=Membership.objects.filter(group_id=int(chosen)).values("contact"))


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
    list_display = ["__str__", "number", "language", "timezone", "opted_out_of", "created_at"]
    list_filter = [OptedOutFilter, LanguageFilter, GroupFilter, "created_at"]
    search_fields = ["pk"]
    search_help_text = "An identity, a number or e-mail address or its beginning, or part of a name."
    ordering = ["-created_at", "-pk"]
    autocomplete_fields = ["communicate_through", "operator", "user"]
    known_most = 20
    fields = [
        "id", "name", "language", "timezone", "details", "communicate_through", "operator", "user",
        "opted_out_at", "created_at", "created_by", "updated_at", "updated_by", "known",
    ]  # fmt: skip
    readonly_fields = ["id", "opted_out_at", "created_at", "created_by", "updated_at", "updated_by", "known"]
    actions_detail = ["export", "forget_one"]
    inlines = [AddressInline, OptOutInline, OptInInline]
    actions = ["opt_out_of_everything", "opt_in_again", "put_into_group", "take_out_of_group", "forget"]
    change_list_template = "sheets/change_list.html"

    def get_urls(self) -> list[URLPattern]:
        exporting = self.admin_site.admin_view(require_safe(self.export_list))
        return [
            re_path(r"^export\.(?P<kind>csv|xlsx)$", exporting, name="contacts_contact_export_list"),
            *super().get_urls(),
        ]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        buttons = _sheet_buttons(request) if self.has_hand_out_permission(request) else []
        return super().changelist_view(request, {**(extra_context or {}), "sheet_buttons": buttons})

    def export_list(self, request: HttpRequest, kind: str) -> HttpResponseBase:
        """The people that the list shows with the same filters and search, as a file."""
        # Whoever may only look at single people does not carry all numbers out of the house.
        if not self.has_hand_out_permission(request):
            raise PermissionDenied
        record(Entry.Act.EXPORT, model=self.opts.label_lower, format=kind)
        shown = self.get_changelist_instance(request).queryset
        header = [column.name for column in sheets.COLUMNS]
        return download("people", kind, header, sheets.exported(shown))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        numbers = Address.objects.filter(contact=OuterRef("pk"), kind=Address.Kind.MSISDN, inactive=False)
        usable_first = F("opted_out_at").asc(nulls_first=True)
        best = numbers.order_by(usable_first, "-is_default", "created_at", "pk")
        return (
            super()
            .get_queryset(request)
            .annotate(
                best_number=Subquery(best.values("value")[:1]),
                best_number_opted_out_at=Subquery(best.values("opted_out_at")[:1]),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        term = search_term.strip().replace("\x00", "")
        return (queryset.filter(people_matching(term)) if term else queryset), False

    @display(description="Number")
    def number(self, contact: Any) -> str:
        return contact.best_number or "—"

    @display(description="Opted out", label={"everything": "warning", "the number": "warning"})
    def opted_out_of(self, contact: Any) -> str | None:
        if contact.opted_out_at:
            return "everything"
        return "the number" if contact.best_number_opted_out_at else None

    class Media:
        css = {"all": ["contacts/records.css"]}

    @display(description="What is known")
    def known(self, contact: Contact) -> SafeString:
        """What each app tells of the person, the newest first."""
        if contact._state.adding:
            return SafeString("—")
        reader: Any = getattr(contact, "read_by", None)
        told = _told(contact, self.known_most, may=reader.has_perm if reader else lambda right: False)
        return render_to_string("contacts/records.html", {"sections": list(told)})

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """With who looks at it, for ``known``: a column is not told of the request."""
        contact: Any = super().get_object(request, object_id, from_field)
        if contact is not None:
            contact.read_by = request.user
        return contact

    @action(description="Export as JSON", url_path="export", permissions=["hand_out"])
    def export(self, request: HttpRequest, object_id: str) -> HttpResponseBase:
        """Everything that is known, for the person who asked what that is."""
        contact = get_object_or_404(Contact.objects.select_related("user"), pk=object_id)
        record(
            Entry.Act.EXPORT,
            model=self.opts.label_lower,
            object_id=contact.pk,
            subject=of_contact(contact.pk),
        )
        answer = StreamingHttpResponse(export.as_json(contact), content_type="application/json")
        answer["Content-Disposition"] = f'attachment; filename="contact-{contact.pk}.json"'
        answer["Cache-Control"] = "no-store"
        return answer

    def has_hand_out_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("contacts.change_contact"))

    @action(description="Forget this person", url_path="forget", permissions=["delete"])
    def forget_one(self, request: HttpRequest, object_id: str) -> HttpResponse:
        people = Contact.objects.filter(pk=object_id)
        if not people.exists():
            raise Http404
        if request.method == "POST":
            self._for_all(request, people, opt_out, "forgotten", kind=OptOut.Kind.FORGET)
            return HttpResponseRedirect(reverse("admin:contacts_contact_change", args=[object_id]))
        return self._ask_before_forgetting(request, people)

    # --- a person is forgotten, never deleted -----------------------------------------
    # Deleting would leave their number and texts with the deliveries, and is refused for the addresses' sake.

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        return {name: one for name, one in super().get_actions(request).items() if name != "delete_selected"}

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, form_url: str = "", extra_context: Any = None
    ) -> Any:
        more = (extra_context or {}) | {"show_delete": False}
        return super().changeform_view(request, object_id, form_url, more)

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:contacts_contact_forget_one", args=[object_id]))

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

    @action(description="Put into a group", permissions=["change"])
    def put_into_group(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return self._with_group(request, queryset, add_members, "put_into_group", "put into")

    @action(description="Take out of a group", permissions=["change"])
    def take_out_of_group(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        return self._with_group(request, queryset, remove_members, "take_out_of_group", "taken out of")

    def _with_group(
        self, request: HttpRequest, people: QuerySet[Contact], do: Callable[..., int], name: str, done: str
    ) -> HttpResponse | None:
        """Ask which group, then do it."""
        if group := Group.objects.filter(pk=request.POST.get("group") or 0).first():
            count = do(group=group, contact_ids=people.values_list("pk", flat=True))
            self.message_user(
                request, f"{counted(count, 'person', 'people')} {done} {group}.", messages.SUCCESS
            )
            return None
        context = self.admin_site.each_context(request) | {
            "title": "Which group?",
            "groups": Group.objects.all(),
            "count": people.count(),
            "selected": request.POST.getlist("_selected_action"),
            "across": request.POST.get("select_across", "0"),
            "action": name,
            "opts": self.opts,
        }
        return render(request, "contacts/choose_group.html", context)

    @action(description="Forget: erase what is known, opt out", permissions=["delete"])
    def forget(self, request: HttpRequest, queryset: QuerySet[Contact]) -> HttpResponse | None:
        if "confirmed" in request.POST:
            self._for_all(request, queryset, opt_out, "forgotten", kind=OptOut.Kind.FORGET)
            return None
        return self._ask_before_forgetting(request, queryset)

    def _ask_before_forgetting(self, request: HttpRequest, people: QuerySet[Contact]) -> HttpResponse:
        accounts = people.exclude(user=None).values_list("user__username", "user__is_staff")
        context = self.admin_site.each_context(request) | {
            "title": "Forget people",
            "people": people[:100],
            "count": people.count(),
            "staff": [name for name, is_staff in accounts[:100] if is_staff],
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
        self.message_user(request, f"{counted(len(rows), 'person', 'people')} {done}.", messages.SUCCESS)


#: What needs no name in front of it.
_PLAIN = ("text", "state", "message_set", "broadcast", "change")


def _told(contact: Contact, most: int, *, may: Callable[[str], bool]) -> Iterator[dict[str, Any]]:
    """The sections as the page shows them: a line each, with a link where there is a page."""
    for section, found, more in records.latest(contact, most, may=may):
        lines = [
            {
                "at": row.get("at"),
                "page": row.get("page"),
                "words": [
                    _said(name, value)
                    if name in _PLAIN
                    else f"{name.replace('_', ' ')}: {_said(name, value)}"
                    for name, value in row.items()
                    if name not in ("at", "page", "id", "headers", "cause")
                    and value not in (None, "", {}, [])
                ],
            }
            for row in found or ()
        ]
        yield {"title": section.title, "lines": lines, "more": more, "withheld": found is None}


def _said(name: str, value: Any) -> Any:
    """A value as people read it."""
    if isinstance(value, datetime):
        return date_format(localtime(value), "DATETIME_FORMAT")
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        return ", ".join(f"{key.replace('_', ' ')} {_said(key, what)}" for key, what in value.items())
    return value.replace("_", " ") if name in ("why", "left_out") else value


def _sheet_buttons(request: HttpRequest) -> list[dict[str, str]]:
    query = f"?{request.GET.urlencode()}" if request.GET else ""
    links = [
        ("Import", reverse("admin:sheets_bring", args=["people"]), "upload"),
        ("CSV", reverse("admin:contacts_contact_export_list", args=["csv"]) + query, "download"),
        ("Excel", reverse("admin:contacts_contact_export_list", args=["xlsx"]) + query, "download"),
    ]
    return [{"title": title, "link": link, "icon": icon} for title, link, icon in links]


def _author(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _record(row: Address) -> AddressRecord:
    return AddressRecord(row.kind, row.value, row.is_default, row.inactive, row.details)


@admin.register(Group)
class GroupAdmin(ModelAdmin):
    """Groups to write to together. People are put into one in the list of contacts, by its actions."""

    list_display = ["name", "members_link", "created_at"]
    search_fields = ["name"]
    fields = ["name", "members_link"]
    readonly_fields = ["members_link"]

    @display(description="Members")
    def members_link(self, group: Group) -> SafeString | str:
        if group._state.adding:
            return "Save it, then choose people in the list of contacts and put them into it."
        url = f"{reverse('admin:contacts_contact_changelist')}?group={group.pk}"
        return format_html('<a href="{}">Show them</a>', url)

    def save_model(self, request: HttpRequest, obj: Group, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = _author(request)
        super().save_model(request, obj, form, change)


@admin.register(Address)
class AddressAdmin(ReadOnlyModelAdmin):
    """Looking up whose an address is; it is changed on its person's page."""

    list_display = ["value", "kind", "contact", "is_default", "in_use", "opted_out_at", "failures"]
    list_filter = ["kind", "inactive", OptedOutFilter]
    list_select_related = ["contact"]
    search_fields = ["value__startswith"]
    ordering = ["-pk"]

    @display(description="In use", boolean=True)
    def in_use(self, address: Address) -> bool:
        return not address.inactive

    @display(description="Failures in a row")
    def failures(self, address: Address) -> int | None:
        return address.failures_in_a_row or None


@admin.register(OptOut)
class OptOutAdmin(ReadOnlyModelAdmin):
    list_display = ["created_at", "kind", "contact", "address", "programme", "reason", "source", "lifted_at"]
    list_filter = ["kind", LiftedFilter, "created_at"]
    list_select_related = ["contact"]
    search_fields = ["address__startswith", "programme", "reason", "source"]
