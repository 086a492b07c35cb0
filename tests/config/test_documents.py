"""The documents lead somewhere, and are complete."""

import re
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_inside_the_repository_leads_to_a_file(document):
    targets = re.findall(r"\]\(([^)#\s]+)", document.read_text())
    inside = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in inside if not (document.parent / target).exists()] == []


def test_the_index_names_every_document():
    index = (ROOT / "docs" / "index.md").read_text()
    assert [path.name for path in (ROOT / "docs").glob("*.md") if f"]({path.name})" not in index] == [
        "index.md"
    ]


def test_every_make_target_that_the_documents_name_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        found
        for path in DOCUMENTS
        for found in re.findall(r"(?:`|    )make ([a-z][a-z-]*)", path.read_text())
    }
    assert named <= targets


def test_every_command_that_the_documents_name_exists_with_its_options():
    apps = get_commands()
    named = [
        (path.name, name, frozenset(re.findall(r"(?<!\S)\[?(--[a-z][a-z-]*)", rest)))
        for path in DOCUMENTS
        for name, rest in re.findall(r"manage\.py ([a-z]\w+)([^`\n|]*)", path.read_text())
    ]
    wrong = [
        (document, name, sorted(options - _options(apps, name)))
        for document, name, options in named
        if name not in apps or options - _options(apps, name)
    ]
    assert wrong == []
    assert len(named) > 50


def _options(apps, name):
    app = apps[name]
    command = load_command_class(app, name) if isinstance(app, str) else app
    return {
        option
        for action in command.create_parser("manage.py", name)._actions
        for option in action.option_strings
    }
