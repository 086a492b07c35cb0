"""The two searches as apps ask them."""

import pytest

BOX = {"minlat": "40", "maxlat": "60", "minlon": "0", "maxlon": "20", "centerlat": "52", "centerlon": "13"}


def test_by_location(alices, alice, bob):
    body = alices.call("hosts/by_location", {**BOX, "limit": "50"}).json()
    assert body["status"] == {"delivered": 2, "totalresults": "2", "status": "complete"}
    assert [each["uid"] for each in body["accounts"]] == [str(alice.pk), str(bob.pk)]
    assert all(isinstance(value, str) for each in body["accounts"] for value in each.values())
    assert body["accounts"][0]["picture"] == "0"
    assert body["accounts"][1]["position"] == "48.100000,11.600000"
    # Nautical miles: a minute of latitude each.
    assert 230 < float(body["accounts"][1]["distance"]) < 250
    assert body["query_data"]["minlat"] == "40"
    assert "SELECT" not in str(body)


def test_by_location_in_pages(alices, alice, bob):
    first = alices.call("hosts/by_location", {**BOX, "limit": "1"}).json()
    second = alices.call("hosts/by_location", {**BOX, "limit": "1", "offset": "1"}).json()
    assert [first["accounts"][0]["uid"], second["accounts"][0]["uid"]] == [str(alice.pk), str(bob.pk)]
    assert first["status"]["totalresults"] == second["status"]["totalresults"] == "2"


def test_nobody_there(alices):
    nowhere = {"minlat": "-10", "maxlat": "-9", "minlon": "0", "maxlon": "1"}
    body = alices.call("hosts/by_location", nowhere).json()
    assert body["status"] == {"delivered": 0, "totalresults": "0", "status": "complete"}
    assert body["accounts"] == []


@pytest.mark.parametrize("limit", ["0", "-5", "x", "", "1e9", "9" * 30, "٣"])
def test_senseless_limits_count_as_none(alices, limit):
    body = alices.call("hosts/by_location", {**BOX, "limit": limit, "offset": limit}).json()
    assert body["query_data"]["limit"] == "200"
    assert body["status"]["delivered"] == 2


def test_the_limit_has_a_limit(alices):
    place = alices.call("hosts/by_location", {**BOX, "limit": "999999"}).json()
    word = alices.call("hosts/by_keyword", {"keyword": "a", "limit": "999999"}).json()
    assert (place["query_data"]["limit"], word["query_data"]["limit"]) == ("2000", "500")


@pytest.mark.parametrize("value", ["x", "", "nan", "inf", "1e400", "99999"])
def test_a_bound_that_is_no_number_counts_as_missing(alices, value):
    answer = alices.call("hosts/by_location", BOX | {"maxlat": value})
    assert (answer.status_code, answer.json()) == (401, ["Missing required argument maxlat"])


@pytest.mark.parametrize("value", ["x", "", "nan", "400"])
def test_without_a_sensible_centre_the_middle_counts(alices, value):
    assert alices.call("hosts/by_location", BOX | {"centerlat": value, "centerlon": value}).status_code == 200


def test_by_keyword(alices, alice, bob):
    body = alices.call("hosts/by_keyword", {"keyword": "b"}).json()
    assert body["status"] == {"delivered": 2, "totalresults": "2", "status": "complete"}
    assert list(body["accounts"]) == [str(alice.pk), str(bob.pk)]
    assert body["accounts"][str(bob.pk)]["fullname"] == "Bob Brown"


def test_by_keyword_finding_nobody_is_an_empty_object(alices):
    body = alices.call("hosts/by_keyword", {"keyword": "nobody at all"}).json()
    assert body["accounts"] == {}
    assert body["status"]["totalresults"] == "0"


def test_a_keyword_is_needed(alices):
    assert alices.call("hosts/by_keyword").json() == ["Missing required argument keyword"]


def test_wishes(alices, bob):
    bob.member.languagesspoken = "German, French"
    bob.member.save()
    for route, fields in (("hosts/by_location", BOX), ("hosts/by_keyword", {"keyword": "b"})):
        body = alices.call(route, {**fields, "languages": "french"}).json()
        assert body["status"]["totalresults"] == "1"


def test_searches_are_for_members(stranger, members):
    for route, fields in (("hosts/by_location", BOX), ("hosts/by_keyword", {"keyword": "b"})):
        assert stranger.call(route, fields).json() == ["Access denied for user anonymous"]


@pytest.mark.parametrize("hosts", [2, 20])
def test_the_number_of_statements_does_not_grow(alices, host, hosts, django_assert_max_num_queries):
    for number in range(hosts):
        host(f"b{number}", 50 + number / 100, 10)
    with django_assert_max_num_queries(7):
        assert (
            alices.call("hosts/by_location", {**BOX, "limit": "50"}).json()["status"]["delivered"]
            == hosts + 2
        )
    with django_assert_max_num_queries(7):
        assert alices.call("hosts/by_keyword", {"keyword": "b"}).json()["status"]["delivered"] == hosts + 2
