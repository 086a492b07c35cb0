"""A transactional test leaves the next one the tables as migrations made them."""

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command

from smsbridge.models import Keyword


@pytest.mark.django_db(transaction=True)
def test_the_rows_of_migrations_are_back_after_the_tables_were_emptied():
    Keyword.objects.all().delete()
    call_command("flush", interactive=False, verbosity=0)
    assert Keyword.objects.filter(word="stop", action="stop").exists()
    assert Group.objects.filter(name="API clients", permissions__codename="use_telephony").exists()
    assert Group.objects.filter(name="API clients", permissions__codename="use_programmes").exists()
