"""The dashboard and the alarms speak of figures that exist, and of instructions that exist."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
import yaml

from tests.config.test_metrics import families, something  # noqa: F401 (a fixture)
from tests.config.test_settings import ROOT

FOLDER = ROOT / "docs" / "monitoring"
_NAME = re.compile(r"\bswitchboard_[a-z_]+")
#: What the scraper itself adds.
_LABEL = re.compile(r"(switchboard_[a-z_]+)\{([^}]*)\}")


def panels() -> list[dict[str, Any]]:
    return json.loads((FOLDER / "dashboard.json").read_text())["panels"]


def alarms() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((FOLDER / "alerts.yml").read_text())["groups"]
    return group["rules"]


def expressions() -> list[str]:
    of_panels = [target["expr"] for panel in panels() for target in panel["targets"]]
    return of_panels + [alarm["expr"] for alarm in alarms()]


@pytest.fixture
def labels(client, something) -> dict[str, set[str]]:  # noqa: F811 (the fixture)
    """Figures as Prometheus names them, with their labels."""
    samples = [sample for found in families(client).values() for sample in found]
    return {sample.name: set(sample.labels) for sample in samples}


@pytest.mark.django_db
def test_every_figure_that_is_looked_at_exists_with_its_labels(labels):
    used = {name for text in expressions() for name in _NAME.findall(text)}
    assert len(used) > 8
    assert used - labels.keys() == set()
    for text in expressions():
        for name, selected in _LABEL.findall(text):
            assert {part.partition("=")[0].strip("!~ ") for part in selected.split(",")} <= labels[name]
        for by in re.findall(r"\b(?:by|on) \(([a-z, ]+)\)", text):
            among = set.union(*(labels[name] for name in _NAME.findall(text)))
            assert set(re.split(r", *", by)) <= among


def test_brackets_of_expressions_are_closed():
    for text in expressions():
        for opening, closing in ("()", "{}", "[]"):
            assert text.count(opening) == text.count(closing), text


def test_the_dashboard_is_one_that_grafana_takes():
    found = panels()
    assert len({panel["id"] for panel in found}) == len(found)
    places = {}
    for panel in found:
        at = panel["gridPos"]
        assert at["x"] + at["w"] <= 24
        for x in range(at["x"], at["x"] + at["w"]):
            for y in range(at["y"], at["y"] + at["h"]):
                assert places.setdefault((x, y), panel["id"]) == panel["id"], "two panels lie on each other"
        assert panel["title"]
        assert all(target["datasource"]["uid"] == "${datasource}" for target in panel["targets"])


def anchors() -> set[str]:
    text = (ROOT / "docs" / "operations.md").read_text()
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}


@pytest.mark.parametrize("alarm", alarms(), ids=lambda alarm: alarm["alert"])
def test_an_alarm_says_how_grave_it_is_and_what_to_do(alarm):
    assert alarm["labels"]["severity"] in ("critical", "warning")
    assert alarm["annotations"]["summary"]
    assert alarm["annotations"]["description"]
    page, _, anchor = alarm["annotations"]["runbook"].partition("#")
    assert (page, anchor in anchors()) == ("docs/operations.md", True)
    labels_used = set(re.findall(r"\$labels\.([a-z]+)", alarm["annotations"]["summary"]))
    assert labels_used <= {"gateway", "instance", "endpoint"}
