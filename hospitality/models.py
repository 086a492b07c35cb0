"""Members of the hospitality network, what they say of each other, and their pictures.

Columns are named as the fields of the network's own interface, which is how
its apps and their developers know them.
"""

from __future__ import annotations

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.timezone import now

from hospitality.folding import fold


class Member(models.Model):
    """An account's profile as a host. Accounts without one are no members and see nobody."""

    class Source(models.IntegerChoices):
        """How the coordinates were found, the most exact first."""

        MEMBER = 1, "set by the member"
        ADDRESS = 2, "address"
        POSTCODE = 3, "postal code"
        PREMISE = 4, "premise"
        CITY = 5, "city and province"
        CITY_OF_COUNTRY = 6, "city and country"
        REGION = 7, "region"
        COUNTRY = 8, "country"

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="member"
    )
    validated = models.BooleanField(
        default=True, help_text="The e-mail address is known to be theirs; before that they see nobody."
    )
    fullname = models.CharField("full name", max_length=255, blank=True)
    comments = models.TextField("about", blank=True)
    url = models.CharField("web site", max_length=255, blank=True)
    fax_number = models.CharField(max_length=64, blank=True)
    mobilephone = models.CharField("mobile phone", max_length=64, blank=True)
    workphone = models.CharField("work phone", max_length=64, blank=True)
    homephone = models.CharField("home phone", max_length=64, blank=True)
    preferred_notice = models.CharField(max_length=255, blank=True)
    maxcyclists = models.PositiveSmallIntegerField(
        "guests",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(5)],
        help_text="Most guests at a time; 5 means five or more.",
    )
    motel = models.CharField("nearest motel", max_length=255, blank=True)
    campground = models.CharField("nearest campground", max_length=255, blank=True)
    bikeshop = models.CharField("nearest bike shop", max_length=255, blank=True)
    languagesspoken = models.CharField("languages spoken", max_length=255, blank=True)
    bed = models.BooleanField(default=False)
    food = models.BooleanField(default=False)
    laundry = models.BooleanField(default=False)
    lawnspace = models.BooleanField("lawn", default=False, help_text="Room for a tent.")
    sag = models.BooleanField("pick-up", default=False, help_text="Can come with a car.")
    shower = models.BooleanField(default=False)
    storage = models.BooleanField(default=False)
    kitchenuse = models.BooleanField("use of the kitchen", default=False)
    hide_donation_status = models.BooleanField(default=False)
    email_opt_out = models.BooleanField(default=False)
    notcurrentlyavailable = models.BooleanField("not available at present", default=False)
    becomeavailable = models.DateTimeField("available again", null=True, blank=True)
    set_unavailable_timestamp = models.DateTimeField(null=True, blank=True, editable=False)
    set_available_timestamp = models.DateTimeField(null=True, blank=True, editable=False)
    last_unavailability_pester = models.DateTimeField(null=True, blank=True, editable=False)
    street = models.CharField(max_length=255, blank=True)
    additional = models.CharField(max_length=255, blank=True)
    city = models.CharField(max_length=255, blank=True)
    province = models.CharField(max_length=16, blank=True, help_text="The region's code.")
    postal_code = models.CharField(max_length=16, blank=True)
    country = models.CharField(max_length=2, blank=True, help_text="ISO 3166, two letters.")
    latitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = models.FloatField(
        null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    source = models.PositiveSmallIntegerField(choices=Source, default=Source.COUNTRY)
    theme = models.CharField(max_length=255, blank=True)
    timezone = models.CharField(max_length=64, blank=True)
    language = models.CharField(max_length=16, blank=True, default="en-working")
    signature_format = models.PositiveSmallIntegerField(default=1, editable=False)
    node_notify = models.BooleanField("told of new content", default=False)
    comment_notify = models.BooleanField("told of comments", default=False)
    seen_at = models.DateTimeField(null=True, blank=True, editable=False, help_text="Last use of an app.")
    fullname_key = models.CharField(max_length=1024, blank=True, editable=False)
    city_key = models.CharField(max_length=1024, blank=True, editable=False, db_index=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude=None, longitude=None)
                | Q(latitude__range=(-90, 90), longitude__range=(-180, 180)),
                name="member_place",
            ),
        ]

    def __str__(self) -> str:
        return self.fullname or f"member {self.pk}"

    def save(self, *args: object, **kwargs: object) -> None:
        """Keeps what searches compare in step, whoever saves."""
        self.fullname_key, self.city_key = fold(self.fullname), fold(self.city)
        self.province, self.country = self.province.lower(), self.country.lower()
        super().save(*args, **kwargs)  # type: ignore[arg-type]  # passed on as they came


class Picture(models.Model):
    """A member's picture. Its files are named by ``key``, which nobody can guess."""

    member = models.OneToOneField(Member, on_delete=models.CASCADE, related_name="picture")
    key = models.CharField(max_length=32, unique=True)
    filesize = models.PositiveIntegerField(help_text="Bytes of the largest size.")
    uploaded_at = models.DateTimeField(default=now)

    def __str__(self) -> str:
        return f"picture {self.pk}"


class Feedback(models.Model):
    """What one member says publicly about another."""

    class Relation(models.TextChoices):
        GUEST = "Guest", "Guest"
        HOST = "Host", "Host"
        MET = "Met Traveling", "Met Traveling"
        OTHER = "Other", "Other"

    class Rating(models.TextChoices):
        POSITIVE = "Positive", "Positive"
        NEUTRAL = "Neutral", "Neutral"
        NEGATIVE = "Negative", "Negative"

    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback_given"
    )
    about = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="feedback_received", db_index=False
    )
    body = models.TextField()
    relation = models.CharField(max_length=16, choices=Relation, help_text="What the author was.")
    rating = models.CharField(max_length=8, choices=Rating)
    hosting_month = models.DateField(help_text="The first of the month.")
    published = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=now, editable=False)

    class Meta:
        verbose_name_plural = "feedback"
        indexes = [
            # Read by the list of a member's feedback, and by its counts.
            models.Index(fields=["about", "-id"], name="feedback_about", condition=Q(published=True)),
            # Read by the database when an account goes.
            models.Index(fields=["about"], name="feedback_of_account"),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(author=models.F("about")), name="feedback_of_somebody_else"),
        ]

    def __str__(self) -> str:
        return f"{self.rating} feedback {self.pk}"


class FeedbackMail(models.Model):
    """An e-mail about feedback that is still to be sent to its author or to whom it is about."""

    feedback = models.ForeignKey(Feedback, on_delete=models.CASCADE, related_name="mails", db_index=False)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["feedback", "recipient"], name="feedbackmail_once")]

    def __str__(self) -> str:
        return f"e-mail {self.pk}"


class Report(models.Model):
    """A member tells the administrators about a message they received."""

    reporter = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="reports")
    message = models.ForeignKey("sendables.Message", on_delete=models.CASCADE, related_name="reports")
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(default=now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["reporter", "message"], name="report_once")]

    def __str__(self) -> str:
        return f"report {self.pk}"


class FailedLogin(models.Model):
    """A log-in that failed, kept while it counts against the account and the address.

    In the database and not in a cache, which may be each process's own.
    ``address`` is a digest.
    """

    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="+", db_index=False
    )
    address = models.CharField(max_length=64)
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["account", "address", "at"], name="failedlogin_account"),
            models.Index(fields=["address", "at"], name="failedlogin_address"),
        ]

    def __str__(self) -> str:
        return f"failed log-in {self.pk}"
