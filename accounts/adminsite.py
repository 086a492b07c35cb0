"""The admin site itself: who gets in, and the page of the second factor."""

from __future__ import annotations

from typing import cast

import django_otp
from django import forms
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.views.decorators.cache import never_cache

from accounts import attempts, dashboard, secondfactor
from accounts.adminbase import INPUT_CLASS, LogInForm, Site
from accounts.models import User

_CODE = {"autocomplete": "one-time-code", "inputmode": "text", "class": INPUT_CLASS}


class TwoFactorLogInForm(LogInForm):
    """Name, password and, for those who have set one up, a code."""

    code = forms.CharField(
        required=False,
        max_length=40,
        label="Code",
        help_text="Six digits from your authenticator app, or a code on paper, if you have set that up.",
        widget=forms.TextInput(attrs=_CODE),
    )

    def clean(self) -> dict[str, object]:
        name = self.cleaned_data.get("username") or ""
        if not attempts.may_try(self.request, name):
            raise ValidationError("Too many wrong passwords. Try again in a few minutes.", code="throttled")
        try:
            cleaned = super().clean()
        except ValidationError:
            attempts.note_failure(self.request, name)
            raise
        self._check_code(cleaned.get("code") or "")
        return cleaned

    def _check_code(self, code: str) -> None:
        user = self.get_user()
        if user is None or not secondfactor.has_one(user):
            return
        device = secondfactor.verify(user, code) if code else None
        if device is None:
            self.user_cache = None
            self.add_error("code", "Wrong code; after several, wait a little." if code else "Write the code.")
        else:
            # Log-in keeps it in the session (django_otp).
            user.otp_device = device


class AdminSite(Site):
    """Opens for staff who have passed what is asked of them."""

    login_form = TwoFactorLogInForm
    login_template = "accounts/log_in.html"
    index_template = "accounts/dashboard.html"
    index_title = "Dashboard"

    def has_permission(self, request: HttpRequest) -> bool:
        if not super().has_permission(request):
            return False
        if not hasattr(request, "passed_second_factor"):
            request.passed_second_factor = self._passed(request)  # type: ignore[attr-defined] # once a request
        return bool(request.passed_second_factor)  # type: ignore[attr-defined]

    def _passed(self, request: HttpRequest) -> bool:
        # Set by django_otp's middleware.
        if getattr(request.user, "otp_device", None) is not None:
            return True
        return not secondfactor.is_required() and not secondfactor.has_one(request.user)

    def login(self, request: HttpRequest, extra_context: dict | None = None) -> HttpResponse:
        if request.method == "GET" and self._must_set_one_up(request):
            return HttpResponseRedirect(reverse("admin:second_factor"))
        return super().login(request, extra_context)

    def _must_set_one_up(self, request: HttpRequest) -> bool:
        return Site.has_permission(self, request) and not (
            self.has_permission(request) or secondfactor.has_one(request.user)
        )

    def extra_urls(self) -> list[URLPattern]:
        return [
            path("panels/", self.admin_view(self.panels), name="panels"),
            path("second-factor/", never_cache(self.second_factor), name="second_factor"),
        ]

    def index(self, request: HttpRequest, extra_context: dict | None = None) -> TemplateResponse:
        more = {"panels": dashboard.rendered(request), "refresh": dashboard.REFRESH}
        return super().index(request, (extra_context or {}) | more)

    def panels(self, request: HttpRequest) -> HttpResponse:
        """The dashboard's panels alone, which its page asks for again and again."""
        return HttpResponse(dashboard.rendered(request))

    def second_factor(self, request: HttpRequest) -> HttpResponse:
        """Everybody's own: set it up, make new codes on paper, take it away."""
        may = Site.has_permission(self, request) and (
            self.has_permission(request) or self._must_set_one_up(request)
        )
        if not may:
            return redirect_to_login(request.get_full_path(), reverse("admin:login"))
        return _SecondFactorPage(self, request).answer()


class _SecondFactorPage:
    """One request of the page; every step but the first asks for a code."""

    def __init__(self, site: AdminSite, request: HttpRequest) -> None:
        self.site, self.request = site, request
        self.user = cast(User, request.user)
        self.error, self.codes = "", list[str]()

    def answer(self) -> HttpResponse:
        if self.request.method == "POST":
            self._act(self.request.POST.get("step", ""), self.request.POST.get("code", "")[:40])
        user, active = self.user, secondfactor.has_one(self.user)
        context = {
            "title": "Second factor",
            "active": active,
            "required": secondfactor.is_required(),
            "error": self.error,
            "codes": self.codes,
            "left": secondfactor.paper_codes_left(user) if active else 0,
        }
        if not active:
            device = secondfactor.begin(user)
            context |= {"picture": secondfactor.picture(device), "secret": secondfactor.secret(device)}
        return TemplateResponse(
            self.request, "accounts/second_factor.html", self.site.each_context(self.request) | context
        )

    def _act(self, step: str, code: str) -> None:
        user = self.user
        if step == "confirm" and not secondfactor.has_one(user):
            device = secondfactor.confirm(user, code)
            self._accept(device)
            if device is not None:
                self.codes = secondfactor.new_paper_codes(user)
        elif step == "codes" and self._accept(secondfactor.verify(user, code)):
            self.codes = secondfactor.new_paper_codes(user)
        elif step == "remove" and self._may_remove() and self._accept(secondfactor.verify(user, code)):
            secondfactor.remove(user)

    def _may_remove(self) -> bool:
        return not secondfactor.is_required()

    def _accept(self, device: object) -> bool:
        if device is None:
            self.error = "That is not the code of this moment. Look at the app again and retry."
            return False
        django_otp.login(self.request, device)
        self.request.passed_second_factor = True  # type: ignore[attr-defined] # as has_permission keeps it
        return True
