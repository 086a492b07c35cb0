"""The demo's members: who they are, what they wrote to each other and what they say of each other.

Telephone numbers lie in ranges that no operator assigns (Ofcom's +44 7700 900…, ARCEP's +33 6 39 98…).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hospitality.models import Feedback

GUEST, HOST, MET = Feedback.Relation.GUEST, Feedback.Relation.HOST, Feedback.Relation.MET
POSITIVE, NEUTRAL = Feedback.Rating.POSITIVE, Feedback.Rating.NEUTRAL


@dataclass(frozen=True)
class Person:
    """A member. ``colour`` is that of the picture; ``profile`` has further columns of ``Member``."""

    name: str
    fullname: str
    comments: str
    city: str
    country: str
    place: tuple[float, float]
    colour: str
    profile: dict[str, Any] = field(default_factory=dict)

    @property
    def username(self) -> str:
        return f"demo-{self.name}"


@dataclass(frozen=True)
class Thread:
    """A conversation: who writes to whom about what, and each message with its author, oldest first.

    ``read``: everybody has read it; otherwise it is new to all who did not write.
    """

    people: tuple[str, ...]
    subject: str
    messages: tuple[tuple[str, str], ...]
    read: bool = False


@dataclass(frozen=True)
class Opinion:
    author: str
    about: str
    relation: str
    rating: str
    year: int
    month: int
    body: str


PEOPLE = (
    Person(
        "anna", "Anna Albrecht", "Two cats, one guest room, and a workshop in the yard.",
        "Berlin", "de", (52.52, 13.405), "teal",
        {"street": "1, Elm Street", "postal_code": "10178", "bed": True, "shower": True, "storage": True,
         "languagesspoken": "German, English", "maxcyclists": 2},
    ),
    Person(
        "bruno", "Bruno Bauer", "The garden has room for four tents. Swimming is five minutes away.",
        "Potsdam", "de", (52.39, 13.065), "olive",
        {"lawnspace": True, "food": True, "bikeshop": "300 m", "languagesspoken": "German", "maxcyclists": 4},
    ),
    Person(
        "chloe", "Chloé Caron", "A sofa under the roof; mind the stairs with your bicycle.",
        "Lyon", "fr", (45.764, 4.8357), "maroon",
        {"mobilephone": "+33 6 39 98 00 01", "bed": True, "kitchenuse": True,
         "languagesspoken": "French, English"},
    ),
    Person(
        "dewi", "Dewi Davies", "Happy to fetch you with the van when the rain is too much.",
        "Cardiff", "gb", (51.4816, -3.1791), "navy",
        {"mobilephone": "+44 7700 900201", "sag": True, "laundry": True, "bed": True,
         "languagesspoken": "Welsh, English", "maxcyclists": 5},
    ),
    Person(
        "epeli", "Epeli Elder", "Away until the cyclone season is over.",
        "Suva", "fj", (-18.1416, 178.4419), "purple",
        {"lawnspace": True, "languagesspoken": "Fijian, English", "notcurrentlyavailable": True},
    ),
    Person(
        "freya", "Freya Falk", "Five hundred metres from the long-distance path along the Havel.",
        "Werder", "de", (52.3787, 12.9343), "darkgreen",
        {"lawnspace": True, "shower": True, "campground": "2 km", "languagesspoken": "German, Danish",
         "maxcyclists": 3},
    ),
    Person(
        "goran", "Goran Grgić", "Night shifts: ring twice, the key is with the neighbour.",
        "Zagreb", "hr", (45.815, 15.9819), "firebrick",
        {"bed": True, "shower": True, "bikeshop": "next door", "languagesspoken": "Croatian, German"},
    ),
    Person(
        "hana", "Hana Horáková", "New here, and looking forward to the first guests.",
        "Brno", "cz", (49.1951, 16.6068), "darkorange",
        {"kitchenuse": True, "food": True, "languagesspoken": "Czech, English", "maxcyclists": 2},
    ),
)  # fmt: skip

THREADS = (
    Thread(
        ("anna", "bruno"), "A night in May?",
        (("anna", "May I come by on the 3rd? I would be there by six."),
         ("bruno", "Gladly. There is soup at seven."),
         ("anna", "Wonderful, I bring the bread.")),
        read=True,
    ),
    Thread(
        ("chloe", "anna", "bruno"), "Elbe tour",
        (("chloe", "Who rides along from Dresden to Hamburg in June?"),
         ("bruno", "As far as Magdeburg I do.")),
    ),
    Thread(
        ("freya", "anna"), "Pump left behind",
        (("freya", "There is a red pump in our hall. Is it yours?"),),
    ),
    Thread(
        ("dewi", "chloe"), "Cardiff in August",
        (("dewi", "The room is yours from the 12th to the 14th."),
         ("chloe", "Thank you! Is there a train that takes two bicycles?")),
    ),
    Thread(
        ("hana", "goran"), "First tour",
        (("hana", "Which way would you take from Brno to Zagreb, through Vienna or Bratislava?"),),
    ),
)  # fmt: skip

FEEDBACK = (
    Opinion("anna", "bruno", GUEST, POSITIVE, 2024, 5, "A very kind host, and great soup."),
    Opinion("bruno", "anna", HOST, POSITIVE, 2024, 5, "Good stories, and the kitchen was clean."),
    Opinion("chloe", "anna", GUEST, POSITIVE, 2023, 8, "The workshop saved my rear wheel and so my tour."),
    Opinion("dewi", "chloe", GUEST, NEUTRAL, 2022, 9, "All was well, but the stairs are steep."),
    Opinion("goran", "freya", MET, POSITIVE, 2024, 7, "Rode together for two days and shared one stove."),
)  # fmt: skip
