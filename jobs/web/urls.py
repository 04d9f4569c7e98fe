"""The URLs of the pages."""

from django.urls import include, path

from jobs.web import (
    approvals,
    audit,
    cli_scripts,
    dashboard,
    getting_started,
    health,
    permissions_page,
    queues,
    reveal,
    schemas,
    submissions,
    tokens,
)
from jobs.web.builder import (
    definition_views,
    drafts,
    json_views,
    open_in_form,
    paste,
    run_with_image,
    schema_fields,
)
from jobs.web.builder import job_views as builder_job_views
from jobs.web.costs import views as cost_views
from jobs.web.definitions import detail, edit
from jobs.web.definitions import list as definition_list
from jobs.web.history import views as history_views
from jobs.web.jobs import array, log_views
from jobs.web.jobs import views as job_views
from jobs.web.shell import probes

urlpatterns = [
    path("", include("jobs.web.accounts.urls")),
    *(path(name, probe, name=name) for name, probe in probes.PROBES.items()),
    path("", dashboard.home, name="home"),
    path("health/", health.health, name="health"),
    path("teams/<slug:slug>/", submissions.team_submissions, name="team"),
    path("teams/<slug:slug>/home/", dashboard.team_home, name="team_home"),
    path("teams/<slug:slug>/home/dismiss/", getting_started.dismiss, name="getting_started_dismiss"),
    path("teams/<slug:slug>/jobs/", history_views.history, name="history"),
    path("teams/<slug:slug>/jobs.csv", history_views.history_csv, name="history_csv"),
    path("teams/<slug:slug>/costs/", cost_views.costs, name="costs"),
    path("teams/<slug:slug>/costs.csv", cost_views.costs_csv, name="costs_csv"),
    path("teams/<slug:slug>/cost-lines.csv", cost_views.cost_lines_csv, name="cost_lines_csv"),
    path("teams/<slug:slug>/new/", json_views.json_editor, name="write"),
    path("teams/<slug:slug>/judge/", json_views.json_preview, name="judge"),
    path("teams/<slug:slug>/form/", open_in_form.open_form, name="open_form"),
    path("teams/<slug:slug>/read/", paste.read_paste, name="read_pasted"),
    path("teams/<slug:slug>/forms/<str:kind>/fields/", schema_fields.search_fields, name="further_fields"),
    path("teams/<slug:slug>/forms/<str:kind>/part/", schema_fields.show_part, name="further_part"),
    path("teams/<slug:slug>/jobs/new/", builder_job_views.job_form, name="job_form"),
    path("teams/<slug:slug>/jobs/new/preview/", builder_job_views.job_preview, name="job_preview"),
    path("teams/<slug:slug>/jobs/new/waits/", builder_job_views.search_dependencies, name="job_waits"),
    path("teams/<slug:slug>/definitions/new/", definition_views.definition_form, name="definition_form"),
    path(
        "teams/<slug:slug>/definitions/new/preview/", definition_views.definition_preview, name="definition_preview"
    ),
    path("teams/<slug:slug>/drafts/", drafts.list_drafts, name="drafts"),
    path("teams/<slug:slug>/drafts/<str:text_id>/", drafts.open_draft, name="draft"),
    path("teams/<slug:slug>/drafts/<str:text_id>/discard/", drafts.discard_draft, name="draft_discard"),
    path("teams/<slug:slug>/drafts/<str:text_id>/go-on/", run_with_image.continue_draft, name="draft_go_on"),
    path("teams/<slug:slug>/definitions/", definition_list.definitions, name="definitions"),
    path("teams/<slug:slug>/queues/", queues.queues, name="queues"),
    path("teams/<slug:slug>/tokens/", tokens.tokens, name="tokens"),
    path("teams/<slug:slug>/tokens/<str:text_id>/revoke/", tokens.revoke, name="token_revoke"),
    path("teams/<slug:slug>/audit/", audit.audit, name="audit"),
    path("audit/", audit.audit_all, name="audit_all"),
    path("teams/<slug:slug>/approvals/", approvals.team_approvals, name="approvals"),
    path("approvals/", approvals.all_approvals, name="approvals_of_all"),
    path("approvals/<str:text_id>/", approvals.approval, name="approval"),
    path("approvals/<str:text_id>/approve/", approvals.approve, name="approval_approve"),
    path("approvals/<str:text_id>/decline/", approvals.decline, name="approval_decline"),
    path("approvals/<str:text_id>/edit/", approvals.edit, name="approval_edit"),
    path("approvals/<str:text_id>/judge/", approvals.preview_edit, name="approval_judge"),
    path("rights/", permissions_page.permissions, name="rights"),
    path("cli/", cli_scripts.scripts_page, name="cli"),
    path("schemas/<str:kind>.json", schemas.serve_schema, name="schema"),
    path("cli/<str:name>", cli_scripts.script, name="cli_script"),
    path("submissions/<str:text_id>/", submissions.submission, name="submission"),
    path("submissions/<str:text_id>/again/", builder_job_views.rerun_submission, name="submission_again"),
    path("submissions/<str:text_id>/values/", reveal.submission_values, name="submission_values"),
    path("submissions/<str:text_id>/stop/", submissions.submission_stop, name="submission_stop"),
    path("jobs/<str:text_id>/", job_views.job, name="job"),
    path("jobs/<str:text_id>/values/", reveal.job_values, name="job_values"),
    path("jobs/<str:text_id>/receipt/", cost_views.receipt, name="receipt"),
    path("jobs/<str:text_id>/again/", builder_job_views.rerun_job, name="job_again"),
    path("jobs/<str:text_id>/stop/", job_views.job_stop, name="job_stop"),
    path("jobs/<str:text_id>/release/", job_views.job_release, name="job_release"),
    path("jobs/<str:text_id>/children/", array.job_children, name="job_children"),
    path("jobs/<str:text_id>/children/<int:index>/log/", log_views.child_log, name="child_log"),
    path("jobs/<str:text_id>/log/", log_views.job_log, name="job_log"),
    path("jobs/<str:text_id>/log.txt", log_views.job_log_file, name="job_log_file"),
    path("definitions/<str:text_id>/", detail.definition, name="definition"),
    path("definitions/<str:text_id>/difference/", detail.compare_revisions, name="difference"),
    path("definitions/<str:text_id>/describe/", edit.set_description, name="definition_describe"),
    path("definitions/<str:text_id>/share/", edit.share, name="definition_share"),
    path("definitions/<str:text_id>/unshare/", edit.unshare, name="definition_unshare"),
    path("definitions/<str:text_id>/deactivate/", edit.archive, name="definition_deactivate"),
    path("definitions/<str:text_id>/activate/", edit.unarchive, name="definition_activate"),
    path("definitions/<str:text_id>/revisions/<str:revision>/why/", edit.set_revision_note, name="revision_why"),
    path(
        "definitions/<str:text_id>/revisions/<str:revision>/values/",
        reveal.revision_values,
        name="revision_values",
    ),
    path(
        "definitions/<str:text_id>/revisions/<str:revision>/deactivate/",
        edit.deactivate_revision,
        name="revision_deactivate",
    ),
]
