"""Writer of docs/access.md from the permission table: `--check` only compares."""

import os
import sys
from pathlib import Path

import django

PAGE = Path(__file__).resolve().parent.parent / "docs" / "access.md"

HEAD = """\
# Permissions

What you can do in a team depends on your role in it. Other teams' pages answer 404, as if they did not exist. An
action that your role doesn't allow answers 403 and says why.
"""
TAIL = """\
- An administrator (Django staff) can view every team, its costs and its health, use Django's admin and approve
  submissions of any team. Everything else in a team needs membership. Outside of the quick start administrators need
  a second factor, which they set up with a code from `manage.py second_factor_code`. A setting requires one of
  leads too.
- After an administrator sets a password, its user must choose a new one before they can open any page.
- Only superusers decide who is staff and what staff can do (superuser, groups, permissions), and change an
  administrator's account: name, address, password, second factor, memberships and API tokens. Other staff can change
  what their permissions name in Django's admin, and view what they can view. `tests/admin/privileges.txt` has a row
  for each field, tested with forged POST requests.
- You can't approve a submission that you made, on a page or by token, nor one that needs another approver because of
  your edit (more cost, time, attempts, resources or runs, or another queue, image, role or feature), even if the edit
  was undone or changed by another lead since.
- A submission above a threshold of its team waits for approval. Thresholds apply to the maximum cost and vCPU-hours,
  not to the typical run time: time limit × attempts × runs, each run's full size, at today's rates. Without a time
  limit, a size or a rate the maximum is unknown and needs approval. Each threshold (USD, vCPU-hours, GPUs, array
  child jobs) also applies per person and UTC day, together with the person's other jobs in the team: jobs that have
  not ended at their maximum, jobs that ended today at their cost; GPUs only until a job has ended. Submissions that
  went through an approval don't count; steps that ran again later do, unless they were approved too. Pages, the
  API, reruns, arrays, workflows and edits are treated alike. The sum is computed under the team's lock, so that
  concurrent submissions can't pass together.
- A budget of a team, or of a tag value in it, warns, asks for approval or refuses submissions above percentages of
  its amount. It counts the cost of attempts that ended in the month or quarter, the maximum of each job that is
  active or not charged yet, and the maximum of the submission; for a tag, only of jobs that have it. It is computed
  under the team's lock like quotas, for pages, the API, reruns and approvals alike: an approval can't pass a budget
  that stops. Where a budget stops, a submission whose maximum is unknown is refused.
- If administrators set *leads manage members* on a team, its leads can add existing users as viewers or analysts,
  change between these two roles, and remove such members, on the page *Team*. Leads and administrators of a team are
  changed in Django's admin only, and leads can't change themselves.
- A token has its owner's current permissions, in the one team it was created for. A read-only token can only read.
- Members create personal tokens for themselves and revoke them; their team's leads and administrators see and revoke
  them too. They expire within a limit that administrators set for each team (90 days by default). With 0, none
  can be created in that team and existing ones are rejected. A person's personal tokens share that
  person's rate limits.
- An inactive team is read-only, and its tokens are rejected.
- A changed role, a removed membership, a deactivated account and a revoked token take effect with the next request,
  for sessions and tokens alike. A new password ends the person's other sessions and revokes their tokens.
- A session expires 12 hours after its last use (a setting); pages that refresh by themselves don't extend it. You see
  only your own sessions, and can sign out of each. Setting up or removing a second factor, or creating new recovery
  codes, ends your other sessions.
- `propagateTags` false keeps a job's tags, and with them its team, off AWS's bill. A definition or submission with it
  needs the team permission *Costs without tags on the bill* (in the admin; off by default). A submission that sets
  `propagateTags` to true doesn't need it, even if its definition has false.
- Values that look secret, by name or by form, are masked on every page, in forms, files, the API, the audit log and
  the logs. *Show values* on a job, a submission or a revision shows them once to analysts and leads of its team, and
  is recorded in the audit log. Administrators can't show them.
- Running a job again, revising a definition or changing an approval request shows no masked values: a value that is
  still masked in the form is restored on submit, if you have the permission to show it. A mask without a value behind
  it is rejected. What you type yourself stays visible to you, in your own form and drafts.

`make rules` writes this page from `jobs/access.py`; the portal shows the same table on its permissions page.
`tests/matrix/expected.txt` has the answer of every URL to every role, and is tested.
"""


def page() -> str:
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
            sys.stderr.write("docs/access.md is out of date. Update it with `python -m scripts.write_access_doc`.\n")
        return 0 if current else 1
    PAGE.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
