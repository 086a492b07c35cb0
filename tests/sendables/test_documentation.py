"""docs/sendables.md says what is so."""

from __future__ import annotations

from pathlib import Path

import pytest

from sendables.entities import LIST_VIEWS, OPTIONS, VIEWS
from tests.sendables.test_access import ENDPOINTS

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs" / "sendables.md").read_text()
OF_VIEWS = {f"{view}_{key}" for view in VIEWS for key in ("PERMISSIONS", "THROTTLES", "AUTHENTICATION")}
OF_LISTS = {f"{view}_{key}" for view in LIST_VIEWS for key in ("FILTER_SENDABLES", "PAGINATION_CLASS")}


@pytest.mark.parametrize("key", sorted(set(OPTIONS) - OF_VIEWS - OF_LISTS))
def test_every_setting_is_in_the_table(key) -> None:
    assert f"| `{key}` |" in TEXT
    assert OPTIONS[key].help in TEXT


def test_every_view_is_named() -> None:
    assert [view for view in VIEWS if f"{view}" not in TEXT] == []


@pytest.mark.parametrize("name", ["models.py", "entities.py"])
def test_the_worked_example_is_the_one_that_is_tested(name) -> None:
    source = (ROOT / "tests" / "sendables" / "announcements" / name).read_text()
    assert f"```python\n{source}```" in TEXT


@pytest.mark.parametrize("url", ENDPOINTS)
def test_every_endpoint_is_listed(url) -> None:
    last = [part for part in url.split("/") if part and part != "1"][-1]
    assert f"/{last}/`" in TEXT or f"/{last}s/" in TEXT or last in ("messages", "notices", "sent")
