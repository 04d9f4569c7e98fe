"""The scripts as they are served: with this portal's address, and with nothing that a shell would take amiss."""

import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
from django.test import Client, RequestFactory
from pytest_django import Settings

from jobs.web import cli_scripts

SCRIPTS = ("create-job-definition.sh", "submit-job.sh")


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_is_served_to_everyone_with_the_portals_address(client: Client, name: str):
    answer = client.get(f"/cli/{name}")
    text = answer.content.decode()

    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/x-shellscript; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert text.startswith("#!/bin/sh\n")
    assert "PORTAL=${BATCH_PORTAL_URL:-http://testserver}" in text
    assert "@PORTAL@" not in text


@pytest.mark.parametrize("name", SCRIPTS)
@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_each_shell_can_read_the_scripts(client: Client, tmp_path: Path, name: str, shell: str):
    path = shutil.which(shell)
    if path is None:
        pytest.skip(f"{shell} is not installed")
    script = tmp_path / name
    script.write_bytes(client.get(f"/cli/{name}").content)

    checked = subprocess.run([path, "-n", str(script)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("name", ["common.sh", "../common.sh", "submit-job", "%2e%2e/urls.py"])
def test_nothing_else_is_served(client: Client, db: None, name: str):
    assert client.get(f"/cli/{name}").status_code == 404


@pytest.mark.parametrize("host", ["evil'$(reboot)'", "a;b", "a b", "a\nb", "evil.example", "`x`"])
def test_a_host_that_is_not_the_portals_gets_no_script(client: Client, db: None, host: str):
    assert client.get("/cli/submit-job.sh", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize("host", ["batch.example.org", "batch.example.org:8443", "[::1]:8000", "127.0.0.1:8000"])
def test_every_address_that_a_portal_may_have_means_itself_to_a_shell(settings: Settings, host: str):
    settings.ALLOWED_HOSTS = ["*"]
    request = RequestFactory().get("/cli/submit-job.sh", headers={"Host": host})
    text = cli_scripts.script(request, "submit-job.sh").content.decode()
    (line,) = [line for line in text.splitlines() if line.startswith("PORTAL=${BATCH")]

    told = line.removeprefix("PORTAL=${BATCH_PORTAL_URL:-").removesuffix("}")
    assert shlex.split(told) == [f"http://{host}"]
    shell = subprocess.run(["sh", "-c", f'{line}; printf %s "$PORTAL"'], capture_output=True, text=True, check=True)
    assert shell.stdout == f"http://{host}"


def test_the_page_has_commands_to_copy_and_needs_no_one_to_sign_in(client: Client, db: None):
    page = client.get("/cli/").content.decode()

    for name in SCRIPTS:
        assert f"curl -fsSO http://testserver/cli/{name} &amp;&amp; chmod +x {name}" in page
    assert "./submit-job.sh workflow-jobs.json --monitor --output job-ids.txt" in page
