"""A form becomes a job, and its fate comes back.

The story of a job, and where each part of it is told:

1.  A person writes a document, or pastes one.                    web
2.  It is read, whatever its shape: comments, missing types.      spec.parsing
3.  It is judged: does it make sense, may this team have it?      actions.judge (spec, policy)
4.  It is kept: a Submission, and a Job for each call to AWS.     actions.accept, models
5.  A bell rings in Redis. If nobody hears it, the clock does.    task_queue, periodic
6.  A worker carries it to AWS Batch, once, whatever dies.        dispatch, aws
7.  What nobody knows is found again by the marker in its name.   sync.reconcile
8.  AWS is asked how it goes; the answer becomes its state.       sync.poll, sync.apply
9.  Every change leaves a row behind, because AWS forgets.        models.StateChange
10. People read it: live pages, history, logs.                    reports, web

Imports point one way, from the top of the list in `docs/architecture.md` to its foot: `states` knows nothing,
`spec` knows documents, `models` what is remembered, `aws` how Amazon is spoken to; the rest stands on them.
"""
