"""Mutants that replace a value: rules of the policy, checks of `access`, parts of the thresholds, and others."""

import pydoc
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from importlib import import_module
from typing import Any

PURE = tuple(f"tests/policy/test_{each}.py" for each in ("rules", "tags", "quotas", "approval", "sizes"))
SIZES = ("tests/spec/test_job_size.py", "tests/policy/test_sizes.py")
ACCESS = ("tests/test_access.py", "tests/actions/test_validate.py")
RAISED = ("tests/actions/test_approval.py",)
ESTIMATE = ("tests/pricing/test_estimate.py",)
THRESHOLDS = ("tests/actions/test_thresholds.py",)
REDACTION = ("tests/spec/test_redaction.py",)
VISIBLE = ("Team", "Job", "Submission", "Approval", "Definition", "Revision", "Queue")

PRIVILEGES = ("tests/admin/test_privileges.py",)
SESSIONS = ("tests/web/test_sessions.py",)
FIRST_SIGN_IN = ("tests/web/test_first_sign_in.py",)
SIGN_IN: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    (
        "jobs.admin.users.may_change_account jobs.admin.tokens.may_change_account",
        lambda *_: True,
        PRIVILEGES,
    ),
    ("jobs.admin.users.PRIVILEGE_FIELDS", (), PRIVILEGES),
    ("jobs.admin.tokens.filter_changeable", lambda _, rows: rows, PRIVILEGES),
    ("jobs.admin.users.PortalGroupAdmin.has_change_permission", lambda *_: True, PRIVILEGES),
    ("jobs.second_factor.redeem_set_up_code", lambda *_: True, FIRST_SIGN_IN),
    ("jobs.second_factor.needs_set_up_code", lambda _: False, FIRST_SIGN_IN),
    ("jobs.web.shell.auth.next_step portal.admin_site.next_step", lambda _: None, FIRST_SIGN_IN),
    ("jobs.web.accounts.session_expiry.is_activity", lambda _: True, SESSIONS),
    ("jobs.sessions.end_other_sessions", lambda *_: 0, SESSIONS),
    ("jobs.sessions.end_all_sessions", lambda *_: 0, SESSIONS),
)
"""The names under which a check of sign-in and administration is used, its replacement, and its tests."""


def mutants() -> dict[str, tuple[Callable[[], None], tuple[str, ...]]]:
    """Return each mutant's function and the tests that should detect it. Django has to be set up."""
    from jobs.access import ROLES_BY_PERMISSION  # noqa: PLC0415 - importable only once Django is set up

    by_name: dict[str, tuple[Callable[[], None], tuple[str, ...]]] = {}
    for module, name, rule in _rules():
        by_name[f"policy.{rule}"] = (_without(module, name, rule), PURE)
    for act in ROLES_BY_PERMISSION:
        by_name[f"access.MAY[{act}]"] = (_everyone_may(act), ACCESS)
    for noun in VISIBLE:
        by_name[f"models.{noun}.visible_to"] = (_all_visible(noun), ACCESS)
    by_name["models.Draft.visible_to"] = (_all_visible("Draft"), ("tests/web/test_drafts.py",))
    by_name["models.Queue.granted_to"] = (_all_granted, ("tests/models/test_runnable.py",))
    by_name["models.Definition.usable_by"] = (_all_usable, ACCESS)
    for shape in ("containerOverrides", "ecsPropertiesOverride", "eksPropertiesOverride", "nodeOverrides"):
        by_name[f"spec.job_size: {shape}"] = (_override_not_counted(shape), SIZES)
    by_name["models.Approval.raised_by"] = (_nobody_raised, RAISED)
    by_name["models.Approval.raised_by: everyone"] = (_only_the_last_raised, RAISED)
    by_name["models.Approval.not_raised_by"] = (_whoever_raised_finds_it, RAISED)
    by_name["spec.job_size: older keys do not win"] = (_older_keys_win, SIZES)
    by_name["spec.job_size: names of containers"] = (_every_name_fits, SIZES)
    by_name["spec.job_size: nodes add up"] = (_one_node_counted, SIZES)
    by_name["spec.job_size: what is unknown"] = (_nothing_unknown, SIZES)
    by_name["spec.job_size: what is overlooked"] = (_nothing_overlooked, SIZES)
    for part in ("limit", "attempts", "runs"):
        by_name[f"pricing.estimate: {part}"] = (_at_most_without(part), ESTIMATE)
    by_name["actions.submission_estimate: the worst case"] = (_expected_for_at_most, THRESHOLDS)
    by_name["actions.daily_usage"] = (_an_empty_day, THRESHOLDS)
    by_name["actions.tag_defaults: the team's time limit"] = (_no_default_limit, THRESHOLDS)
    by_name["models.CircuitBreaker.is_open"] = (_breaker_never_open, ("tests/test_account_calls.py",))
    by_name["account_threads: a thread for each account"] = (_one_thread_for_all, ("tests/test_account_threads.py",))
    by_name["aws.deadline: what is left of a call"] = (_no_deadline, ("tests/aws/test_deadline.py",))
    for target, value, tests in SIGN_IN:
        by_name[target.partition(" ")[0].removeprefix("jobs.")] = (_put(target.split(), value), tests)
    by_name["access.Member.must"] = (_must_nothing, ACCESS)
    by_name["access.Member.may: an active team"] = (_any_team_active, ACCESS)
    for name, take_out in _redaction():
        by_name[f"redaction.{name}"] = (take_out, REDACTION)
    return by_name


