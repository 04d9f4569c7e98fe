"""Django's admin: users, teams and their grants, accounts and queues, definitions, rates, the audit log."""

from jobs.admin import accounts, audit, definitions, queues, rates, teams, tokens, users

__all__ = ["accounts", "audit", "definitions", "queues", "rates", "teams", "tokens", "users"]
