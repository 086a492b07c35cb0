"""What editors choose on their pages."""

from __future__ import annotations

import datetime
from typing import Any
from zoneinfo import available_timezones

from django import forms

from accounts.adminbase import DateInput, Select, TextInput, TimeInput
from outbox.hours import zone_named
from stagebased.models import MessageSet

#: Names for people to choose from: places, without the database's older spellings and technical zones.
ZONES = sorted(
    name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/"))
)


class ZoneField(forms.CharField):
    """The name of a time zone, completed from the list that the page carries."""

    def __init__(self, **options: object) -> None:
        attrs = {"list": "zones", "autocomplete": "off", "placeholder": "Africa/Johannesburg"}
        super().__init__(max_length=64, widget=TextInput(attrs=attrs), **options)  # type: ignore[arg-type]

    def clean(self, value: object) -> str:
        name = str(super().clean(value))
        if name and zone_named(name) is None:
            raise forms.ValidationError(f"{name} is not a time zone name.")
        return name


class ZoneForm(forms.Form):
    zone = ZoneField(label="Compare with a time zone", required=False)


class PersonForm(forms.Form):
    """Somebody who might join a set."""

    lang = forms.ChoiceField(label="Language", widget=Select())
    date = forms.DateField(label="Joins on", widget=DateInput())
    time = forms.TimeField(label="at", widget=TimeInput())
    zone = ZoneField(label="Lives in (if known)", required=False)
    position = forms.IntegerField(
        label="From stage",
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        widget=TextInput(attrs={"inputmode": "numeric", "placeholder": "1"}),
    )

    WRITTEN, PUBLISHED = "written", "published"
    texts = forms.ChoiceField(
        label="Texts", choices=[(WRITTEN, "with drafts"), (PUBLISHED, "as published")], widget=Select()
    )
    anchor = forms.DateField(label="Due date or birth", required=False, widget=DateInput())

    def __init__(self, *args: Any, languages: list[str], message_set: MessageSet, **options: Any) -> None:
        super().__init__(*args, **options)
        if message_set.starts_after is None:
            del self.fields["anchor"]
        chosen: Any = self.fields["lang"]
        chosen.choices = [(lang, lang) for lang in languages] or [("", "no messages yet")]
        chosen.required = bool(languages)

    def clean_date(self) -> datetime.date:
        return _sensible(self.cleaned_data["date"])

    def clean_anchor(self) -> datetime.date | None:
        day = self.cleaned_data["anchor"]
        return None if day is None else _sensible(day)


def _sensible(day: datetime.date) -> datetime.date:
    if not 1990 <= day.year <= 2200:
        raise forms.ValidationError("Choose a date between 1990 and 2200.")
    return day
