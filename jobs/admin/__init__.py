"""Django's admin."""

from jobs.admin import accounts, audit, definitions, queues, rates, teams, tokens, users

__all__ = ["accounts", "audit", "definitions", "queues", "rates", "teams", "tokens", "users"]
