"""The list of jobs: its search, its columns, its saved views."""
