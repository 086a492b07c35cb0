"""Where we post to, and where never: no door into our own network for whoever registers a URL.

A name is looked up once, all addresses it has are judged, and the connection
goes to the very address that was judged: a name that answers differently the
second time gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

MOST_URL = 500
_HOST = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?|[0-9A-Fa-f:.]+")
_VISIBLE = re.compile(r"[!-~]+")
#: Of what the world calls global: addresses that stand for others, or lead to a relay.
_NOT_MEANT = [
    ipaddress.ip_network(text)
    for text in ("192.0.0.0/24", "192.88.99.0/24", "2001::/23", "2002::/16", "2001:db8::/32")
]
#: All that is handed out of IPv6 so far; what lies outside is local, or stands for something else.
_UNICAST6 = ipaddress.ip_network("2000::/3")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
_INSIDE = "The host is not on the public internet."


class Forbidden(Exception):
    """We do not post there; the message says why and is fit for whoever registered it."""


@dataclass(frozen=True)
class Target:
    """A URL taken apart."""

    secure: bool
    host: str
    port: int
    path: str


def target(url: str) -> Target:
    """Take a URL apart. Raises Forbidden for one that we never post to, whatever it leads to."""
    if len(url) > MOST_URL or not _VISIBLE.fullmatch(url):
        raise Forbidden("Write a URL of at most 500 visible ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise Forbidden("This is no URL.") from None
    if parts.scheme != "https" and not (parts.scheme == "http" and settings.WEBHOOK_ALLOW_HTTP):
        raise Forbidden("The URL must begin with https://.")
    if "@" in parts.netloc or parts.fragment:
        raise Forbidden("The URL must hold neither a user name nor a fragment.")
    host = parts.hostname or ""
    if not _HOST.fullmatch(host) or port == 0:
        raise Forbidden("The URL names no host.")
    if (address := _literal(host)) is not None and not is_allowed(address):
        raise Forbidden(_INSIDE)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme == "https", host, port or (443 if parts.scheme == "https" else 80), path)


def _literal(host: str) -> Address | None:
    """The address that a host is, also in odd spellings (``0x7f.1``), or always has (``localhost``)."""
    if re.fullmatch(r"(?:.*\.)?localhost", host, re.IGNORECASE):
        return ipaddress.ip_address("127.0.0.1")
    try:
        return ipaddress.ip_address(socket.inet_ntoa(socket.inet_aton(host)))
    except OSError:
        pass
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def resolve(host: str, port: int) -> str:
    """The address to connect to. Raises Forbidden when any of the host's addresses is not a public one."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Forbidden("The host's name is not known.") from None
    addresses = [ipaddress.ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    if not addresses:
        raise Forbidden("The host's name is not known.")
    if not all(is_allowed(address) for address in addresses):
        raise Forbidden(_INSIDE)
    return str(addresses[0])


def is_allowed(address: Address) -> bool:
    """A public address, or one of a network that the settings name."""
    if _within(address, settings.WEBHOOK_ALLOWED_NETWORKS):
        return True
    inner = getattr(address, "ipv4_mapped", None)
    if inner is not None:
        return is_allowed(inner)
    if address.is_multicast or address.is_reserved or not address.is_global:
        return False
    if address.version == 6 and address not in _UNICAST6:
        return False
    return not _within(address, _NOT_MEANT)


def _within(address: Address, networks: Iterable[object]) -> bool:
    # A network of the other family never contains it.
    return any(address in network for network in networks)  # type: ignore[operator]
