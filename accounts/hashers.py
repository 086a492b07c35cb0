"""Passwords as Apache's ``htpasswd`` keeps them, so that accounts can be brought over without new ones.

Each stored value is a hasher's name, ``$`` and the hash as it stood in the
file. None is made anew: Django hashes the password its own way as soon as it
has been verified once.
"""

from __future__ import annotations

import re
from typing import Any

import bcrypt
from django.contrib.auth.hashers import BasePasswordHasher, mask_hash
from passlib.hash import apr_md5_crypt, des_crypt, ldap_sha1, md5_crypt, sha256_crypt, sha512_crypt

#: bcrypt goes by so many bytes; htpasswd cuts the rest off.
_BCRYPT_BYTES = 72


class _Htpasswd(BasePasswordHasher):
    """Verifies; never makes."""

    pattern: re.Pattern[str]

    def verify_hash(self, password: str, hashed: str) -> bool:
        raise NotImplementedError

    def encode(self, password: str, salt: str) -> str:
        raise NotImplementedError("passwords are only brought over in this form")

    def decode(self, encoded: str) -> dict[str, Any]:
        algorithm, _, hashed = encoded.partition("$")
        return {"algorithm": algorithm, "hash": hashed}

    def verify(self, password: str, encoded: str) -> bool:
        try:
            return self.verify_hash(password, self.decode(encoded)["hash"])
        except (ValueError, TypeError):
            # A NUL in the password, or a hash that somebody damaged.
            return False

    def safe_summary(self, encoded: str) -> dict[Any, Any]:
        return {"algorithm": self.algorithm, "hash": mask_hash(self.decode(encoded)["hash"])}

    def must_update(self, encoded: str) -> bool:
        return True

    def harden_runtime(self, password: str, encoded: str) -> None:
        """Nothing to even out: after the first log-in there is no such hash any more."""


class HtpasswdApr1(_Htpasswd):
    """Apache's own variant of MD5 crypt, which ``htpasswd -m`` writes."""

    algorithm = "htpasswd_apr1"
    pattern = re.compile(r"\$apr1\$[./0-9A-Za-z]{0,8}\$[./0-9A-Za-z]{22}")

    def verify_hash(self, password: str, hashed: str) -> bool:
        return bool(apr_md5_crypt.verify(password, hashed))


class HtpasswdBcrypt(_Htpasswd):
    """``htpasswd -B``."""

    algorithm = "htpasswd_bcrypt"
    #: A cost above 15 would take seconds for each try.
    pattern = re.compile(r"\$2[aby]\$(?:0[4-9]|1[0-5])\$[./0-9A-Za-z]{53}")

    def verify_hash(self, password: str, hashed: str) -> bool:
        return bcrypt.checkpw(password.encode()[:_BCRYPT_BYTES], hashed.encode("ascii"))


class HtpasswdSha1(_Htpasswd):
    """``htpasswd -s``: SHA-1 without salt."""

    algorithm = "htpasswd_sha1"
    pattern = re.compile(r"\{SHA\}[+/0-9A-Za-z]{27}=")

    def verify_hash(self, password: str, hashed: str) -> bool:
        return bool(ldap_sha1.verify(password, hashed))


_CRYPTS: dict[str, Any] = {"$1$": md5_crypt, "$5$": sha256_crypt, "$6$": sha512_crypt}


class HtpasswdCrypt(_Htpasswd):
    """crypt(3): the old DES one of ``htpasswd -d``, and its successors that Apache understands too."""

    algorithm = "htpasswd_crypt"
    pattern = re.compile(
        r"[./0-9A-Za-z]{13}|\$1\$[./0-9A-Za-z]{0,8}\$[./0-9A-Za-z]{22}"
        r"|\$5\$(?:rounds=[0-9]{4,6}\$)?[./0-9A-Za-z]{0,16}\$[./0-9A-Za-z]{43}"
        r"|\$6\$(?:rounds=[0-9]{4,6}\$)?[./0-9A-Za-z]{0,16}\$[./0-9A-Za-z]{86}"
    )

    def verify_hash(self, password: str, hashed: str) -> bool:
        return bool(_CRYPTS.get(hashed[:3], des_crypt).verify(password, hashed))


_ALL: tuple[type[_Htpasswd], ...] = (HtpasswdApr1, HtpasswdBcrypt, HtpasswdSha1, HtpasswdCrypt)


def from_htpasswd(hashed: str) -> str | None:
    """The password column's value for a hash of an htpasswd file; None for a kind that is not known."""
    known = (hasher.algorithm for hasher in _ALL if hasher.pattern.fullmatch(hashed))
    return next((f"{algorithm}${hashed}" for algorithm in known), None)
