"""Launch forms: saved in versions, and started with values only.

Pages and the API send values. The document is that of the stored version, filled here, so that no request can change
what the form doesn't ask for.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from django.core.exceptions import PermissionDenied
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import localdate, now

from jobs import audit
from jobs.access import Member
from jobs.actions import masked_source, versioned
from jobs.actions.form_documents import fill_sweep, fill_version, secret_names, shown_values
from jobs.actions.submit import submit
from jobs.actions.validate import ValidationResult, validate
from jobs.models import LaunchForm, LaunchFormVersion, QueueGrant, Role, Submission
from jobs.models.submission import OnRefusal
from jobs.spec.documents import DocumentKind
from jobs.spec.launch_forms.check import check_form, open_names
from jobs.spec.launch_forms.fields import FormSection, fields_of
from jobs.spec.launch_forms.file_format import LaunchContent
from jobs.spec.launch_forms.filling import fill_document
from jobs.spec.launch_forms.sweep import SWEPT, FormSweep, listed_values, single_values
from jobs.spec.launch_forms.values import FormValues, LaunchContext, sample_values
from jobs.spec.parsing.parser import DocumentParseError, ParseResult, parse
from jobs.spec.problems import Problem, Severity, has_errors
from jobs.spec.redaction import MASK
from jobs.spec.substitution import mask_value, without_open_places

RULES = "form"
"""Prefix of the rules of problems with names and texts."""


class LaunchFormError(Exception):
    """Nothing was stored or submitted. Problems of values are at `/values/name`, others at places of the file."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(problem.message for problem in self.problems))


@dataclass(frozen=True)
class FormUse:
    """The form that a submission is from, and the values as they may be shown."""

    version: LaunchFormVersion
    values: Mapping[str, str]

    def record(self, submission: Submission) -> None:
        submission.form_version = self.version
        submission.form_values = dict(self.values)
        forms = LaunchForm.objects.filter(pk=self.version.form_id)
        forms.update(run_count=F("run_count") + 1, used_at=now())

    @property
    def label(self) -> Mapping[str, str]:
        return {"form": str(self.version)}

    @property
    def is_form(self) -> bool:
        return True


# -- Saving


def require_writer(member: Member) -> None:
    """Raise PermissionDenied for analysts who submit with forms only: a form of their own could submit anything.

    Leads may save forms even then. Each version says who made it, and why.
    """
    member.require("register")
    if member.role != Role.ANALYST:
        return
    grant = QueueGrant.objects.filter(team=member.team).exclude(forms_only="").select_related("queue").first()
    if grant:
        message = f"In {member.team}, analysts submit to {grant.queue.name} with launch forms only, so only leads can"
        raise PermissionDenied(f"{message} save forms. Ask one to save yours.")


def create_form(member: Member, content: LaunchContent, *, source_id: str = "") -> LaunchFormVersion:
    """Raise DocumentParseError or LaunchFormError. `source_id`: where masked values of the text are."""
    require_writer(member)
    reading = _check(member, content, source_id)
    try:
        with transaction.atomic():
            form = LaunchForm.objects.create(
                team=member.team,
                name=content.name,
                description=content.description,
                labels=list(content.labels),
                owner=member.user,
            )
            version = _add_version(form, member, content, reading, number=1, former=None)
            _record(form, member, version)
    except IntegrityError:
        message = f"Your team already has a form named {content.name}."
        raise LaunchFormError([versioned.name_problem(RULES, message)]) from None
    return version


