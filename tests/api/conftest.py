"""A team with a queue, a definition and tokens, and a program that speaks to the API."""

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.utils.timezone import now

from jobs.access import Member
from jobs.models import Account, ApiToken
from jobs.models.token import digest, new_secret
from tests import make

Committing = Callable[..., AbstractContextManager[object]]
"""pytest-django's: what waits for the commit is done at the end of the block."""


def token(of: Member, **fields: Any) -> str:
    secret = new_secret()
    defaults = {
        "name": "CI",
        "prefix": secret[:12],
        "digest": digest(secret),
        "expires_at": now() + timedelta(days=1),
    }
    ApiToken.objects.create(team=of.team, person=of.user, **{**defaults, **fields})
    return secret


@dataclass
class Program:
    """Speaks to the API with a token, or with none."""

    client: Client
    secret: str = ""

    def ask(self, method: str, path: str, body: object = None, *, accept: str = "*/*", **headers: str) -> Any:
        raw = body if isinstance(body, str | bytes) else json.dumps(body) if body is not None else ""
        given = {"Accept": accept, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.secret:
            given["Authorization"] = f"Bearer {self.secret}"
        return self.client.generic(method, f"/api/v1{path}", raw, "application/json", headers=given)

    def get(self, path: str, **more: str) -> Any:
        return self.ask("GET", path, **more)

    def post(self, path: str, body: object = None, **more: str) -> Any:
        return self.ask("POST", path, body, **more)


@dataclass
class World:
    member: Member
    account: Account
    program: Program


@pytest.fixture
def world(client: Client) -> World:
    """An analyst's token; queue `q` in us-west-2 and the definition `hello`."""
    member = make.member()
    account = make.account()
    make.queue("q", of=account, teams=(member.team,))
    make.revision("hello", of=member.team, where=account)
    return World(member, account, Program(client, token(member)))


@pytest.fixture
def program_of(client: Client) -> Callable[[Member], Program]:
    return lambda member: Program(client, token(member))


def document(name: str = "a-job", **fields: object) -> dict[str, object]:
    return {"jobName": name, "jobQueue": "q", "jobDefinition": "hello", **fields}


def lines(response: HttpResponse) -> list[list[str]]:
    """The rows of a text answer."""
    assert response["Content-Type"] == "text/plain; charset=utf-8"
    return [line.split("\t") for line in response.content.decode().splitlines()]
