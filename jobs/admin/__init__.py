"""Django's admin."""

from jobs.admin import accounts, audit, definitions, queues, rates, repricings, teams, tokens, users

__all__ = ["accounts", "audit", "definitions", "queues", "rates", "repricings", "teams", "tokens", "users"]
