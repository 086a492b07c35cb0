"""Celery entry points."""

from celery import shared_task

from telephony import operations


@shared_task(name="telephony.mail_messages")
def mail_messages() -> None:
    operations.mail_messages()
