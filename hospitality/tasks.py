"""Celery entry points."""

from celery import shared_task

from hospitality.operations import mail


@shared_task(name="hospitality.mail_feedback")
def mail_feedback() -> None:
    mail.mail_feedback()
