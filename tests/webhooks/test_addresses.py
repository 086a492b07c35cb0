"""Where events are posted, and where never."""

from __future__ import annotations

import ipaddress
import socket

import pytest

from webhooks import addresses
from webhooks.addresses import Forbidden, Target, resolve, target


@pytest.mark.parametrize(
    ("url", "taken_apart"),
    [
        ("https://hooks.example.org", Target(True, "hooks.example.org", 443, "/")),
        (
            "https://a.example:8443/in?key=1&b=%20",
            Target(True, "a.example", 8443, "/in?key=1&b=%20"),
        ),
        ("https://93.184.216.34/x", Target(True, "93.184.216.34", 443, "/x")),
        ("https://[2606:4700::1111]:444/", Target(True, "2606:4700::1111", 444, "/")),
        ("https://localhost.example.org/", Target(True, "localhost.example.org", 443, "/")),
        ("HTTPS://Hooks.Example.org/A", Target(True, "hooks.example.org", 443, "/A")),
    ],
)
def test_a_url_is_taken_apart(url, taken_apart):
    assert target(url) == taken_apart


@pytest.mark.parametrize(
    "url",
    [
        "", "https://", "https:///path", "hooks.example.org", "//hooks.example.org/",
        "http://hooks.example.org/", "ftp://hooks.example.org/", "file:///etc/passwd", "gopher://x/_GET",
        "https://user:secret@hooks.example.org/", "https://hooks.example.org@127.0.0.1/",
        "https://hooks.example.org/#part", "https://hooks.example.org:0/", "https://hooks.example.org:70000/",
        "https://hooks.example.org:port/", "https://hooks.exa mple.org/", "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nX-Evil: 1", "https://hooks.example.org/\x00", "https://b\u00fccher.example/",
        "https://[::1", "https://hooks.example.org/" + "x" * 500, "javascript:alert(1)", "https://-x.example/",
    ],
)  # fmt: skip
def test_what_is_no_url_of_a_receiver(url):
    with pytest.raises(Forbidden):
        target(url)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.1", "169.254.169.254", "[::1]", "[::ffff:10.0.0.1]", "[fd12:3456::1]",
        "2130706433", "0x7f.1", "127.1", "017700000001", "localhost", "LocalHost", "db.localhost",
    ],
)  # fmt: skip
def test_a_url_that_itself_leads_inside_is_refused_at_once(host, settings):
    with pytest.raises(Forbidden, match="public"):
        target(f"https://{host}/")
    settings.WEBHOOK_ALLOWED_NETWORKS = [ipaddress.ip_network(text) for text in ("0.0.0.0/0", "::/0")]
    assert target(f"https://{host}/").port == 443


def test_http_only_where_it_is_allowed(settings):
    settings.WEBHOOK_ALLOW_HTTP = True
    assert target("http://hooks.example.org/").port == 80


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1",
        "169.254.169.254", "100.64.0.1", "192.0.0.8", "192.0.2.1", "198.18.0.1", "198.51.100.1",
        "203.0.113.1", "192.0.0.170",
        "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1",
        "::", "::1", "fe80::1", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "::127.0.0.1",
        "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::7f00:1", "64:ff9b:1::7f00:1",
        "2002:7f00:1::", "2001:0:4136:e378:8000:63bf:3fff:fdd2", "fec0::1",
    ],
)  # fmt: skip
def test_no_address_that_is_not_public(address):
    assert not addresses.is_allowed(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "93.184.216.34"]
)
def test_public_addresses(address):
    assert addresses.is_allowed(ipaddress.ip_address(address))


def test_a_private_network_that_the_settings_name(settings):
    settings.WEBHOOK_ALLOWED_NETWORKS = [
        ipaddress.ip_network("10.1.0.0/16"),
        ipaddress.ip_network("fd00::/8"),
    ]
    allowed = {
        text: addresses.is_allowed(ipaddress.ip_address(text))
        for text in ("10.1.2.3", "10.2.0.1", "fd00::7", "fc00::7", "::ffff:10.1.2.3", "169.254.169.254")
    }
    assert allowed == {
        "10.1.2.3": True, "10.2.0.1": False, "fd00::7": True, "fc00::7": False, "::ffff:10.1.2.3": True,
        "169.254.169.254": False,
    }  # fmt: skip


# --- Names --------------------------------------------------------------------------


def answers(monkeypatch, *found: str) -> None:
    entries = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (text, 443)) for text in found]
    monkeypatch.setattr(addresses.socket, "getaddrinfo", lambda *args, **options: entries)


def test_a_name_is_its_first_address(monkeypatch):
    answers(monkeypatch, "8.8.8.8", "8.8.4.4")
    assert resolve("dns.example", 443) == "8.8.8.8"


@pytest.mark.parametrize("found", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["fe80::1%eth0"], []])
def test_a_name_with_one_address_inside_is_refused_whole(monkeypatch, found):
    answers(monkeypatch, *found)
    with pytest.raises(Forbidden):
        resolve("mixed.example", 443)


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "0177.0.0.1",
        "nothing.invalid",
        "a" * 70 + ".example",
    ],
)
def test_other_spellings_of_this_machine(host):
    with pytest.raises(Forbidden):
        resolve(host, 443)
