"""The traffic of ``bench.load``: a client program of each dialect, as Locust users.

What they need to know comes from the environment (``LOAD_…``), and so this
file knows nothing of the program.
"""

from __future__ import annotations

import os
import random
import uuid
from collections.abc import Callable

from locust import FastHttpUser, constant_throughput, task

from bench.day import CLIENTS, DAY


def _pace(kind: str) -> Callable[[Client], float]:
    return constant_throughput(DAY[kind] * 10 / 86_400 / CLIENTS[kind])


class Client(FastHttpUser):
    """One program on one connection."""

    abstract = True
    connection_timeout = network_timeout = 30.0

    def given(self, name: str) -> str:
        return os.environ[f"LOAD_{name}"]

    def bearer(self, name: str = "TOKEN") -> dict[str, str]:
        return {"Authorization": f"Token {self.given(name)}", "Accept": "application/json"}


class Hub(Client):
    """A registration hub: a subscription for somebody new."""

    fixed_count, wait_time = CLIENTS["registrations"], _pace("registrations")

    @task
    def register(self) -> None:
        number = f"+2783{random.randrange(10**7):07}"
        data = {
            "id": str(uuid.uuid4()), "identity": str(uuid.uuid4()), "lang": "eng_ZA",
            "next_sequence_number": 1,
            "messageset": int(self.given("MESSAGESET")), "schedule": int(self.given("SCHEDULE")),
            "metadata": {"msisdn": number},
        }  # fmt: skip
        self.client.post(
            "/api/v1/subscriptions/request", json={"data": data}, headers=self.bearer(), name="registrations"
        )


class Reader(Client):
    """A person's web page: the inbox, the count, and a message now and then."""

    fixed_count, wait_time = CLIENTS["inbox"], _pace("inbox")

    def somebody(self) -> int:
        return random.randint(*map(int, self.given("MEMBERS").split(",")))

    @task(6)
    def count(self) -> None:
        self.client.get("/messages/unread-count/", headers=self.bearer("READER_TOKEN"), name="inbox")

    @task(3)
    def page(self) -> None:
        self.client.get("/messages/?limit=50", headers=self.bearer("READER_TOKEN"), name="inbox")

    @task(1)
    def send(self) -> None:
        body = {
            "recipient_ids": [self.somebody()],
            "content": "See you at the meeting tomorrow.",
        }
        self.client.post(
            "/messages/send/", json=body, headers=self.bearer("READER_TOKEN"), name="inbox (send)"
        )


class Gateway(Client):
    """A program that sends single messages."""

    fixed_count, wait_time = CLIENTS["gateway"], _pace("gateway")

    @task
    def send(self) -> None:
        number = f"+2784{random.randrange(10**7):07}"
        body = {"text": "Your appointment is tomorrow at 9.", "mobiles": [number]}
        self.client.post("/api/v1.0/sms/outgoing", json=body, headers=self.bearer(), name="gateway")


class Traveller(Client):
    """A phone app that looks for hosts on a map, and at its messages."""

    fixed_count, wait_time = CLIENTS["hosts"], _pace("hosts")

    def headers(self) -> dict[str, str]:
        return {
            "Cookie": self.given("COOKIE"),
            "X-CSRF-Token": self.given("CSRF"),
            "Accept": "application/json",
        }

    @task(3)
    def look(self) -> None:
        lat, lon = random.uniform(-50, 60), random.uniform(-170, 170)
        form = {
            "minlat": lat - 2, "maxlat": lat + 2, "minlon": lon - 2, "maxlon": lon + 2,
            "centerlat": lat, "centerlon": lon, "limit": 50,
        }  # fmt: skip
        self.client.post("/services/rest/hosts/by_location", data=form, headers=self.headers(), name="hosts")

    @task(1)
    def unread(self) -> None:
        self.client.post("/services/rest/message/unreadCount", data={}, headers=self.headers(), name="hosts")


class Exchange(Client):
    """A telephone exchange's portal."""

    fixed_count, wait_time = CLIENTS["telephony"], _pace("telephony")

    @task
    def users(self) -> None:
        self.client.get("/1.0/users/?_page=1&_pagesize=20", headers=self.bearer(), name="telephony")


class Team(Client):
    """A dashboard of a programme's team."""

    fixed_count, wait_time = CLIENTS["programmes"], _pace("programmes")

    @task(3)
    def subscriptions(self) -> None:
        offset = random.randrange(1000) * 20
        self.client.get(
            f"/api/v1/subscriptions/?limit=20&offset={offset}", headers=self.bearer(), name="programmes"
        )

    @task(1)
    def sets(self) -> None:
        self.client.get("/api/v1/messageset/", headers=self.bearer(), name="programmes")
