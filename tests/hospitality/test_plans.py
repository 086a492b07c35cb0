"""What PostgreSQL does for the searches: everything by its index, however many members there are."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from hospitality.operations.messages import members_named
from hospitality.places import box
from hospitality.selectors.hosts import by_place, by_word

pytestmark = pytest.mark.postgres
#: Enough that looking something up in an index is the cheaper way.
CROWD = """
INSERT INTO accounts_user (
    password, is_superuser, username, first_name, last_name, email, is_staff, is_active, date_joined)
SELECT '!', false, 'crowd' || n, '', '', 'crowd' || n || '@example.org', false, n % 50 > 0, now()
  FROM generate_series(1, 5000) n;
INSERT INTO hospitality_member
SELECT made.* FROM accounts_user u
 CROSS JOIN (SELECT * FROM hospitality_member ORDER BY user_id LIMIT 1) model
 CROSS JOIN LATERAL jsonb_populate_record(NULL::hospitality_member, to_jsonb(model) || jsonb_build_object(
    'user_id', u.id, 'fullname_key', md5(u.id::text), 'city_key', md5(u.username),
    'latitude', random() * 130 - 60, 'longitude', random() * 360 - 180)) made
 WHERE u.username LIKE 'crowd%';
INSERT INTO hospitality_picture (member_id, key, filesize, uploaded_at)
SELECT user_id, md5(user_id::text), 1, now() FROM hospitality_member;
ANALYZE accounts_user; ANALYZE hospitality_member; ANALYZE hospitality_picture;
"""
FIJI = box(-25, -10, 170, -175)


@pytest.fixture
def crowd(host):
    host("Ann", 50, 10, city="Annaberg")
    with connection.cursor() as cursor:
        cursor.execute(CROWD)


def plans(work) -> list[str]:
    """Of each statement that ``work`` runs."""
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for query in queries:
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            found.append("\n".join(row[0] for row in cursor.fetchall()))
    return found


def test_a_place_is_looked_up_in_its_index(crowd):
    [plan] = plans(lambda: by_place(place=box(45, 55, 5, 15), centre=(50, 10), limit=5))
    assert plan.count("Scan using hospitality_place") + plan.count("Scan on hospitality_place") == 1
    assert "user_inactive" in plan
    assert "Seq Scan" not in plan


def test_a_box_across_the_date_line_is_looked_up_twice(crowd):
    [plan] = plans(lambda: by_place(place=FIJI, centre=FIJI.centre, limit=5))
    assert plan.count("Scan on hospitality_place") == 2
    assert "Seq Scan" not in plan


def test_each_meaning_of_a_word_has_its_index(crowd):
    with connection.cursor() as cursor:
        # What was only just written is read from a list that this index keeps beside itself.
        cursor.execute("SET LOCAL enable_seqscan = off")
    for plan in plans(lambda: by_word(word="annaberg", limit=5)):
        for index in ("username", "email", "fullname"):
            assert f"hospitality_{index}" in plan
        assert "city_key" in plan


def test_recipients_are_looked_up_by_their_names(crowd):
    [plan] = plans(lambda: members_named(["Crowd1", "crowd2", "nobody"]))
    assert "hospitality_username" in plan
    assert "Seq Scan" not in plan
