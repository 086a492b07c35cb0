"""A receiver that means harm: it learns nothing, leads nowhere, and costs little time and memory."""

from __future__ import annotations

import gzip
import ipaddress
import socket
import ssl
import threading
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.webhooks.conftest import again, post
from tests.webhooks.receiver import Receiver, drip, reply
from webhooks import addresses, operations
from webhooks.models import Event
from webhooks.posting import sessions


@pytest.fixture
def short_turns(monkeypatch):
    """A turn of two seconds instead of twelve."""
    monkeypatch.setattr(sessions, "TURN", 2.0)


def the_answer() -> str:
    return Event.objects.get().answer


def measured() -> tuple[float, int]:
    """Post what waits; the seconds and the most bytes it took."""
    tracemalloc.start()
    begun = time.monotonic()
    post()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return time.monotonic() - begun, peak


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(endpoint, wait_for, receiver, status):
    inner = Receiver()
    receiver.answer = lambda said, connection: reply(status, f"Location: {inner.url}")
    wait_for()
    assert post().failed == 1
    assert inner.connections == 0
    inner.close()
    assert the_answer().startswith(str(status))


def test_a_redirect_to_the_clouds_own_address_is_only_a_failure(endpoint, wait_for, receiver, monkeypatch):
    dialled = []
    dial = socket.create_connection
    monkeypatch.setattr(
        sessions.socket, "create_connection", lambda to, **options: dialled.append(to) or dial(to, **options)
    )
    where = "Location: http://169.254.169.254/latest/meta-data/iam/"
    receiver.answer = lambda said, connection: reply(302, where)
    wait_for()
    post()
    assert {to[0] for to in dialled} == {"127.0.0.1"}


def names_answer(monkeypatch, *answers: str) -> list[str]:
    """Each look-up of a name gives the next of these addresses; the hosts that were asked for."""
    asked, left, really = [], list(answers), socket.getaddrinfo

    def getaddrinfo(host, port, *args, **options):
        if host in answers:
            return really(host, port, *args, **options)
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (left.pop(0), port))]

    monkeypatch.setattr(addresses.socket, "getaddrinfo", getaddrinfo)
    return asked


def test_a_name_that_changes_its_mind_gains_nothing(db, settings, monkeypatch, wait_for, endpoint, receiver):
    """DNS rebinding: the address that was judged is the one that is dialled; there is no second look."""
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    asked = names_answer(monkeypatch, "93.184.216.34", "127.0.0.1")
    dialled = []

    def create_connection(to, **options):
        dialled.append(to)
        raise ConnectionRefusedError

    monkeypatch.setattr(sessions.socket, "create_connection", create_connection)
    operations.change(endpoint_id=endpoint.pk, url=f"http://rebinding.example:{receiver.port}/")
    wait_for()
    post()
    assert asked == ["rebinding.example"]
    assert dialled == [("93.184.216.34", receiver.port)]
    assert receiver.connections == 0


def test_a_name_that_turns_inward_later_is_refused_then(settings, monkeypatch, wait_for, endpoint, receiver):
    settings.WEBHOOK_ALLOWED_NETWORKS = []
    names_answer(monkeypatch, "127.0.0.1")
    operations.change(endpoint_id=endpoint.pk, url=f"http://rebinding.example:{receiver.port}/")
    wait_for()
    assert post().failed == 1
    assert receiver.connections == 0
    assert the_answer() == "The host is not on the public internet."


def test_the_settings_are_asked_again_at_each_post(settings, wait_for, endpoint, receiver):
    settings.WEBHOOK_ALLOW_HTTP = False
    wait_for()
    assert post().failed == 1
    assert receiver.connections == 0


# --- Time ---------------------------------------------------------------------------


@pytest.mark.usefixtures("short_turns")
class TestTime:
    def test_silence(self, endpoint, wait_for, receiver):
        receiver.answer = lambda said, connection: time.sleep(30)
        wait_for()
        seconds, _ = measured()
        assert seconds < 10
        assert the_answer() == "no answer in time"

    def test_a_header_that_never_ends(self, endpoint, wait_for, receiver):
        receiver.answer = lambda said, connection: drip(connection, b"HTTP/1.1 200 OK\r\nX-Slow: ")
        wait_for()
        seconds, _ = measured()
        assert seconds < 10
        assert the_answer() == "no answer in time"

    def test_a_body_that_never_ends_was_taken_all_the_same(self, endpoint, wait_for, receiver):
        beginning = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"
        receiver.answer = lambda said, connection: drip(connection, beginning)
        wait_for()
        seconds, _ = measured()
        assert seconds < 10
        assert Event.objects.get().state == "taken"

    def test_promises_to_answer_soon(self, endpoint, wait_for, receiver):
        def go_on(said, connection):
            end = time.monotonic() + 30
            while time.monotonic() < end:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
                time.sleep(0.1)

        receiver.answer = go_on
        wait_for()
        seconds, _ = measured()
        assert seconds < 10
        assert Event.objects.get().state == "waiting"

    def test_a_handshake_that_never_ends(self, db, near, wait_for, endpoint):
        def dripping(connection):
            drip(connection, b"\x16\x03\x03")
            raise OSError

        slow = Receiver(wrap=dripping)
        operations.change(endpoint_id=endpoint.pk, url=slow.url)
        wait_for()
        seconds, _ = measured()
        slow.close()
        assert seconds < 10
        assert Event.objects.get().state == "waiting"

    def test_the_other_events_wait_for_their_schedule(self, endpoint, wait_for, receiver):
        receiver.answer = lambda said, connection: time.sleep(30)
        first, second = wait_for(), wait_for()
        post()
        assert (again(first).attempts, again(second).attempts) == (1, 0)
        assert len(receiver.posts) == 1


