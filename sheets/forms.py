"""Bringing a file."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings

from accounts.adminbase import FileInput


class FileForm(forms.Form):
    file = forms.FileField(label="Spreadsheet (CSV or .xlsx)", allow_empty_file=True, widget=FileInput())

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.MAX_UPLOAD_BYTES:
            raise forms.ValidationError(
                f"The file is larger than {settings.MAX_UPLOAD_BYTES:,} bytes: divide it."
            )
        return file
