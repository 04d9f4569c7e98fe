"""The secret of tags in AWS, in the database for restored backups."""

import hashlib
import hmac
import secrets

from django.db import models

LENGTH = 32


class TagSecret(models.Model):
    value = models.CharField(max_length=64)


def tag_digest(kind: str, team: int, text: str) -> str:
    """Return 32 hexadecimal digits of HMAC-SHA256, different for each kind and team."""
    return tag_digests(team, (kind, text))[0]


def tag_digests(team: int, *texts: tuple[str, str]) -> list[str]:
    secret = _secret()
    messages = (f"{kind}\0{team}\0".encode() + text.encode() for kind, text in texts)
    return [hmac.new(secret, message, hashlib.sha256).hexdigest()[:LENGTH] for message in messages]


def _secret() -> bytes:
    value = TagSecret.objects.values_list("value", flat=True).first()
    if value is None:
        value = TagSecret.objects.get_or_create(pk=1, defaults={"value": secrets.token_hex(32)})[0].value
    return value.encode()
