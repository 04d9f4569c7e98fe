from django.urls import include, path

from jobs.web import (
    cli,
    costs,
    definitions,
    health,
    history,
    home,
    jobs,
    queues,
    rights,
    schemas,
    submissions,
    tokens,
    write,
)
from jobs.web.builder import definition as definition_builder
from jobs.web.builder import job as job_builder
from jobs.web.builder import taken

urlpatterns = [
    path("", include("jobs.web.session.urls")),
    path("healthz", health.healthz, name="healthz"),
    path("", home.home, name="home"),
    path("health/", health.health, name="health"),
    path("teams/<slug:slug>/", submissions.team, name="team"),
    path("teams/<slug:slug>/home/", home.team_home, name="team_home"),
    path("teams/<slug:slug>/jobs/", history.history, name="history"),
    path("teams/<slug:slug>/jobs.csv", history.history_csv, name="history_csv"),
    path("teams/<slug:slug>/costs/", costs.costs, name="costs"),
    path("teams/<slug:slug>/costs.csv", costs.costs_csv, name="costs_csv"),
    path("teams/<slug:slug>/cost-lines.csv", costs.cost_lines_csv, name="cost_lines_csv"),
    path("teams/<slug:slug>/new/", write.write, name="write"),
    path("teams/<slug:slug>/judge/", write.judge, name="judge"),
    path("teams/<slug:slug>/form/", taken.open_form, name="open_form"),
    path("teams/<slug:slug>/jobs/new/", job_builder.job_form, name="job_form"),
    path("teams/<slug:slug>/jobs/new/preview/", job_builder.job_preview, name="job_preview"),
    path("teams/<slug:slug>/jobs/new/waits/", job_builder.job_waits, name="job_waits"),
    path("teams/<slug:slug>/definitions/new/", definition_builder.definition_form, name="definition_form"),
    path(
        "teams/<slug:slug>/definitions/new/preview/", definition_builder.definition_preview, name="definition_preview"
    ),
    path("teams/<slug:slug>/definitions/", definitions.definitions, name="definitions"),
    path("teams/<slug:slug>/queues/", queues.queues, name="queues"),
    path("teams/<slug:slug>/tokens/", tokens.tokens, name="tokens"),
    path("teams/<slug:slug>/tokens/<str:text_id>/revoke/", tokens.revoke, name="token_revoke"),
    path("rights/", rights.rights, name="rights"),
    path("cli/", cli.page, name="cli"),
    path("schemas/<str:kind>.json", schemas.schema_of, name="schema"),
    path("cli/<str:name>", cli.script, name="cli_script"),
    path("submissions/<str:text_id>/", submissions.submission, name="submission"),
    path("submissions/<str:text_id>/again/", job_builder.submission_again, name="submission_again"),
    path("submissions/<str:text_id>/stop/", submissions.submission_stop, name="submission_stop"),
    path("jobs/<str:text_id>/", jobs.job, name="job"),
    path("jobs/<str:text_id>/receipt/", costs.receipt, name="receipt"),
    path("jobs/<str:text_id>/again/", job_builder.job_again, name="job_again"),
    path("jobs/<str:text_id>/stop/", jobs.job_stop, name="job_stop"),
    path("jobs/<str:text_id>/log/", jobs.job_log, name="job_log"),
    path("jobs/<str:text_id>/log.txt", jobs.job_log_file, name="job_log_file"),
    path("definitions/<str:text_id>/", definitions.definition, name="definition"),
]
