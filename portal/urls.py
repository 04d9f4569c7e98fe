"""The root URLs: pages, API and Django's admin."""

from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("admin/", admin.site.urls),
    path("api/", include("jobs.api.urls")),
    path("", include("jobs.web.urls")),
]

handler400 = "jobs.web.shell.errors.bad_request"
handler403 = "jobs.web.shell.errors.permission_denied"
handler404 = "jobs.web.shell.errors.page_not_found"
handler429 = "jobs.web.shell.errors.too_many_requests"  # allauth's
handler500 = "jobs.web.shell.errors.server_error"
