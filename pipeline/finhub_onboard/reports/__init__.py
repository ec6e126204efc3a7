"""The last stage: projections of the intake and the ledger into files a person can act on."""
