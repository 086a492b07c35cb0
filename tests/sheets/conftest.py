"""Lists of words on their way in."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from sheets.models import Import
from sheets.operations import bring
from tests.sheets import fakes


@pytest.fixture(autouse=True)
def words(settings) -> dict[str, str]:
    """The kinds ``words`` and ``sentence``, and what is stored."""
    settings.SHEETS = {"words": "tests.sheets.fakes.Words", "sentence": "tests.sheets.fakes.Sentence"}
    for kept in (fakes.STORED, fakes.ON_WRITE, fakes.BATCHES):
        kept.clear()
    return fakes.STORED


@pytest.fixture
def brought(db) -> Callable[..., Import]:
    """A file of these rows, kept and not looked at yet."""

    def make(*rows: str, kind: str = "words", subject: str = "", header: str = "word,meaning") -> Import:
        file = SimpleUploadedFile("words.csv", "\n".join((header, *rows, "")).encode())
        return bring(kind_name=kind, subject=subject, file=file, user=None)

    return make


def again(job: Import) -> Import:
    return Import.objects.get(pk=job.pk)
