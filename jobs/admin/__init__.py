"""Django admin: people, teams and what they were given, accounts and queues, definitions, rates, the audit."""

from jobs.admin import accounts, audit, definitions, rates, teams, tokens, users

__all__ = ["accounts", "audit", "definitions", "rates", "teams", "tokens", "users"]
