"""Hosts are found by place, nearest first, and by a word."""

import random
from math import acos, cos, degrees, radians, sin

import pytest

from hospitality.places import Box, box, degrees_of
from hospitality.selectors.filters import Wishes
from hospitality.selectors.hosts import by_place, by_word

EUROPE = Box(35, 70, -10, 40)


def names(near):
    return [found.fullname for found in near.hosts]


def distance(one, other) -> float:
    """By the law of cosines, which the search does not use."""
    lat, lon, lat2, lon2 = map(radians, (*one, *other))
    return degrees(acos(min(1, sin(lat) * sin(lat2) + cos(lat) * cos(lat2) * cos(lon - lon2))))


def test_nearest_first_within_the_box(host):
    host("Far", 48.1, 11.6)
    host("Near", 52.4, 13.1)
    host("Outside", 10, 10)
    host("Nowhere")
    near = by_place(place=EUROPE, centre=(52.5, 13.4), limit=50)
    assert names(near) == ["Near", "Far"]
    assert near.total == 2


def test_the_edge_of_the_box_is_outside(host):
    host("Edge", 35, 0)
    host("Inside", 35.000001, 0)
    assert names(by_place(place=EUROPE, centre=(35, 0), limit=5)) == ["Inside"]


def test_away_blocked_and_unvalidated_members_are_not_found_or_counted(host):
    host("Away", 50, 10, notcurrentlyavailable=True)
    host("New", 50, 10, validated=False)
    blocked = host("Blocked", 50, 10)
    blocked.user.is_active = False
    blocked.user.save()
    assert by_place(place=EUROPE, centre=(50, 10), limit=5).total == 0


def test_a_box_across_the_date_line(host):
    host("Fiji", -17.8, 178.0)
    host("Samoa", -13.8, -171.8)
    host("Peru", -12.0, -77.0)
    near = by_place(place=box(-30, 0, 170, -170), centre=(-15, -175), limit=10)
    assert names(near) == ["Samoa", "Fiji"]
    turned = by_place(place=box(-30, 0, 170, 190), centre=(-15, -175), limit=10)
    assert turned.hosts == near.hosts


def test_the_nearest_may_lie_beyond_the_date_line(host):
    host("East", 0, 178)
    host("West", 0, -179.9)
    for number in range(5):
        host(f"Far{number}", 0, 100 - number)
    near = by_place(place=Box(-90, 90, -181, 181), centre=(0, 179.9), limit=1)
    assert names(near) == ["West"]
    assert near.total == 7


@pytest.mark.parametrize(("lat", "lon"), [(0, 0), (60, 10), (85, 170), (-89.5, 0), (10, 179.5)])
def test_pages_are_the_exact_order_of_distances(host, lat, lon):
    dice = random.Random(7)
    places = {}
    for number in range(60):
        spot = (
            max(-90, min(90, lat + dice.uniform(-8, 8))),
            (lon + dice.uniform(-20, 20) + 180) % 360 - 180,
        )
        places[host(f"h{number}", *spot).pk] = spot
    world = Box(-91, 91, -181, 181)
    pages = [by_place(place=world, centre=(lat, lon), limit=7, offset=offset) for offset in range(0, 70, 7)]
    found = [each for page in pages for each in page.hosts]
    assert sorted(each.pk for each in found) == sorted(places)
    ways = {pk: distance((lat, lon), spot) for pk, spot in places.items()}
    assert [each.away for each in found] == pytest.approx(sorted(ways.values()), abs=1e-5)
    assert [each.away for each in found] == pytest.approx([ways[each.pk] for each in found], abs=1e-5)
    assert {page.total for page in pages} == {60}


def test_opposite_ends_of_the_globe():
    assert degrees_of(1.0000001) == 180
    assert degrees_of(0) == 0


def test_the_middle_of_a_box_across_the_date_line():
    assert box(-10, 10, 170, -170).centre == (0, 180)
    assert Box(0, 10, 20, 40).centre == (5, 30)


def found(word, **wishes):
    from hospitality.models import Member

    keys, total = by_word(word=word, limit=50, wishes=Wishes(**wishes))
    members = Member.objects.in_bulk(keys)
    return [members[pk].fullname for pk in keys], total


def test_a_word_begins_names_and_cities_and_is_within_full_names(host):
    host("Bertha", city="Annaberg")
    host("Christianna")
    host("Dora", city="Sankt Anna")
    host("annette")
    assert found("ANN") == (["Bertha", "Christianna", "annette"], 3)


def test_accents_and_case_do_not_matter(host):
    host("Jürgen", city="Zürich")
    assert found("jurgen")[1] == found("ZURICH")[1] == found(" zürich ")[1] == 1


def test_an_email_is_found_only_as_a_whole(host):
    host("Carla")
    assert found("CARLA@example.org")[1] == 1
    assert found("arla@example.org")[1] == 0


def test_wildcards_are_letters(host):
    host("Percy", city="100% Town")
    assert found("100%")[1] == 1
    assert found("%")[1] == found("_")[1] == found("1__%")[1] == 0


def test_those_away_come_last_and_are_counted(host):
    host("Anton", notcurrentlyavailable=True)
    host("Antonia")
    assert found("anto") == (["Antonia", "Anton"], 2)


def test_wishes_narrow_both_searches(host):
    host("Lea", 50, 10, languagesspoken="English, French", maxcyclists=4, bikeshop="2 km")
    host("Leo", 50, 10, languagesspoken="English")
    assert found("le", languages=("french", "english"))[0] == ["Lea"]
    assert found("le", guests=3)[0] == found("le", bikeshop=True)[0] == ["Lea"]
    assert found("le", seen_days=30)[1] == 0
    near = by_place(place=EUROPE, centre=(50, 10), limit=5, wishes=Wishes(guests=4))
    assert names(near) == ["Lea"]


@pytest.mark.parametrize("hosts", [3, 30])
def test_the_number_of_statements_does_not_grow(host, hosts, django_assert_num_queries):
    for number in range(hosts):
        host(f"h{number}", 50 + number / 100, 10)
    with django_assert_num_queries(1):
        by_place(place=EUROPE, centre=(50, 10), limit=10)
    with django_assert_num_queries(2):
        by_word(word="h", limit=10)
