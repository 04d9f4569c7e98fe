"""The builder: forms for a job and for a definition, each editing one document, and the JSON page.

form_state          what was filled in, the document it makes, and the problems by field
feedback            what the validation says of it: labels, problems, markers, fixes
preflight           the checks beside the form, and the queue's limits at its fields
bound_fields        each field as the template renders it; what a team may choose from is in `reports.options`
definition_summary  what a definition says, for a job's form
chooser             the page that New opens
job_views           the form of a job, and run again
definition_views    the form of a definition
json_views          the JSON page; `examples` are texts to start from
schema_fields       fields of AWS's schema that the form doesn't show by itself
rerun               the document a rerun starts from, and what has changed since
drafts              saved with each preview, opened again, and listed
run_with_image      a job on a new revision with another image
paste               pasted text in any known format
open_in_form        from the JSON page to a form
"""
