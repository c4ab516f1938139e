"""verification 线索核查: the work on a lead.

Owns: works, their verifiers, plans and recusal statements, and the restricted facts sealed for it; of the directory
when staff are in office, their pledges and absences. Hears: assignments, rulings, moved limits, suspensions, merges, sealing and
destruction of leads, sealed facts and the directory (intake), the signed audit checkpoints of the others. Says: that a work arrived, was
disputed, was accepted in order, reported first, was concluded; its own checkpoints.
"""