def test_a_name_that_is_looked_up_for_ever(endpoint, wait_for, monkeypatch):
    from webhooks.posting import turns

    monkeypatch.setattr(turns, "OVERDUE", 1.0)
    found, still_looking = threading.Event(), []

    def look_up(*args, **options):
        still_looking.append(True)
        found.wait(60)
        still_looking.clear()
        return []

    monkeypatch.setattr(addresses.socket, "getaddrinfo", look_up)
    wait_for()
    assert post().failed == 1
    assert still_looking, "it was waited for"
    found.set()
    assert the_answer() == "no answer in time"


# --- Size ---------------------------------------------------------------------------


def test_five_gigabytes_are_not_read(endpoint, wait_for, receiver):
    written = 0

    def pour(said, connection):
        nonlocal written
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5000000000\r\n\r\n")
        while written < 5_000_000_000:
            written += connection.send(b"x" * 65536)

    receiver.answer = pour
    wait_for()
    seconds, peak = measured()
    assert peak < 2_000_000
    assert seconds < 10
    assert written < 50_000_000  # what fits into the buffers of the two sockets
    assert Event.objects.get().state == "taken"


def test_chunks_without_end_are_not_read(endpoint, wait_for, receiver):
    def pour(said, connection):
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall(b"4000\r\n" + b"x" * 0x4000 + b"\r\n")

    receiver.answer = pour
    wait_for(), wait_for()
    _, peak = measured()
    assert peak < 2_000_000
    assert Event.objects.filter(state="taken").count() == 2


def test_a_gzip_bomb_is_never_unpacked(endpoint, wait_for, receiver):
    bomb = gzip.compress(b"0" * 200_000_000)
    receiver.answer = lambda said, connection: reply(200, "Content-Encoding: gzip", body=bomb)
    wait_for()
    _, peak = measured()
    assert peak < 2_000_000
    assert receiver.posts[0].headers["accept-encoding"] == "identity"
    assert Event.objects.get().state == "taken"


@pytest.mark.parametrize(
    "said",
    [
        b"\xff\xfe\x00\x00" * 100,
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: 1\r\n" * 5000 + b"\r\n",
        b"",
    ],
    ids=["garbage", "no status", "five digits", "long reason", "long header", "many headers", "nothing"],
)
def test_nonsense_is_a_failure_and_no_more(endpoint, wait_for, receiver, said):
    receiver.answer = lambda post, connection: connection.sendall(said)
    wait_for()
    assert post().failed == 1
    assert the_answer().startswith("no answer")


def test_a_body_that_is_nonsense_is_none_of_our_business(endpoint, wait_for, receiver):
    chunked = b"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n"
    receiver.answer = lambda post, connection: connection.sendall(chunked)
    wait_for()
    assert post().taken == 1


def test_nothing_of_what_it_says_is_kept(endpoint, wait_for, receiver):
    receiver.answer = lambda post, connection: (
        b"HTTP/1.1 500 <script>alert(1)</script>\r\nContent-Length: 6\r\n\r\nsecret"
    )
    wait_for()
    post()
    assert the_answer() == "500 Internal Server Error"


# --- TLS ----------------------------------------------------------------------------


def certificate(tmp_path, *names: x509.GeneralName) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server with a certificate of these names presents, and what trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "test")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(secret + pem)
    presents = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    presents.load_cert_chain(tmp_path / "both.pem")
    return presents, ssl.create_default_context(cadata=pem.decode())


def test_the_certificate_must_be_of_the_name_though_the_address_is_pinned(
    endpoint, wait_for, tmp_path, monkeypatch
):
    presents, trusts = certificate(tmp_path, x509.DNSName("hooks.example"))
    secure = Receiver(wrap=lambda connection: presents.wrap_socket(connection, server_side=True))
    names_answer(monkeypatch, "127.0.0.1", "127.0.0.1", "127.0.0.1")
    operations.change(endpoint_id=endpoint.pk, url=f"https://hooks.example:{secure.port}/in")
    event = wait_for()
    assert post(context=trusts).taken == 1
    assert secure.posts[0].headers["host"] == f"hooks.example:{secure.port}"

    operations.change(endpoint_id=endpoint.pk, url=f"https://other.example:{secure.port}/in")
    wait_for()
    assert post(context=trusts).failed == 1
    assert again(event).state == "taken"
    assert "certificate refused" in again(endpoint).last_answer
    assert post(timedelta(hours=1)).failed == 1  # nor one that nobody we trust has signed
    secure.close()
    assert len(secure.posts) == 1


def test_the_name_of_an_address_is_the_address(endpoint, wait_for, tmp_path):
    presents, trusts = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    secure = Receiver(wrap=lambda connection: presents.wrap_socket(connection, server_side=True))
    operations.change(endpoint_id=endpoint.pk, url=secure.url)
    wait_for(), wait_for()
    assert post(context=trusts).taken == 2
    secure.close()
