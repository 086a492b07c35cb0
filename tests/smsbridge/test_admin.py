"""SMS in the admin site."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from smsbridge.collector import collect
from smsbridge.models import CollectorCount, InboundMessage, Keyword, PartReference, StatusReport
from stagebased.models import MessageSet, Schedule
from tests.smsbridge.conftest import person
from tests.smsbridge.smsd_files import handed

pytestmark = pytest.mark.django_db
MODELS = [InboundMessage, Keyword, StatusReport, PartReference, CollectorCount]


@pytest.fixture
def as_root(client, db):
    client.force_login(User.objects.create_superuser("root", "root@example.org", "root-password"))
    return client


def list_of(model) -> str:
    return reverse(f"admin:smsbridge_{model._meta.model_name}_changelist")


def page_of(row) -> str:
    return reverse(f"admin:smsbridge_{row._meta.model_name}_change", args=[row.pk])


def found(client, model, **query) -> list[str]:
    return [str(row) for row in client.get(list_of(model), query).context["cl"].result_list]


@pytest.fixture
def some_traffic(gateway, smsd):
    """A message that was answered, a part and its report, a report without message, a foreign file."""
    person("+27820001001", "eng_ZA")
    smsd.received("STOP")
    smsd.received("<b>Is the clinic open?</b>", sender="27820001002")
    smsd.received("off today", sender="Clinic")
    smsd.report(9)
    smsd.report(10)
    smsd.write("sent", "foreign", "To: 1\n\nhi")
    collect(gateway)
    smsd.sent(handed(), 9)
    collect(gateway)


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_opens(as_root, some_traffic, model) -> None:
    assert as_root.get(list_of(model)).status_code == 200
    assert as_root.get(page_of(model.objects.first())).status_code == 200


def test_a_message_shows_its_answer_and_no_markup_of_the_senders(as_root, some_traffic) -> None:
    page = as_root.get(page_of(InboundMessage.objects.get(text="STOP"))).content.decode()
    assert "You will get no more messages" in page
    assert "27829129" in page
    listed = as_root.get(list_of(InboundMessage)).content.decode()
    assert "&lt;b&gt;Is the clinic open?" in listed
    assert "<b>Is the clinic" not in listed


@pytest.mark.parametrize(
    ("term", "senders"),
    [
        ("+27820001001", ["+27820001001"]),
        ("+2782000", ["+27820001001", "+27820001002"]),
        ("clinic", ["+27820001002", "Clinic"]),
        ("nothing", []),
        ("%", []),
        ("\x00", ["+27820001001", "+27820001002", "Clinic"]),
    ],
)
def test_messages_are_found_by_number_and_words(as_root, some_traffic, term, senders) -> None:
    rows = as_root.get(list_of(InboundMessage), {"q": term}).context["cl"].result_list
    assert sorted(row.sender for row in rows) == senders


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"meaning__exact": "stop"}, 1),
        ({"answer__exact": "held"}, 0),
        ({"gateway": "sms"}, 3),
        ({"gateway": "x"}, 0),
    ],
)
def test_messages_are_filtered(as_root, some_traffic, query, count) -> None:
    assert len(found(as_root, InboundMessage, **query)) == count


def test_reports_without_message_are_listed_apart(as_root, some_traffic) -> None:
    assert found(as_root, StatusReport, matched="no") == ["status 0 for part 10"]
    assert found(as_root, StatusReport, matched="yes") == ["status 0 for part 9"]
    assert len(found(as_root, StatusReport, q="+27 82 000 1001")) == 2
    assert found(as_root, StatusReport, q="+27 82 000 1002") == []


@pytest.mark.parametrize(
    "model", [InboundMessage, StatusReport, PartReference], ids=lambda model: model.__name__
)
def test_a_list_costs_the_same_for_one_row_and_for_thirty(as_root, gateway, smsd, model) -> None:
    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            as_root.get(list_of(model))
        return len(queries)

    def traffic(n: int) -> None:
        number = f"+278200010{n:02d}"
        person(number)
        smsd.received(f"hello {n}", sender=number[1:])
        smsd.report(n, number=number)
        collect(gateway)
        smsd.sent(handed(number), n)
        collect(gateway)

    traffic(0)
    statements()
    one = statements()
    for n in range(1, 30):
        traffic(n)
    assert statements() == one


@pytest.mark.parametrize("model", [InboundMessage, StatusReport, PartReference, CollectorCount])
def test_what_the_program_wrote_is_not_changed(as_root, some_traffic, model) -> None:
    row = model.objects.first()
    assert as_root.post(page_of(row), {}).status_code == 403
    assert as_root.get(list_of(model) + "add/").status_code == 403


WORD = {"word": "halt", "action": "stop", "programme": "", "language": "", "confirmation": "Ende."}


def keyword_form(*answers: tuple[str, str], **fields: str) -> dict[str, str | int]:
    """What the page of a new keyword posts, with its answers in other languages."""
    rows = {
        f"answers-{at}-{name}": value
        for at, answer in enumerate(answers)
        for name, value in zip(("language", "text"), answer, strict=True)
    }
    return {**WORD, **fields, "answers-TOTAL_FORMS": len(answers), "answers-INITIAL_FORMS": 0, **rows}


def test_a_new_keyword_is_kept_in_the_form_that_is_looked_for(as_root) -> None:
    as_root.post(list_of(Keyword) + "add/", keyword_form(word=" Halt! ", language="deu"))
    assert Keyword.objects.get(language="deu").word == "halt"


def test_it_can_be_answered_in_several_languages(as_root) -> None:
    form = keyword_form(("fra", "Fini."), ("zul_ZA", "Kuphelile."))
    as_root.post(list_of(Keyword) + "add/", form)
    answers = Keyword.objects.get(word="halt").answers.values_list("language", "text")
    assert list(answers) == [("fra", "Fini."), ("zul_ZA", "Kuphelile.")]
    assert "fra, zul_ZA" in as_root.get(list_of(Keyword), {"q": "halt"}).content.decode()


@pytest.mark.parametrize(
    "answer", [("French", "Fini."), ("fra", ""), ("fra", "tab\there"), ("fra", "x" * 401)]
)
def test_an_answer_that_cannot_be_is_refused(as_root, answer) -> None:
    response = as_root.post(list_of(Keyword) + "add/", keyword_form(answer))
    assert response.status_code == 200
    assert not Keyword.objects.filter(word="halt").exists()


def test_its_programme_is_one_of_those_there_are(as_root) -> None:
    MessageSet.objects.create(short_name="moms", default_schedule=Schedule.objects.create())
    page = as_root.get(list_of(Keyword) + "add/").content.decode()
    assert '<option value="moms">moms</option>' in page
    as_root.post(list_of(Keyword) + "add/", keyword_form(word="stopmums", programme="mums"))
    as_root.post(list_of(Keyword) + "add/", keyword_form(word="stopmoms", programme="moms"))
    assert Keyword.objects.filter(programme__gt="").values_list("word").get() == ("stopmoms",)


def test_one_confirmation_is_given_to_all_words_that_mean_the_same(as_root, keywords) -> None:
    Keyword.objects.filter(word="unsubscribe").update(confirmation="Done.")
    chosen = Keyword.objects.get(word="unsubscribe")
    as_root.post(list_of(Keyword), {"action": "share_confirmation", "_selected_action": [chosen.pk]})
    english = Keyword.objects.filter(action="stop", language="eng")
    assert set(english.values_list("confirmation", flat=True)) == {"Done."}
    assert not Keyword.objects.exclude(pk__in=english).filter(confirmation="Done.").exists()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"word": "no more"}, "word"),
        ({"word": "Stop!"}, "word"),
        ({"action": "reply", "confirmation": ""}, "confirmation"),
        ({"confirmation": "tab\there"}, "confirmation"),
        ({"confirmation": "x" * 401}, "confirmation"),
    ],
)
def test_a_keyword_that_cannot_work_is_refused_at_its_field(as_root, changes, field) -> None:
    before = Keyword.objects.count()
    response = as_root.post(list_of(Keyword) + "add/", keyword_form(**changes))
    assert field in response.context["adminform"].form.errors
    assert Keyword.objects.count() == before


def test_held_answers_can_be_listed(as_root, gateway, smsd, settings) -> None:
    settings.SMS_LOOP_LIMIT = 1
    for _ in range(2):
        smsd.received("STOP", at=timezone.now())
    collect(gateway)
    assert found(as_root, InboundMessage, answer__exact="held") == ["from +27820001001"]
