"""Every variable that the settings read is documented, and nothing else is."""

import re
from pathlib import Path

from config import reference
from config.env import VARIABLES

ROOT = Path(__file__).resolve().parents[2]


def test_the_configuration_page_is_what_the_code_makes():
    assert (ROOT / "docs" / "configuration.md").read_text() == reference.markdown(), "run make docs"


def test_the_example_file_is_what_the_code_makes():
    assert (ROOT / ".env.example").read_text() == reference.example(), "run make docs"


def test_both_name_every_variable():
    page = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "configuration.md").read_text(), re.MULTILINE))
    example = set(re.findall(r"^#(\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert page == example == set(VARIABLES)


def test_every_variable_says_what_it_is_for():
    assert [variable.name for variable in VARIABLES.values() if not variable.help.endswith(".")] == []
