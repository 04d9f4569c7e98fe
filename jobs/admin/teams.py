from django.contrib import admin

from jobs.admin.readonly import KeptAdmin
from jobs.models import Membership, QueueGrant, Team


class Members(admin.TabularInline):
    model = Membership
    autocomplete_fields = ["user"]
    extra = 0
    verbose_name = "member"
    verbose_name_plural = "members"


class Queues(admin.TabularInline):
    model = QueueGrant
    autocomplete_fields = ["queue"]
    extra = 0
    verbose_name = "queue"
    verbose_name_plural = "queues the team may submit to"


@admin.register(Team)
class TeamAdmin(KeptAdmin):
    """A team on one page: who is in it, and which queues it has."""

    list_display = ["name", "slug", "active", "created_at"]
    list_filter = ["active"]
    search_fields = ["name", "slug", "memberships__user__username"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [Members, Queues]
