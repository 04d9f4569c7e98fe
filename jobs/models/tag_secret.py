"""The secret behind tags that AWS keeps and that reveal nothing to whoever reads them there.

It is a row of the database, so that it comes back with a restored backup. SECRET_KEY is rotated, and what was tagged
before would then not be known again.
"""

import hashlib
import hmac
import secrets

from django.db import models

LENGTH = 32


class TagSecret(models.Model):
    """The one row with the secret. A migration makes it, so that every backup has it."""

    value = models.CharField(max_length=64)


def tag_digest(kind: str, team: int, text: str) -> str:
    """What stands for a team's text in a tag: 32 hexadecimal digits of its HMAC-SHA256, others for each kind."""
    message = f"{kind}\0{team}\0".encode() + text.encode()
    return hmac.new(_secret(), message, hashlib.sha256).hexdigest()[:LENGTH]


def _secret() -> bytes:
    value = TagSecret.objects.values_list("value", flat=True).first()
    if value is None:
        value = TagSecret.objects.get_or_create(pk=1, defaults={"value": secrets.token_hex(32)})[0].value
    return value.encode()
