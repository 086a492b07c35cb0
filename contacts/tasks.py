"""Celery's way to people. May be lost, doubled or late."""

from celery import shared_task

from contacts import external


@shared_task(name="contacts.look_people_up")
def look_people_up() -> None:
    external.look_people_up()
