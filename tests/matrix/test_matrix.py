"""Every route, by every method, for everyone: the answers are those of `expected.txt`, and each is well dressed."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.urls import reverse

from tests.examples import QUICK
from tests.matrix import table
from tests.matrix.bodies import request_body
from tests.matrix.dress import missing_parts
from tests.matrix.routes import Route, all_routes
from tests.matrix.world import IDENTITIES, SESSIONS, World

METHODS = ("GET", "POST") if QUICK else ("GET", "POST", "PUT")
SOME = ("anonymous", "lead", "admin", "token-submit")
"""Who tries a method that nobody has: that is refused before anyone is asked who they are."""
EVERYONE = ("anonymous", "other-lead", "analyst", "token-submit") if QUICK else IDENTITIES
EXPECTED = table.read()
ROUTES = all_routes()
LEADS_OUT = ("sign_in", "account_login", "sign_out", "admin:login", "admin:logout")


def expected(route: Route, method: str) -> table.Row:
    """What the file says; of a method that it does not name, that there is none."""
    any_other = EXPECTED.get((route.name, "*"), table.REFUSED)
    return EXPECTED.get((route.name, method), any_other)


def responses_of(world: World, route: Route, method: str, people: Iterable[str] = EVERYONE) -> dict[str, Any]:
    address = route.address(world.ids)
    body = request_body(route.name, world) if method != "GET" else None
    return {who: world.ask(who, method, address, body) for who in (SOME if method == "PUT" else people)}


@pytest.mark.long
@pytest.mark.parametrize("route", ROUTES, ids=str)
def test_everyone_is_answered_as_the_table_says(world: World, route: Route):
    assert any(name == route.name for name, _ in EXPECTED), no_row(world, route)
    for method in METHODS:
        if method == "PUT" and route.area == "admin":
            continue  # Django's admin takes any method but POST for GET
        told = responses_of(world, route, method)
        statuses = {who: answer.status_code for who, answer in told.items()}
        assert statuses == {who: expected(route, method)[who] for who in told}, (
            f"{method} {route.name} does not answer as tests/matrix/expected.txt says. It answers:\n"
            f"{table.format_row(route.name, method, statuses)}"
        )
        for who, answer in told.items():
            assert not missing_parts(answer), f"{method} {route.name} for {who}"
            assert is_redirected_rightly(route, who, answer), (
                f"{method} {route.name} sends {who} to {answer['Location']}"
            )


def is_redirected_rightly(route: Route, who: str, answer: Any) -> bool:
    """302 is two things: sent to sign in, for whoever is not known there, and sent on, for whoever is."""
    if answer.status_code != 302 or route.name in LEADS_OUT:
        return True
    known = who == "admin" if route.area == "admin" else who in SESSIONS[2:]
    door = reverse("admin:login" if route.area == "admin" else "sign_in")
    return known != str(answer["Location"]).startswith(door)


def no_row(world: World, route: Route) -> str:
    rows = []
    for method in METHODS[:2]:
        row = {who: answer.status_code for who, answer in responses_of(world, route, method, IDENTITIES).items()}
        if row != table.REFUSED:
            rows.append(table.format_row(route.name, method, row))
    return (
        f"The route {route.name} has no row in tests/matrix/expected.txt. Add one for each method that it takes, "
        "after thinking about every cell. What it answers now:\n" + "\n".join(rows)
    )


def test_every_row_is_about_a_route():
    routes = {route.name for route in ROUTES}
    stale = sorted({name for name, _ in EXPECTED if name not in routes})

    assert not stale, f"tests/matrix/expected.txt has rows for routes that are no more; take them out: {stale}"


def test_routes_are_told_apart_by_their_names():
    assert len({route.name for route in ROUTES}) == len(ROUTES)


TAKES_POST = [
    route
    for route in ROUTES
    if route.area != "api" and any(name == route.name and method == "POST" for name, method in EXPECTED)
]


@pytest.mark.parametrize("route", TAKES_POST, ids=str)
def test_a_button_of_another_site_does_nothing(world: World, route: Route):
    """No session, however mighty, is used by a form that did not come from a page of ours."""
    address, body = route.address(world.ids), request_body(route.name, world)
    for who in ("admin",) if QUICK else ("anonymous", "lead", "admin"):
        status = world.ask(who, "POST", address, body, csrf=False).status_code
        sent_to_sign_in = route.area == "admin" and who != "admin" and status == 302
        assert status == 403 or sent_to_sign_in, f"{who}: {status}"
