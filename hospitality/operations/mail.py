"""E-mails about feedback: a positive one is told to whom it is about, and confirmed to its author."""

from __future__ import annotations

from django.core.mail import EmailMessage
from django.db import transaction

from accounts.mail import send, send_each
from accounts.models import User
from hospitality.models import Feedback, FeedbackMail

#: Tries to send one, each at another call.
ATTEMPTS = 20
_TOLD = """Hello {name},

{author} has written about you:

{body}
"""
_CONFIRMED = """Hello {name},

what you have written about {about} is published:

{body}
"""


def announce(feedback: Feedback) -> None:
    """Note the e-mails to be sent about new feedback, in the transaction that makes it.

    Only a positive one is mailed. Members who want no e-mails (``email_opt_out``) get none.
    """
    if feedback.rating != Feedback.Rating.POSITIVE:
        return
    people = User.objects.filter(pk__in=[feedback.author_id, feedback.about_id], member__email_opt_out=False)
    FeedbackMail.objects.bulk_create(
        FeedbackMail(feedback=feedback, recipient=person)
        for person in people.exclude(email="").order_by("pk")
    )


def mail_feedback(*, most: int = 100) -> int:
    """Send the e-mails that are due; how many the mail server accepted.

    One that is refused is tried again at the next call, ``ATTEMPTS`` times in
    all; what no mail server was there to take is not counted. Feedback that
    was hidden meanwhile is not mailed.
    """
    keys = FeedbackMail.objects.order_by("attempts", "pk").values_list("pk", flat=True)[:most]
    return send_each(list(keys), _mail)


def forgo_mails() -> int:
    """Tell nobody more of feedback written so far; how many e-mails were due.

    For a database that is older than what happened: nobody knows which were sent.
    """
    return FeedbackMail.objects.all().delete()[0]


@transaction.atomic
def _mail(key: int) -> bool:
    rows = FeedbackMail.objects.select_for_update(skip_locked=True, of=("self",))
    known = rows.select_related("feedback__author__member", "feedback__about__member", "recipient__member")
    due = known.filter(pk=key).first()
    if due is None:
        return False
    accepted = due.feedback.published and due.recipient.is_active and _send(due)
    due.attempts += 1
    if accepted or due.attempts >= ATTEMPTS or not due.feedback.published:
        due.delete()
    else:
        due.save(update_fields=["attempts"])
    return accepted


def _send(due: FeedbackMail) -> bool:
    given = due.feedback
    author, about = _name(given.author), _name(given.about)
    told = due.recipient_id == given.about_id
    mail = EmailMessage(
        subject=f"New feedback from {author}" if told else f"Your feedback about {about}",
        body=(_TOLD if told else _CONFIRMED).format(
            name=_name(due.recipient), author=author, about=about, body=given.body
        ),
        to=[due.recipient.email],
    )
    return send(mail)


def _name(user: User) -> str:
    """On one line, as it stands in subjects."""
    member = getattr(user, "member", None)
    return " ".join((member.fullname if member else "").split()) or user.get_username()