def create_version(
    form: LaunchForm, member: Member, content: LaunchContent, *, source_id: str = ""
) -> tuple[LaunchFormVersion, bool]:
    """Return the newest version, and whether it is new: the same content again makes none.

    Description and labels become those of the content; its name has to be the form's. Raise DocumentParseError or
    LaunchFormError.
    """
    require_writer(member)
    reading = _check(member, content, source_id)
    if content.name != form.name:
        message = f"A version has the name of its form, {form.name}. Save another form under another name."
        raise LaunchFormError([versioned.name_problem(RULES, message)])
    with transaction.atomic():
        form = LaunchForm.objects.select_for_update().get(pk=form.pk)
        if form.archived_at:
            raise LaunchFormError([_archived_problem(form)])
        _update_words(form, member, content)
        newest = versioned.newest_version(form.versions)
        if newest and newest.document == reading.document and newest.section_list == content.sections:
            return newest, False
        number = versioned.next_number(form.versions)
        if number is None:
            message = f"A form can have {versioned.MAX_VERSIONS:,} versions. Save this one as a new form."
            raise LaunchFormError([Problem("", message, rule="form.too-many-versions")])
        version = _add_version(form, member, content, reading, number=number, former=newest)
        _record(version, member, version)
    return version, True


def save_form(member: Member, content: LaunchContent) -> tuple[LaunchFormVersion, bool]:
    """Create the form of that name, or a version of it if anything changed.

    Raise DocumentParseError or LaunchFormError.
    """
    require_writer(member)
    form = LaunchForm.objects.filter(team=member.team, name=content.name).first()
    if form is None:
        return create_form(member, content), True
    return create_version(form, member, content)


def restore_version(version: LaunchFormVersion, member: Member) -> tuple[LaunchFormVersion, bool]:
    """Make an earlier version the newest one again. Raise LaunchFormError."""
    form = version.form
    content = LaunchContent(
        form.name,
        version.text,
        version.section_list,
        form.description,
        tuple(form.labels),
        f"Restored version {version.number}.",
    )
    return create_version(form, member, content)


def read_source(member: Member, text: str, source_id: str) -> ParseResult:
    """Parse a job or a workflow with its masked values put back. Raise DocumentParseError."""
    reading = parse(masked_source.restore_masked(text, member, source_id))
    if reading.kind is DocumentKind.DEFINITION:
        raise DocumentParseError("A form needs a job or a workflow. This is a job definition.")
    return reading


def check_content(content: LaunchContent, reading: ParseResult) -> list[Problem]:
    """Return what is wrong with a form, whatever team it is for, at places of its file."""
    text_problems = versioned.check_words(
        RULES, name=content.name, description=content.description, note=content.note
    )
    reading_problems = [problem.with_prefix("/document") for problem in reading.problems]
    return [*text_problems, *reading_problems, *check_form(reading.document, reading.kind, content.sections)]


def preview_form(content: LaunchContent, reading: ParseResult, member: Member) -> ValidationResult:
    """Validate a form as if it were started with its own values, and samples where it has none.

    Raise TooLongError.
    """
    fields = fields_of(content.sections)
    sample = fill_document(reading.document, sample_values(fields).values, reading.kind)
    result = validate(replace(reading, document=sample), member, is_form=True)
    return replace(result, problems=tuple(without_open_places(reading.document, open_names(fields), result.problems)))


def _check(member: Member, content: LaunchContent, source_id: str) -> ParseResult:
    reading = read_source(member, content.text, source_id)
    problems = check_content(content, reading)
    if has_errors(problems):
        raise LaunchFormError([problem for problem in problems if problem.severity is Severity.ERROR])
    return reading


def _update_words(form: LaunchForm, member: Member, content: LaunchContent) -> None:
    before = {"description": form.description, "labels": form.labels}
    after = {"description": content.description, "labels": list(content.labels)}
    if before == after:
        return
    LaunchForm.objects.filter(pk=form.pk).update(**after)
    form.description, form.labels = content.description, list(content.labels)
    audit.record("change", person=member.user, team=member.team, target=form, before=before, after=after)


def _archived_problem(form: LaunchForm) -> Problem:
    return Problem("", f"The form {form.name} is archived. Restore it first.", rule="form.archived")