def _redaction() -> Iterator[tuple[str, Callable[[], None]]]:
    from jobs.spec import redaction  # noqa: PLC0415

    def without(name: str, number: int) -> Callable[[], None]:
        rows = getattr(redaction, name)
        return lambda: setattr(redaction, name, rows[:number] + rows[number + 1 :])

    def less(name: str) -> Callable[[], None]:
        return lambda: setattr(redaction, name, type(getattr(redaction, name))())

    for what, patterns in (("value", "_SIMPLE_PATTERNS"), ("name in a text", "_NAME_PATTERNS")):
        count = len(getattr(redaction, patterns))
        yield from ((f"{what} {number}", without(patterns, number)) for number in range(count))
    for name in (
        "_SECRET_WORDS",
        "_SECRET_SUFFIXES",
        "_SECRET_KEYS",
        "_SECRET_PAIRS",
        "_METADATA_WORDS",
        "_COUNT_WORDS",
        "_PASS_QUALIFIERS",
    ):
        yield name, less(name)
    yield "addresses", lambda: setattr(redaction, "_spans_in_urls", lambda _: iter(()))


def _rules() -> Iterator[tuple[Any, str, str]]:
    from jobs.policy import approval, quotas, rules  # noqa: PLC0415

    for module, names in (
        (rules, ("COMMON_RULES", "DEFINITION_RULES", "JOB_RULES", "COMMON_TAG_RULES", "JOB_TAG_RULES")),
        (quotas, ("QUOTA_RULES",)),
        (approval, ("APPROVAL_RULES", "ESCALATION_RULES")),
    ):
        for name in names:
            for rule in getattr(module, name):
                yield module, name, rule.__name__


def _put(targets: list[str], value: Any) -> Callable[[], None]:
    def take_out() -> None:
        for target in targets:
            owner, _, name = target.rpartition(".")
            setattr(pydoc.locate(owner), name, value)

    return take_out


def _without(module: Any, name: str, rule: str) -> Callable[[], None]:
    return lambda: setattr(module, name, tuple(member for member in getattr(module, name) if member.__name__ != rule))


def _everyone_may(act: Any) -> Callable[[], None]:
    def take_out() -> None:
        from jobs import access  # noqa: PLC0415

        access.ROLES_BY_PERMISSION = {**access.ROLES_BY_PERMISSION, act: frozenset({"viewer", "analyst", "lead", ""})}

    return take_out


def _all_visible(noun: str) -> Callable[[], None]:
    def take_out() -> None:
        from jobs import models  # noqa: PLC0415

        manager: Any = getattr(models, noun).objects
        manager._queryset_class.visible_to = lambda rows, _: rows.all()  # noqa: SLF001
        type(manager).visible_to = lambda rows, _: rows.all()

    return take_out


def _all_granted() -> None:
    from jobs.models import Queue  # noqa: PLC0415

    type(Queue.objects).granted_to = lambda rows, _: rows.all()


def _all_usable() -> None:
    from jobs.models import Definition  # noqa: PLC0415

    type(Definition.objects).usable_by = lambda rows, _: rows.all()


def _override_not_counted(shape: str) -> Callable[[], None]:
    def take_out() -> None:
        from jobs.spec import containers, job_size  # noqa: PLC0415

        def overrides(submission: dict[str, Any]) -> list[containers.ContainerEntry]:
            return [container for container in containers.overrides(submission) if shape not in container.path]

        setattr(job_size, "overrides", overrides)  # noqa: B010
        setattr(job_size, "_size_members", lambda _: iter(()))  # noqa: B010 - or what is not counted is noticed there

    return take_out


def _nobody_raised() -> None:
    from jobs.models import Approval  # noqa: PLC0415

    setattr(Approval, "is_escalated_by", lambda *_: False)  # noqa: B010


def _only_the_last_raised() -> None:
    from jobs.models import Approval, ApprovalEdit, User  # noqa: PLC0415

    def raised_by(approval: Approval, user: User) -> bool:
        last = ApprovalEdit.objects.escalating().filter(approval=approval).last()
        return last is not None and last.editor == user

    setattr(Approval, "is_escalated_by", raised_by)  # noqa: B010


