"""The documents lead somewhere, and are complete."""

import re
from pathlib import Path

import pytest

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
