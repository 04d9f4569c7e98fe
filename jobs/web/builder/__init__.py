"""The forms: one for a job, one for a definition, each over one document.

form_state          what someone filled in, the document it makes, and what is wrong at which field
options             what the team may choose from
preflight           the pre-flight rail: the verdict sorted, and what is to be expected
problem_view        a problem in the rail
fix_views           a fix that was offered is applied
definition_summary  what a definition says, for the form of a job to show and to hint at
job_views           the form of a job, and run again
definition_views    the form of a definition
rerun               the document with which a job or a submission begins again
open_in_form        from the JSON page to a form
paste               what was pasted, read as what it is
"""
