"""Writer of docs/access.md from the permission table: `--check` only compares."""

import os
import sys
from pathlib import Path

import django

PAGE = Path(__file__).resolve().parent.parent / "docs" / "access.md"

HEAD = """\
# Who may do what

In a team, by the role one has there. What another team has does not exist for anyone else: its pages answer 404, as
they would if there were no such thing. What someone sees and may not do is refused with 403 and a sentence on why.
"""
TAIL = """\
- An administrator (Django staff) sees every team, its costs and its health, works in Django's admin, approves what
  waits for approval in any team, and otherwise acts in a team only as a member of it. Outside of the quick start,
  only with a second factor, which they set up with a code from the portal's command line. A setting demands one of
  leads too.
- Whoever has a password that an administrator set sees no page before they have chosen their own.
- Only a superuser says who is staff and what staff may do (superuser, groups, permissions), and changes the account
  of an administrator: name, address, password, second factor, memberships and API tokens. Other staff change in
  Django's admin what their permissions name, and only look at what they may view. `tests/admin/privileges.txt` has
  a row for each field, tested with forged posts.
- Nobody approves what they asked for, by page or by token, nor what they made larger, even if it is smaller again or
  another lead changed it since.
- A submission above a threshold of its team waits for approval. What is compared is the worst case, never what jobs
  usually take: time limit × attempts × runs, each run's size in full, at today's rates. Without a time limit, a size
  or a rate it is unknown, and unknown needs approval. Each threshold (USD, vCPU-hours, GPUs, array jobs) also counts
  per person and day of UTC, together with the person's other jobs in the team: those that have not ended at their
  worst case, those that ended today at what they cost; GPUs only until a job has ended. Submissions that went through
  an approval do not count. Whether it is a page, the API, a rerun, an array, a workflow or an edit makes no
  difference; the sum is taken under the lock of the team, so that many at once do not pass together.
- A token may what the person who made it may at that moment, in the one team it was made for. One that may only
  read, nothing but look.
- In a team that is switched off everyone looks and nobody acts, and its tokens are refused.
- A new role, a lost membership, a switched-off account and a revoked token count from the next request, for sessions
  and tokens alike. A new password ends the person's other sessions, and the tokens that the person made.
- A session ends 12 hours after its last use (a setting); a page that looks again by itself does not use it. Everyone
  sees their own sessions and no others, and signs out of each. A second factor that is set up, taken away or given
  new recovery codes ends the person's other sessions.
- `propagateTags` false keeps a job's tags, and with them its team, off AWS's bill. A team needs the permission *Costs
  without tags on the bill* for it (in the admin; not given at first), in a definition as in a submission. A
  submission that says true over a definition's false needs none.
- Values that look secret, by their name or by their form, are masked on every page, in forms, files, the API, the
  audit and the log. *Show values* on a job, a submission or a revision shows them to analysts and leads of its team,
  once, and is recorded in the audit. An administrator is shown none.
- Running a job again, revising a definition or changing a request shows no value: what is still masked in the form
  gets its value back when it is sent, if one may show it. A mask that has no value behind it is refused. What people
  type themselves stays visible to them, in their own form and their own drafts.

This page is written by `python -m scripts.write_access_doc` from `jobs/access.py`; the same table stands in the
portal, under *Who may do what*. What every address answers to whom is in `tests/matrix/expected.txt`, and is tested.
"""


def page() -> str:
    """Return the expected text of the page."""
    from jobs import access  # noqa: PLC0415 - models can be read only once Django is set up

    lines = [
        f"| to | {' | '.join(actor.lower() for actor in access.ACTORS)} |",
        "|---" * (len(access.ACTORS) + 1) + "|",
    ]
    for rule in access.permission_rules():
        cells = " | ".join("yes" if allowed else "–" for allowed in rule.allowed)
        lines.append(f"| {rule.label} | {cells} |")
    return "\n".join([HEAD, *lines, "", TAIL])


def main(arguments: list[str]) -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    django.setup()
    if arguments == ["--check"]:
        current = PAGE.exists() and PAGE.read_text() == page()
        if not current:
            sys.stderr.write(
                "docs/access.md is not what the table says; `python -m scripts.write_access_doc` writes it anew.\n"
            )
        return 0 if current else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
