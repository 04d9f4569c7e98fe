"""WHAT is asked for: documents as plain data, judged without Django and without a call to AWS.

A person's text comes in through `reading.read`, which says what kind of document it is and what it changed.
`judge.problems` says everything that is wrong with a document, in the order of the document; with definitions and
facts about queues at hand, it judges what will run. `workflow.plan` turns a sound one into steps that can be sent one
after the other, `effective.view` shows what Batch will run and who says so, and `normal.fingerprint` tells whether
two definitions ask for the same thing.

    documents   the three kinds, and careful access to their parts
    problems    Problem, Change and JSON pointers
    patch       applies the fix of a problem

    reading     text -> document: the formats that are known, and what is taken away or put right afterwards
    jsontext, commandline       one format each; text, places, complaints and refusal are their tools
    answers, keys, skeletons    answers of AWS, other spellings and types, skeletons of the CLI

    schema      JSON Schema of each kind, from botocore's service model and the limits it lacks
    conformity  compares a document with such a schema by jsonschema; `wording` puts its errors into words

    rules       the register of rules, from which docs/rules.md is written
    definition, submission, workflow    the rules of each kind, from shared subjects:
    containers  where the containers of a document stand
    sizes, platforms, clusters, volumes, placeholders, retries, names, secrets, dependencies
    overrides, queues           a submission on its definition, and for its queue
    fitting, instances          whether a compute environment of the queue can run it
    references  what a dependency of a step means, also after a shell has had its way with it
    graph       circles and order, without recursion
    judge       one call for every kind

    effective   what Batch will run, and where each value comes from
    normal      normal form and fingerprint
    difference  what differs between two documents, in sentences
    fields      which places of a document a form shows
"""
