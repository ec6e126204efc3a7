"""Bulk onboarding of individual customers to FinHub.

The house, from the door inwards; a package imports only what stands below it:

``cli``        click and the terminal
``commands``   a module for each ``onboard ...`` that is not the job; ``rehearsal`` is ``onboard rehearse``
``job``        the story on one page: survey, open, carry eight phases, report
``engine``     what lives as long as a run: fan out, events, stopping, signals of a bank in trouble
``reports``    what became of each row, as files that a person can act on
``matching``   rows that meet the ledger: who is known, what differs, what is lacking
``intake``     files become judged rows: reading, mapping, checking, duplicates, proposing a profile
``journey``    what comes next for a customer, pure; ``journey.phases`` has a module for each of the eight
``ledger``     what was intended and what happened: ports, and SQLite as their first adapter
``outbound``   the way to the bank: client, transport, session, pacing
``finhub``     the bank's contract, pure: what is sent for each call and how answers are read
``config``     settings, profiles, what was asked for
``model``      the words; ``errors``, ``events``, ``keys``, ``texts`` and ``small_files`` stand beside it
``sandbox``    the other side: a bank to practise on, which shares nothing with the rest

Inside a program: ``await finhub_onboard.job.run(order, settings, bus, interrupts)``.
"""

__version__ = "0.6.0"
