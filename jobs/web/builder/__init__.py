"""The forms: one for a job, one for a definition, each over one document.

draft       what someone filled in, the document it makes, and what is wrong at which field
choices     what the team may choose from
rail        the pre-flight rail: the verdict sorted, and what is to be expected; `finding` is a problem in it
fixing      a fix that was offered is applied
facts       what a definition says, for the form of a job to show and to hint at
job         the form of a job, and run again
definition  the form of a definition
rerun       the document with which a job or a submission begins again
taken       from the JSON page to a form
pasted      what was pasted, read as what it is
"""