def _whoever_raised_finds_it() -> None:
    from jobs.models import Approval  # noqa: PLC0415

    type(Approval.objects).not_escalated_by = lambda rows, _: rows
    manager: Any = Approval.objects
    manager._queryset_class.not_escalated_by = lambda rows, _: rows  # noqa: SLF001


def _at_most_without(part: str) -> Callable[[], None]:
    """Estimate as if each job had one attempt, one run, or a limit of an hour."""

    def take_out() -> None:
        from jobs.pricing import estimate  # noqa: PLC0415

        whole = estimate._estimate_job  # noqa: SLF001
        less = {"attempts": 1, "runs": 1, "limit_seconds": 3600}
        field = "limit_seconds" if part == "limit" else part

        def cheaper(job: Any, *rest: Any) -> Any:
            return replace(whole(replace(job, **{field: less[field]}), *rest), job=job)

        setattr(estimate, "_estimate_job", cheaper)  # noqa: B010

    return take_out


def _older_keys_win() -> None:
    from jobs.spec import job_size  # noqa: PLC0415
    from jobs.spec.rules import sizes  # noqa: PLC0415

    def requests(base: Any, over: Any) -> Any:
        return sizes.requested_amounts(base) | sizes.requested_amounts(over)

    setattr(job_size, "_container_requests", requests)  # noqa: B010


def _every_name_fits() -> None:
    """Apply an override of the only container whatever its name is."""
    from jobs.spec import job_size  # noqa: PLC0415

    names = job_size._has_name_of  # noqa: SLF001

    def overrides(over: Any, container: Any, task: Any, overs: Any) -> bool:
        return names(over, container) or len(task.containers) == len(overs) == 1

    setattr(job_size, "_matches", overrides)  # noqa: B010
    setattr(job_size, "_has_name_of", lambda *_: True)  # noqa: B010


def _one_node_counted() -> None:
    from jobs.spec.job_size import ResourceAmounts  # noqa: PLC0415

    setattr(ResourceAmounts, "scale", lambda amounts, _: amounts)  # noqa: B010


def _nothing_unknown() -> None:
    from jobs.spec.job_size import JobSize  # noqa: PLC0415

    setattr(JobSize, "why_unknown", lambda *_: "")  # noqa: B010


def _nothing_overlooked() -> None:
    from jobs.spec import job_size  # noqa: PLC0415

    setattr(job_size, "_size_members", lambda _: iter(()))  # noqa: B010


def _expected_for_at_most() -> None:
    from jobs.actions import submission_estimate  # noqa: PLC0415

    def weigh(*rest: Any) -> Any:
        weight = submission_estimate.estimate_submission(*rest)
        usual = weight.cost.expected
        if usual.usd is None:
            return weight
        return replace(weight, summary=replace(weight.summary, usd=usual.usd, vcpu_hours=usual.vcpu_hours))

    # the package has a function of the module's name
    setattr(import_module("jobs.actions.validate"), "estimate_submission", weigh)  # noqa: B010


def _an_empty_day() -> None:
    from jobs.actions import submission_estimate  # noqa: PLC0415
    from jobs.policy.approval import DailyUsage  # noqa: PLC0415

    setattr(submission_estimate, "daily_usage", lambda *_: DailyUsage())  # noqa: B010


def _no_default_limit() -> None:
    from jobs.actions import tag_defaults  # noqa: PLC0415

    setattr(tag_defaults, "_default_time_limit", lambda *_: None)  # noqa: B010


def _breaker_never_open() -> None:
    from jobs.models.circuit_breaker import CircuitBreaker  # noqa: PLC0415

    CircuitBreaker.is_open = property(lambda _: False)  # type: ignore[assignment, method-assign]


def _one_thread_for_all() -> None:
    from jobs.account_threads import AccountThreads, InlineAccountThreads  # noqa: PLC0415

    AccountThreads.start = InlineAccountThreads.start  # type: ignore[method-assign, assignment]


def _no_deadline() -> None:
    from jobs.aws import deadline  # noqa: PLC0415

    deadline._limit_wait = nullcontext  # type: ignore[assignment] # noqa: SLF001


def _must_nothing() -> None:
    from jobs.access import Member  # noqa: PLC0415

    setattr(Member, "require", lambda *_: None)  # noqa: B010 - mypy would not have it otherwise


def _any_team_active() -> None:
    from jobs import access  # noqa: PLC0415

    def may(member: access.Member, act: access.TeamPermission) -> bool:
        return member.role in access.ROLES_BY_PERMISSION[act] or (
            act in access.STAFF_PERMISSIONS and member.user.is_staff
        )

    setattr(access.Member, "can", may)  # noqa: B010