def _add_version(
    form: LaunchForm,
    member: Member,
    content: LaunchContent,
    reading: ParseResult,
    *,
    number: int,
    former: LaunchFormVersion | None,
) -> LaunchFormVersion:
    return LaunchFormVersion.objects.create(
        form=form,
        number=number,
        text=reading.text,
        document=reading.document,
        sections=[section.as_json() for section in content.sections],
        locks=_locks(content.sections, former, member),
        note=content.note,
        created_by=member.user,
    )


def _locks(sections: Sequence[FormSection], former: LaunchFormVersion | None, member: Member) -> dict[str, str]:
    """Return who locked each field: the first person, as long as it stays locked with the same value."""
    before = {field.name: field for field in former.field_list if field.is_locked} if former else {}
    locks = former.locks if former else {}
    return {
        field.name: (
            locks.get(field.name, member.user.display_name)
            if field.name in before and before[field.name].default == field.default
            else member.user.display_name
        )
        for field in fields_of(sections)
        if field.is_locked
    }


def _record(target: LaunchForm | LaunchFormVersion, member: Member, version: LaunchFormVersion) -> None:
    fields = [field.name for field in version.field_list]
    versioned.record_version(target, member, version, "form", fields=fields, locked=sorted(version.locks))


# -- Starting


def start_context(form: LaunchForm, member: Member, earlier: Submission | None = None) -> LaunchContext:
    """Return what defaults are from; with an `earlier` submission, what they were from then."""
    submissions = Submission.objects.filter(form_version__form=form, person=member.user, team=member.team)
    if earlier:
        submissions = submissions.filter(pk__lt=earlier.pk)
    last = submissions.order_by("-pk").values_list("form_values", flat=True).first() or {}
    return LaunchContext(
        member.user.username,
        member.team.name,
        localdate(earlier.created_at) if earlier else localdate(),
        {name: text for name, text in single_values(last).items() if MASK not in text},
    )


def start_form(
    form: LaunchForm,
    member: Member,
    entries: Mapping[str, object],
    *,
    source: str,
    number: int | None = None,
    request_key: str | None = None,
    on_refusal: str = OnRefusal.STOP,
    sweep: FormSweep | None = None,
) -> Submission:
    """Submit the document of a version, the newest by default. The same key returns the same submission.

    With a sweep, its rows stand for the entries.

    Raise LaunchFormError for values, and what `submit` raises.
    """
    member.require("submit")
    earlier = _earlier_submission(form, request_key)
    version = _version_to_start(form, number, earlier)
    if version is None:
        message = f"The form {form.name} has no version {number}."
        raise LaunchFormError([Problem("/version", message, rule="form.version")])
    context = start_context(form, member, earlier)
    start = fill_sweep(version, sweep, context, member) if sweep else fill_version(version, entries, context)
    if start.problems:
        raise LaunchFormError(start.problems)
    use = FormUse(version, _stored_values(version, start.values, sweep))
    return submit(start.text, member, source=source, request_key=request_key, on_refusal=on_refusal, origin=use)


def _stored_values(version: LaunchFormVersion, values: FormValues, sweep: FormSweep | None) -> dict[str, str]:
    texts = shown_values(version, values)
    if sweep is None:
        return texts
    secrets = secret_names(version)
    several = {name: mask_value(name, listed_values(sweep, name), secrets) for name in sweep.names}
    return {**texts, **several, SWEPT: " ".join(sweep.names)}


def _earlier_submission(form: LaunchForm, request_key: str | None) -> Submission | None:
    if not request_key:
        return None
    submissions = Submission.objects.filter(team=form.team_id, request_key=request_key, form_version__form=form)
    return submissions.select_related("form_version").first()


def _version_to_start(form: LaunchForm, number: int | None, earlier: Submission | None) -> LaunchFormVersion | None:
    """Return the version that the key was used with: a repeated request means the same one."""
    if earlier and earlier.form_version and number is None:
        earlier.form_version.form = form
        return earlier.form_version
    if form.archived_at:
        raise LaunchFormError([_archived_problem(form)])
    return versioned.numbered_version(form.versions, number)
