"""The pages: HTTP only, one package or module a feature; `reports` reads and `actions` changes.

urls         the addresses, each with its view
shell        what all pages share: sign-in checks, polling, CSV, text from browsers, errors
accounts     sign-in, passwords, second factor, sessions
dashboard    the start pages
builder      the forms of a job and of a definition, the JSON page, drafts
submissions  the list of submissions, and the page of each
jobs         the page of a job, its log, and the children of an array
history      the list of jobs with its filters, and as CSV
costs        the costs of a month, and a receipt
definitions  the catalog
approvals    requests to decide on
"""
