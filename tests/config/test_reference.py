"""Every variable that the settings read is documented, and nothing else is."""

import re
from pathlib import Path

from django.apps import apps

from accounts.models import User
from config import commands, datamodel, reference
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


def test_the_page_of_commands_is_what_the_code_makes():
    assert (ROOT / "docs" / "commands.md").read_text() == commands.markdown(), "run make docs"


def test_every_command_is_on_it_and_says_what_each_argument_is_for():
    files = ROOT.glob("*/management/commands/*.py")
    assert set(commands.ours()) == {path.stem for path in files if path.stem != "__init__"}
    page = commands.markdown()
    assert [line for line in page.splitlines() if line.startswith("|") and line.endswith("|  |")] == []
    assert [name for name in commands.ours() if f"\n## {name}\n" not in page] == []


def test_the_picture_of_the_data_model_is_what_the_code_makes():
    assert (ROOT / "docs" / "images" / "data-model.svg").read_text() == datamodel.svg(), "run make docs"


def test_every_table_and_reference_is_on_the_picture():
    picture = datamodel.svg()
    models = [
        model
        for labels in datamodel.COLUMNS
        for label in labels
        for model in apps.get_app_config(label).get_models()
    ]
    own = [model for model in apps.get_models() if (ROOT / model._meta.app_label).is_dir()]
    assert set(models) == set(own)
    assert [
        model for model in own if f">{model._meta.app_label}.{model._meta.object_name}<" not in picture
    ] == []
    references = [one for model in own for one in model._meta.concrete_fields if one.related_model in own]
    drawn = [one for one in references if one.related_model is not User]
    assert picture.count("<path ") == len(drawn) > 40
    assert picture.count("→ ") >= len(references)
