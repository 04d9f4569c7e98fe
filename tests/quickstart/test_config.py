from pathlib import Path

import pytest

from portal.quickstart import config as plans
from portal.quickstart.config import QuickstartConfig, find_redis_server, process_environment, read_config
from portal.quickstart.errors import StartupError

PORTS = {"redis": 7001, "sandbox": 7002}
KEYS = {"AWS_ACCESS_KEY_ID": "AKIAREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "production"}


def config_of(given: dict[str, str]) -> QuickstartConfig:
    return read_config("8000", "/tmp/state", given).with_ports(PORTS)


def test_by_default_everything_is_its_own() -> None:
    plan = config_of({})

    assert (plan.aws, plan.endpoint, plan.redis_url) == (
        "sandbox",
        "http://127.0.0.1:7002",
        "redis://127.0.0.1:7001/0",
    )
    assert plan.own_redis


def test_a_given_redis_is_used() -> None:
    plan = config_of({"REDIS_URL": "redis://10.0.0.5:6379/2"})

    assert (plan.own_redis, plan.redis_url) == (False, "redis://10.0.0.5:6379/2")


def test_a_given_endpoint_is_the_demos_account() -> None:
    plan = config_of({"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_REGION": "eu-west-1"})

    assert (plan.aws, plan.endpoint, plan.region, plan.own_sandbox) == (
        "endpoint",
        "http://127.0.0.1:4566",
        "eu-west-1",
        False,
    )


@pytest.mark.parametrize("given", [{}, {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}])
def test_with_sandbox_off_nothing_is_touched_in_aws(given: dict[str, str]) -> None:
    plan = config_of({"SANDBOX": "off", **given})

    assert (plan.aws, plan.endpoint) == ("none", "")


def test_in_sandbox_mode_no_real_credential_reaches_a_process() -> None:
    given = {**KEYS, "AWS_SESSION_TOKEN": "t", "AWS_WEB_IDENTITY_TOKEN_FILE": "/t", "BOTO_CONFIG": "/etc/boto.cfg"}
    environment = process_environment(config_of(given), given)

    assert not {"AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_WEB_IDENTITY_TOKEN_FILE", "BOTO_CONFIG"} & set(environment)
    assert not {"AKIAREAL", "real", "production"} & set(environment.values())
    assert environment["AWS_EC2_METADATA_DISABLED"] == "true"
    assert environment["AWS_CONFIG_FILE"] == environment["AWS_SHARED_CREDENTIALS_FILE"] == "/dev/null"


def test_with_an_endpoint_of_ones_own_ones_own_credentials_are_used() -> None:
    given = {**KEYS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    assert process_environment(config_of(given), given).items() >= KEYS.items()


def test_settings_of_another_portal_are_not_taken_over() -> None:
    given = {"DATABASE_URL": "postgres://db/production", "SECRET_KEY": "k", "ALLOWED_HOSTS": "*", "PORTAL_MODE": "x"}
    environment = process_environment(config_of(given), given)

    assert "DATABASE_URL" not in environment
    assert "SECRET_KEY" not in environment
    assert (environment["PORTAL_MODE"], environment["ALLOWED_HOSTS"]) == ("quickstart", "127.0.0.1,localhost")


def test_a_proxy_is_not_asked_for_this_machine() -> None:
    given = {"HTTP_PROXY": "http://proxy:3128", "NO_PROXY": "intern"}

    assert process_environment(config_of(given), given)["NO_PROXY"] == "intern,127.0.0.1,localhost"


@pytest.mark.parametrize("port", ["", "0", "65536", "-1", "eighty", "８０００"])
def test_a_port_that_is_none_is_one_sentence(port: str) -> None:
    with pytest.raises(StartupError, match=f"^PORT={port} is invalid. Use a number from 1 to 65535.$"):
        read_config(port, ".portal", {})


def test_a_missing_redis_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "_runs", lambda _: False)

    with pytest.raises(StartupError, match=r"^No Redis-compatible server found\. Install valkey or redis, or"):
        find_redis_server()


def test_a_redis_on_the_path_goes_before_the_bundled_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = tmp_path / "redis-server"
    server.write_text("#!/bin/sh\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_redis_server() == str(server)


def test_a_redis_on_the_path_that_does_not_run_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = tmp_path / "valkey-server"
    server.write_text("#!/bin/sh\nexit 127\n")
    server.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert find_redis_server() != str(server)


def test_a_sandbox_that_is_neither_on_nor_off_is_one_sentence() -> None:
    with pytest.raises(StartupError, match=r"^SANDBOX=of is invalid\. Use on or off, or leave it out to use on\.$"):
        config_of({"SANDBOX": "of"})
    assert config_of({"SANDBOX": "ON"}).own_sandbox


def test_the_demos_history_comes_with_the_sandbox_unless_it_is_turned_off() -> None:
    assert config_of({}).demo_history
    assert not config_of({"DEMO": "off"}).demo_history
    assert not config_of({"SANDBOX": "off"}).demo_history
    assert not config_of({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}).demo_history
    with pytest.raises(StartupError, match=r"^DEMO=of is invalid\. Use on or off, or leave it out to use on\.$"):
        config_of({"DEMO": "of"})
