"""A set's texts as a table: a row for each stage, a column for each language, gaps where nothing is said."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from stagebased.models import WELCOME, Draft, Message, MessageSet, Subscription, Welcome
from stagebased.operations.content import Place, problem_of
from stagebased.pages.counter import Count, count
from stagebased.programmes import address_of
from stagebased.steps import Programme, languages

#: Stages on one page.
PER_PAGE = 50
#: Numbers that nobody has written for are shown as empty rows, unless they are more than these in a row.
GAP_SHOWN = 20


@dataclass(frozen=True)
class Text:
    """What an editor has written or published at a place."""

    text: str
    file_id: int | None = None
    file: str = ""
    content_type: str = ""

    @property
    def address(self) -> str:
        return address_of(self.file)

    @property
    def is_audio(self) -> bool:
        return self.content_type.startswith("audio/")


@dataclass(frozen=True)
class Cell:
    """One place of the table. ``said`` is what an editor sees there: their draft, or what is published."""

    place: Place
    said: Text | None
    #: What is sent now, where a draft says something else.
    published: Text | None = None
    is_draft: bool = False
    drafted_by: str = ""
    drafted_at: datetime | None = None
    #: Whether what is published has been changed since the draft was begun.
    is_overtaken: bool = False
    problem: str = ""
    #: Where nothing is said: the language that is sent instead; empty: none is.
    instead: str = ""
    count: Count | None = None

    @property
    def key(self) -> str:
        return f"{self.place.number}-{self.place.lang}"

    @property
    def state(self) -> str:
        """How it is drawn."""
        if self.said is None:
            return "instead" if self.instead else "gap"
        if self.problem:
            return "bad"
        return "draft" if self.is_draft else "published"


@dataclass(frozen=True)
class Row:
    number: int
    cells: list[Cell]

    @property
    def is_welcome(self) -> bool:
        return self.number == WELCOME

    @property
    def is_empty(self) -> bool:
        return all(cell.said is None for cell in self.cells)


@dataclass(frozen=True)
class Grid:
    languages: list[str]
    rows: list[Row]
    #: The largest number that anything is written for.
    last: int
    page: int
    pages: int
    drafts: int
    #: Drafts whose published text has been changed since.
    overtaken: int

    @property
    def following(self) -> int:
        """The number of a stage that is added at the end."""
        return self.last + 1


def languages_of(message_set: MessageSet) -> list[str]:
    """The languages in which anything is said or drafted, and those that the set's subscribers read."""
    found: set[str] = set()
    for model in (Message, Draft, Welcome):
        rows = model._default_manager.filter(messageset=message_set).order_by()
        found |= set(rows.values_list("lang", flat=True).distinct())
    readers = Subscription.objects.filter(messageset=message_set, active=True, completed=False).order_by()
    return sorted(found | set(readers.values_list("lang", flat=True).distinct()))


def grid_of(message_set: MessageSet, *, page: int = 1, added: Collection[str] = ()) -> Grid:
    """One page of the table; ``added`` are languages without a text yet. A fixed number of statements."""
    tongues = sorted({*languages_of(message_set), *added})
    numbers = numbers_of(message_set)
    last = numbers[-1] if numbers else 0
    shown = [*_with_gaps(numbers), last + 1]
    pages = max(1, -(-len(shown) // PER_PAGE))
    page = min(max(page, 1), pages)
    here = shown[(page - 1) * PER_PAGE : page * PER_PAGE]
    texts = _Texts(message_set, [WELCOME, *here] if page == 1 else here)
    rows = [Row(number, texts.cells(number, tongues)) for number in ([WELCOME] if page == 1 else []) + here]
    drafts = list(Draft.objects.filter(messageset=message_set).values_list("sequence_number", "lang"))
    overtaken = sum(cell.is_overtaken for row in rows for cell in row.cells)
    return Grid(tongues, rows, last, page, pages, len(drafts), overtaken)


def cell_of(message_set: MessageSet, place: Place) -> Cell:
    """One place alone."""
    [cell] = _Texts(message_set, [place.number]).cells(place.number, [place.lang])
    return cell


def page_of(message_set: MessageSet, number: int) -> int:
    """The page of the table on which a stage stands."""
    shown = _with_gaps(numbers_of(message_set))
    return sum(1 for one in shown if one < number) // PER_PAGE + 1


def numbers_of(message_set: MessageSet) -> list[int]:
    """The stages for which anything is published or drafted."""
    found: set[int] = set()
    for model in (Message, Draft):
        rows = model._default_manager.filter(messageset=message_set, sequence_number__gt=WELCOME).order_by()
        found |= set(rows.values_list("sequence_number", flat=True).distinct())
    return sorted(found)


def _with_gaps(numbers: Iterable[int]) -> Iterator[int]:
    before = 0
    for number in numbers:
        if number - before <= GAP_SHOWN:
            yield from range(before + 1, number)
        yield number
        before = number


class _Texts:
    """What is published and drafted at some numbers of a set."""

    def __init__(self, message_set: MessageSet, numbers: list[int]) -> None:
        self.message_set = message_set
        self.programme = Programme(
            id=message_set.pk,
            short_name=message_set.short_name,
            fall_back=message_set.fall_back,
            fallback_languages=tuple(message_set.fallback_chain),
            default_language=message_set.default_language,
        )
        found = Message.objects.filter(messageset=message_set, sequence_number__in=numbers)
        self.published: dict[Place, Message | Welcome] = {
            Place(row.sequence_number, row.lang): row for row in found.select_related("binary_content")
        }
        if WELCOME in numbers:
            for row in Welcome.objects.filter(messageset=message_set).select_related("binary_content"):
                self.published[Place(WELCOME, row.lang)] = row
        drafts = Draft.objects.filter(messageset=message_set, sequence_number__in=numbers)
        self.drafts = {
            Place(row.sequence_number, row.lang): row
            for row in drafts.select_related("binary_content", "updated_by")
        }

    def cells(self, number: int, tongues: list[str]) -> list[Cell]:
        said = {lang for at, lang in (*self.published, *self.drafts) if at == number}
        return [self._cell(Place(number, lang), said) for lang in tongues]

    def _cell(self, place: Place, said: set[str]) -> Cell:
        published, draft = self.published.get(place), self.drafts.get(place)
        if draft is not None:
            return self._drafted(place, draft, published)
        if published is not None:
            text = _text(published)
            return Cell(place, text, count=self._count(text))
        tongues = list(languages(self.programme, place.lang))
        return Cell(place, None, instead=next((tongue for tongue in tongues if tongue in said), ""))

    def _drafted(self, place: Place, draft: Draft, published: Message | Welcome | None) -> Cell:
        text = _text(draft)
        return Cell(
            place,
            text,
            published=_text(published) if published is not None else None,
            is_draft=True,
            drafted_by=draft.updated_by.get_username() if draft.updated_by is not None else "",
            drafted_at=draft.updated_at,
            is_overtaken=draft.based_on_id != (published.revision_id if published is not None else None),
            problem=problem_of(draft, self.message_set) or "",
            count=self._count(text),
        )

    def _count(self, text: Text) -> Count:
        return count(text.text, self.message_set.channel)


def _text(row: Message | Welcome | Draft) -> Text:
    file = row.binary_content
    if file is None:
        return Text(row.text_content or "")
    return Text(row.text_content or "", file.pk, file.content.name or "", file.content_type)
