"""The portal's Django app: documents become jobs in AWS Batch, and their state comes back.

The life of a job, and the modules for each part of it:

1.  A person writes or pastes a document.                         web
2.  It is parsed, whatever its format: comments, missing types.   spec.parsing
3.  It is validated: is it correct, may this team have it?        actions.validate (spec, policy)
4.  It is stored: a Submission, and a Job for each call to AWS.   actions.submit, models
5.  A task is enqueued in Redis. If it is lost, the clock helps.  task_queue, periodic
6.  A worker submits it to AWS Batch, once, whatever fails.       dispatch, aws
7.  If the outcome is unknown, its marker in AWS tells.           sync.reconcile
8.  AWS is polled; the answer becomes its state.                  sync.poll, sync.apply
9.  Every change is stored as a row, because AWS forgets.         models.StateChange
10. People read it: live pages, history, logs.                    reports, web

Imports point one way, from the top of the list in `docs/architecture.md` to its foot: `states` imports nothing,
`spec` knows documents, `models` the stored data, `aws` the calls to Amazon; the rest builds on them.
"""
