"""The portal's real processes, killed and paused, against the sandbox's ledger.

    hasty       the portal's commands with short lives of leases, guards and signatures, so that minutes are seconds
    ground      what the database holds before anyone asks
    staff       processes: started, killed, paused, started again; and nothing of them stays
    world       a whole portal on a database of its own, and what it is asked
    caller      a program with a token, which repeats what was not answered
    promises    the invariants, each over the rows and the ledger
    steps       the places at which a process fails, and how
    workflows   workflows of 50 steps whose worker is killed at each step of their delivery
    storm       everything at random, by seed
    neighbours  how soon an account's news come beside accounts that do not answer
    recovery    how long it takes until all is well again, by the real clock

`python -m tests.chaos` runs it; see docs/reliability.md.
"""
