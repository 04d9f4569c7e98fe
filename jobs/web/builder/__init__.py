"""The builder: forms for a job and for a definition, each editing one document, and the JSON page.

form_state          what was filled in, the document it makes, and the problems by field
options             what the team may choose from
preflight           the checks beside the form; `problem_view` is a problem in one
fix_views           applies a fix that was offered
definition_summary  what a definition says, for a job's form
job_views           the form of a job, and run again
definition_views    the form of a definition
rerun               the document a rerun starts from
open_in_form        from the JSON page to a form
paste               pasted text in any known format
"""
