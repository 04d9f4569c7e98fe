"""Permissions of a team."""
