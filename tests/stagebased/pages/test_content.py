"""The table in which a set is written: what is said, what is drafted, what is missing."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from stagebased.models import Message, MessageSet, Welcome
from stagebased.operations import content
from stagebased.operations.content import Place
from stagebased.pages.grid import PER_PAGE, grid_of
from tests.stagebased.conftest import write
from tests.stagebased.pages.conftest import address


@pytest.fixture
def two(make_set) -> MessageSet:
    """Two stages in two languages, one text missing."""
    return make_set("two", {1: {"eng_ZA": "Hello", "zul_ZA": "Sawubona"}, 2: {"eng_ZA": "Eat well"}})


def states(message_set: MessageSet, **how) -> dict[str, str]:
    message_set.refresh_from_db()
    return {
        cell.key: cell.state for row in grid_of(message_set, **how).rows for cell in row.cells if row.number
    }


def draft(message_set: MessageSet, number: int, lang: str, text: str, **more) -> None:
    content.save_draft(message_set_id=message_set.pk, place=Place(number, lang), text_content=text, **more)


def test_each_place_is_published_drafted_or_missing(two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    assert states(two) == {
        "1-eng_ZA": "draft", "1-zul_ZA": "published", "2-eng_ZA": "published", "2-zul_ZA": "gap",
        "3-eng_ZA": "gap", "3-zul_ZA": "gap",
    }  # fmt: skip


def test_where_another_language_is_sent_instead_that_is_no_gap(two) -> None:
    MessageSet.objects.update(fall_back=True, default_language="eng_ZA")
    assert states(two)["2-zul_ZA"] == "instead"
    [cell] = [cell for row in grid_of(two).rows for cell in row.cells if cell.key == "2-zul_ZA"]
    assert cell.instead == "eng_ZA"


def test_a_draft_that_cannot_be_sent_says_why(two) -> None:
    draft(two, 1, "eng_ZA", "It’s time")
    [cell] = [cell for row in grid_of(two).rows for cell in row.cells if cell.key == "1-eng_ZA"]
    assert (cell.state, cell.problem[:15]) == ("bad", "The character ’")
    assert cell.published.text == "Hello"


def test_a_draft_overtaken_by_another_publication_is_marked(two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    message = Message.objects.get(sequence_number=1, lang="eng_ZA")
    message.text_content = "Good morning"
    content.save_message(message=message, changed=["text_content"])
    grid = grid_of(two)
    assert grid.overtaken == 1
    assert grid.rows[1].cells[0].is_overtaken


def test_the_welcome_stands_before_the_stages(two) -> None:
    Welcome.objects.create(messageset=two, lang="eng_ZA", text_content="Welcome!")
    first = grid_of(two).rows[0]
    assert first.is_welcome
    assert [cell.said and cell.said.text for cell in first.cells] == ["Welcome!", None]


def test_languages_that_only_readers_have_get_a_column(two, subscribe) -> None:
    subscribe(two, lang="xho_ZA")
    assert grid_of(two).languages == ["eng_ZA", "xho_ZA", "zul_ZA"]


def test_an_empty_number_is_a_row_and_a_far_one_makes_no_thousand_rows(make_set) -> None:
    sparse = make_set("sparse", {1: "a", 4: "b", 5000: "c"})
    assert [row.number for row in grid_of(sparse).rows] == [0, 1, 2, 3, 4, 5000, 5001]


def test_a_long_set_comes_page_by_page(make_set) -> None:
    long = make_set("long", dict.fromkeys(range(1, 131), "x"))
    first, last = grid_of(long), grid_of(long, page=99)
    assert [row.number for row in first.rows] == list(range(PER_PAGE + 1))
    assert (first.pages, last.page, [row.number for row in last.rows][-1]) == (3, 3, 131)


def test_a_page_of_fifty_stages_costs_the_statements_of_one(viewer, make_set, subscribe) -> None:
    def statements(message_set: MessageSet) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert viewer.get(address("content", message_set)).status_code == 200
        return len(queries)

    one = make_set("one", {1: "x"})
    draft(one, 1, "eng_ZA", "y")
    statements(one)
    few = statements(one)
    many = make_set("many", {number: {"eng_ZA": "x", "zul_ZA": "y"} for number in range(1, 60)})
    for number in range(1, 40):
        draft(many, number, "eng_ZA", "changed")
        write(many, number, {"xho_ZA": "z"})
    assert statements(many) == few


def test_the_page_tells_what_is_to_be_mended_and_leads_there(viewer, two) -> None:
    page = viewer.get(address("content", two)).content.decode()
    assert "Message 2 of two is missing in zul_ZA." in page
    assert f'href="{address("goto", two, 2)}#c-2-zul_ZA"' in page


def test_a_stage_is_found_on_its_page(viewer, make_set) -> None:
    long = make_set("long", dict.fromkeys(range(1, 131), "x"))
    assert viewer.get(address("goto", long, 51))["Location"].endswith("?page=2")
    assert viewer.get(address("goto", long, 0))["Location"].endswith("?page=1")


@pytest.mark.parametrize("page", ["0", "-1", "x", "9" * 30, "²"])
def test_a_page_that_means_nothing_is_the_first(viewer, two, page: str) -> None:
    assert viewer.get(address("content", two), {"page": page}).context["grid"].page == 1


def test_a_language_is_added_as_a_column_and_what_is_no_language_is_not(viewer, two) -> None:
    def columns(added: str) -> list[str]:
        return viewer.get(address("content", two), {"add": added}).context["grid"].languages

    assert columns("xho_ZA") == ["eng_ZA", "xho_ZA", "zul_ZA"]
    assert columns("<script>") == ["eng_ZA", "zul_ZA"]


def test_who_may_only_look_finds_nothing_to_press(viewer, editor, two) -> None:
    assert b"data-edit" not in viewer.get(address("content", two)).content
    assert b"data-edit" in editor.get(address("content", two)).content


def test_audio_is_played_where_it_stands(viewer, make_set, audio) -> None:
    voice = make_set("voice", {}, content_type="audio", channel="voicemail")
    Message.objects.create(messageset=voice, sequence_number=1, lang="eng_ZA", binary_content=audio)
    page = viewer.get(address("content", voice)).content.decode()
    assert f'<audio controls preload="none" src="/media/{audio.content.name}"></audio>' in page


def test_texts_are_shown_as_they_are_and_not_as_html(viewer, make_set) -> None:
    nasty = make_set("nasty", {1: "<script>alert(1)</script>"})
    page = viewer.get(address("content", nasty)).content.decode()
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;alert(1)" in page


# --- Writing -------------------------------------------------------------------------------


def sent(client: Client, message_set: MessageSet, place: Place, text: str, before: str = "", **more):
    body = {"number": place.number, "lang": place.lang, "text": text, "before": before, **more}
    return client.post(address("write", message_set), body)


def test_what_is_written_is_kept_as_a_draft_and_comes_back_drawn(editor, two) -> None:
    answer = sent(editor, two, Place(2, "zul_ZA"), "Yidla kahle\r\nmama").json()
    assert "Yidla kahle\nmama" in answer["cell"]
    assert "1 draft</b> not published" in answer["bar"]
    [kept] = two.drafts.all()
    assert (kept.text_content, kept.updated_by.username) == ("Yidla kahle\nmama", "staff 20")
    assert not Message.objects.filter(lang="zul_ZA", sequence_number=2).exists()


def test_writing_what_is_published_drops_the_draft(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    sent(editor, two, Place(1, "eng_ZA"), "Hello", before="Hello mama")
    assert not two.drafts.exists()


def test_two_who_write_at_the_same_place_learn_of_each_other(editor, two, staff) -> None:
    draft(two, 1, "eng_ZA", "Hello from the other", by=staff)
    answer = sent(editor, two, Place(1, "eng_ZA"), "Hello from me", before="Hello")
    assert answer.status_code == 409
    assert answer.json() == {"detail": "staff has written here meanwhile.", "text": "Hello from the other"}
    assert two.drafts.get().text_content == "Hello from the other"
    again = sent(editor, two, Place(1, "eng_ZA"), "Hello from me", before="Hello from the other")
    assert again.status_code == 200


def test_what_programs_noted_on_a_text_stays_with_it(editor, two) -> None:
    Message.objects.filter(sequence_number=1, lang="eng_ZA").update(metadata={"template": "x"})
    sent(editor, two, Place(1, "eng_ZA"), "Hello mama", before="Hello")
    assert two.drafts.get().metadata == {"template": "x"}


def test_a_file_is_attached_kept_and_taken_away(editor, two, settings, tmp_path, png) -> None:
    settings.MEDIA_ROOT = tmp_path
    place = Place(1, "eng_ZA")
    assert "ed-picture" in sent(editor, two, place, "Hello", before="Hello", file=png()).json()["cell"]
    sent(editor, two, place, "Hello mama", before="Hello")
    assert two.drafts.get().binary_content is not None
    sent(editor, two, place, "Hello mama", before="Hello mama", no_file="1")
    assert two.drafts.get().binary_content is None


def test_a_file_of_no_known_kind_is_refused(editor, two, bad_file) -> None:
    answer = sent(editor, two, Place(1, "eng_ZA"), "Hello", before="Hello", file=bad_file)
    assert answer.status_code == 400
    assert "of no kind that is taken in" in answer.json()["detail"]
    assert not two.drafts.exists()


def test_uploading_needs_the_right_to(with_rights, two, png) -> None:
    writer = with_rights("view_messageset", "change_messageset", "change_message")
    answer = sent(writer, two, Place(1, "eng_ZA"), "Hello", before="Hello", file=png())
    assert (answer.status_code, answer.json()["detail"]) == (400, "You may not upload files.")


@pytest.mark.parametrize(
    ("number", "lang", "text"),
    [("x", "eng_ZA", "a"), ("-1", "eng_ZA", "a"), ("9" * 20, "eng_ZA", "a"), ("1", "english", "a"),
     ("1", "", "a"), ("1", "eng_ZA", "a\x00b"), ("1", "eng_ZA", "x" * 60_000)],
)  # fmt: skip
def test_what_cannot_be_kept_is_refused(editor, two, number: str, lang: str, text: str) -> None:
    body = {"number": number, "lang": lang, "text": text, "before": "Hello"}
    answer = editor.post(address("write", two), body)
    assert answer.status_code in (400, 409)
    assert answer.json()["detail"]
    assert not two.drafts.exists()


def test_a_draft_is_dropped_and_a_published_text_removed(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    place = {"number": 1, "lang": "eng_ZA"}
    assert "Hello" in editor.post(address("forget", two), place).json()["cell"]
    assert not two.drafts.exists()
    assert "Missing" in editor.post(address("forget", two), place).json()["cell"]
    assert not Message.objects.filter(sequence_number=1, lang="eng_ZA").exists()


def test_a_welcome_is_written_and_removed_like_a_stage(editor, two) -> None:
    sent(editor, two, Place(0, "eng_ZA"), "Welcome!")
    editor.post(address("publish", two))
    assert Welcome.objects.get().text_content == "Welcome!"
    editor.post(address("forget", two), {"number": 0, "lang": "eng_ZA"})
    assert not Welcome.objects.exists()


# --- Stages, languages, the set ------------------------------------------------------------


def said(message_set: MessageSet, lang: str = "eng_ZA") -> dict[int, str]:
    rows = Message.objects.filter(messageset=message_set, lang=lang).order_by("sequence_number")
    return dict(rows.values_list("sequence_number", "text_content"))


def told(response) -> list[str]:
    return [str(message) for message in response.context["messages"]]


def act(client: Client, message_set: MessageSet, what: str, **more):
    return client.post(address("stage", message_set), {"act": what, **more}, follow=True)


def test_a_stage_is_inserted_in_the_middle_and_removed_again(editor, pregnancy) -> None:
    page = act(editor, pregnancy, "insert:2")
    assert said(pregnancy) == {1: "Welcome", 3: "Eat well", 4: "Nearly there"}
    assert [row.number for row in page.context["grid"].rows] == [0, 1, 2, 3, 4, 5]
    act(editor, pregnancy, "remove:2")
    assert said(pregnancy) == {1: "Welcome", 2: "Eat well", 3: "Nearly there"}
    act(editor, pregnancy, "remove:1")
    assert said(pregnancy) == {1: "Eat well", 2: "Nearly there"}


def test_stages_are_put_into_another_order(editor, pregnancy) -> None:
    act(editor, pregnancy, "up:2")
    assert said(pregnancy) == {1: "Eat well", 2: "Welcome", 3: "Nearly there"}
    act(editor, pregnancy, "down:1")
    assert said(pregnancy) == {1: "Welcome", 2: "Eat well", 3: "Nearly there"}
    act(editor, pregnancy, "move:3", **{"to-3": "1"})
    assert said(pregnancy) == {1: "Nearly there", 2: "Welcome", 3: "Eat well"}


def test_moving_up_passes_over_an_empty_number(editor, pregnancy) -> None:
    act(editor, pregnancy, "insert:2")
    act(editor, pregnancy, "up:3")
    assert list(said(pregnancy).values())[:2] == ["Eat well", "Welcome"]


@pytest.mark.parametrize(
    "what", ["", "up:1", "down:3", "up:x", "remove:9", "insert:99", "move:2", "jump:1", "up:" + "9" * 30]
)
def test_what_is_not_possible_with_a_stage_is_said_and_changes_nothing(editor, pregnancy, what: str) -> None:
    before = said(pregnancy)
    assert told(act(editor, pregnancy, what))
    assert said(pregnancy) == before


def test_a_translation_begins_as_a_copy(editor, two) -> None:
    page = editor.post(address("copy_language", two), {"source": "eng_ZA", "target": " xho_ZA "}, follow=True)
    assert told(page) == ["To be translated now: 2 drafts in xho_ZA, copied from eng_ZA."]
    assert list(two.drafts.values_list("lang", "text_content")) == [
        ("xho_ZA", "Hello"),
        ("xho_ZA", "Eat well"),
    ]


def test_what_is_no_language_is_not_copied_into(editor, two) -> None:
    page = editor.post(address("copy_language", two), {"source": "eng_ZA", "target": "isiXhosa"}, follow=True)
    assert told(page) == ["Write a language code like eng_ZA."]


def test_drafts_are_published_together(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    draft(two, 3, "eng_ZA", "Rest")
    page = editor.post(address("publish", two), follow=True)
    assert told(page) == ["Published: 2 texts. The next send has them."]
    assert said(two) == {1: "Hello mama", 2: "Eat well", 3: "Rest"}


def test_drafts_that_cannot_be_sent_keep_all_of_them_back(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    draft(two, 2, "eng_ZA", "It’s time")
    page = editor.post(address("publish", two), follow=True)
    assert told(page) == ["2 eng_ZA: The character ’ makes an SMS much longer: write ' instead."]
    assert said(two)[1] == "Hello"


def test_a_draft_that_was_overtaken_is_published_when_somebody_says_so(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    message = Message.objects.get(sequence_number=1, lang="eng_ZA")
    message.text_content = "Good morning"
    content.save_message(message=message, changed=["text_content"])
    page = editor.post(address("publish", two), follow=True)
    assert "has been changed since" in told(page)[0]
    assert 'name="overwrite"' in page.content.decode()
    editor.post(address("publish", two), {"overwrite": "1"})
    assert said(two)[1] == "Hello mama"


def test_all_drafts_are_dropped_at_once(editor, two) -> None:
    draft(two, 1, "eng_ZA", "Hello mama")
    assert told(editor.post(address("discard", two), follow=True)) == ["1 draft dropped."]
    assert not two.drafts.exists()


def test_a_set_is_activated_when_it_is_complete(editor, two) -> None:
    MessageSet.objects.update(state="draft")
    page = editor.post(address("activate", two), follow=True)
    assert told(page) == ["Message 2 of two is missing in zul_ZA."]
    assert MessageSet.objects.get().state == "draft"
    draft(two, 2, "zul_ZA", "Yidla kahle")
    page = editor.post(address("activate", two), follow=True)
    assert told(page) == ["two is active: people can be put on it."]
    assert MessageSet.objects.get().state == "active"


def test_an_incomplete_set_has_no_button_that_activates_it(editor, two) -> None:
    MessageSet.objects.update(state="draft")
    assert (
        "disabled" in editor.get(address("content", two)).content.decode().split("activate-form", 1)[1][:80]
    )


def test_a_set_is_cloned_into_preparation(editor, two) -> None:
    page = editor.post(address("clone", two), {"short_name": "two.copy", "label": "Two again"}, follow=True)
    made = MessageSet.objects.get(short_name="two.copy")
    assert (made.label, made.state, said(made)) == ("Two again", "draft", said(two))
    assert page.redirect_chain[-1][0] == address("content", made)


@pytest.mark.parametrize("name", ["", "two", "x" * 101, "a\x00b", "a\nb"])
def test_a_name_that_cannot_be_makes_no_clone(editor, two, name: str) -> None:
    assert told(editor.post(address("clone", two), {"short_name": name}, follow=True))
    assert MessageSet.objects.count() == 1


@pytest.mark.parametrize(
    "name", ["write", "forget", "stage", "copy_language", "publish", "discard", "activate", "trial", "clone"]
)
def test_only_editors_change_anything_and_only_by_saying_so(viewer, editor, two, name: str) -> None:
    assert viewer.post(address(name, two)).status_code == 403
    assert editor.get(address(name, two)).status_code == 405
