"""Forms of the admin site."""

from __future__ import annotations

from typing import Any

from django import forms

from contacts.details import InvalidDetails, parse_address
from contacts.models import Address, Contact


class ContactForm(forms.ModelForm):
    class Meta:
        model = Contact
        fields = ["name", "language", "timezone", "details", "communicate_through", "operator", "user"]

    def clean_details(self) -> dict[str, Any]:
        details = self.cleaned_data["details"] or {}
        if not isinstance(details, dict):
            raise forms.ValidationError("Write an object: names and values between braces.")
        return details

    def clean_communicate_through(self) -> Contact | None:
        other = self.cleaned_data["communicate_through"]
        if other is not None and other.pk == self.instance.pk:
            raise forms.ValidationError("Nobody is reached through themselves.")
        return other


class AddressForm(forms.ModelForm):
    class Meta:
        model = Address
        fields = ["kind", "value", "is_default", "inactive"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if "kind" in cleaned and "value" in cleaned:
            try:
                cleaned["value"] = parse_address(cleaned["kind"], cleaned["value"])
            except InvalidDetails as error:
                self.add_error("value", str(error))
        return cleaned

    def validate_constraints(self) -> None:
        """Left out: which address is the default is settled for the whole list at once when it is saved."""
