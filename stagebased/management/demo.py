"""The demo programme: what is said, and to whom.

The numbers lie in ranges that no operator assigns: those that Ofcom (+44 7700
900…) and ARCEP (+33 6 39 98…) keep free for films and books. Two of them play
a part with the loopback gateway, which the Procfile tells so.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID, uuid5

_NAMESPACE = UUID("7b0f6a52-3f0e-5a53-9a3c-5d6a0e1f2b11")

#: Replies STOP to its second message.
STOPS = "+447700900106"
#: The network refuses every message to it.
FAILS = "+447700900107"

WELCOME = {
    "eng_GB": (
        "Welcome! For five minutes you get a tip a minute, so that you can watch this demo at work.",
        "Tip 1: drink a glass of water with every meal. Reply STOP whenever you have had enough.",
        "Tip 2: note the date of your next check-up where you see it every day.",
        "Tip 3: a short walk after lunch helps you sleep at night.",
        "Tip 4: save the clinic's number in your phone now. From here on you hear from us twice a week.",
    ),
    "fra_FR": (
        "Bienvenue ! Pendant cinq minutes, un conseil par minute, pour voir cette démo au travail.",
        "Conseil 1 : buvez un verre d'eau à chaque repas. Répondez STOP si vous en avez assez.",
        "Conseil 2 : notez la date du prochain examen là où vous la voyez chaque jour.",
        "Conseil 3 : marcher un peu à midi aide à mieux dormir la nuit.",
        "Conseil 4 : gardez le numéro de la clinique sous la main. Désormais, deux messages par semaine.",
    ),
}

WEEKLY = {
    "eng_GB": (
        "Week 1: congratulations! Book your first visit at the clinic and bring your old records.",
        "Week 1: take your folic acid every morning, with breakfast.",
        "Week 2: feeling sick is common. Small meals through the day help more than big ones.",
        "Week 2: bleeding or strong pain? Do not wait for your appointment: call the clinic today.",
        "Week 3: ask at your visit which vaccinations you need, and when.",
        "Week 3: rest on your side in the afternoon if your days are long.",
        "Week 4: your next visit is due. Write your questions down before you go.",
        "Week 4: four weeks done. Thank you for staying with us!",
    ),
    "fra_FR": (
        "Semaine 1 : félicitations ! Prenez votre premier rendez-vous et apportez vos anciens dossiers.",
        "Semaine 1 : prenez votre acide folique chaque matin, au petit repas.",
        "Semaine 2 : les nausées sont normales. Mangez peu à la fois, mais souvent.",
        "Semaine 2 : du sang ou une forte douleur ? N'attendez pas : appelez la clinique aujourd'hui.",
        "Semaine 3 : demandez à la visite quels vaccins il vous faut, et quand.",
        "Semaine 3 : reposez-vous un peu sur le flanc si vos journées sont longues.",
        "Semaine 4 : la prochaine visite approche. Notez vos questions avant d'y aller.",
        "Semaine 4 : un mois déjà. Merci de rester avec nous !",
    ),
}


@dataclass(frozen=True)
class Person:
    """One subscriber: on the welcome set (from ``position`` on) or on the weekly one.

    ``at_once``: how many messages are sent without waiting for the schedule.
    """

    name: str
    msisdn: str | None
    lang: str = "eng_GB"
    position: int = 1
    at_once: int = 1
    weekly: bool = False
    timezone: str = ""

    @property
    def identity(self) -> UUID:
        return uuid5(_NAMESPACE, self.name)

    @property
    def request_id(self) -> str:
        return str(uuid5(_NAMESPACE, f"registration of {self.name}"))


PEOPLE = (
    Person("Alice Appleby", "+447700900101"),
    Person("Bea Brooks", "+447700900102", position=2),
    Person("Cora Clarke", "+447700900103", position=3),
    Person("Diane Dubois", "+33639980101", lang="fra_FR", timezone="Europe/Paris"),
    Person("Élodie Étienne", "+33639980102", lang="fra_FR", position=2, timezone="Europe/Paris"),
    Person("Grace Green (replies STOP)", STOPS, at_once=2),
    Person("Hope Hall (number not assigned)", FAILS),
    Person("Ivy Irwin (no number known)", None),
    Person("Jane Jones", "+447700900110", at_once=0, weekly=True),
    Person("Karine Klein", "+33639980111", lang="fra_FR", at_once=0, weekly=True, timezone="Europe/Paris"),
    Person("Lucy Lane", "+447700900112", at_once=0, weekly=True, position=4),
)
