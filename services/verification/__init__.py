"""verification 线索核查: the work on a lead.

Owns: works, their verifiers, plans and recusal statements, and the restricted facts sealed for it. Hears: assignments, dual assignments
and sealed facts (intake), the signed audit checkpoints of the others. Says: that a work arrived, was accepted in order, was
concluded; its own checkpoints.
"""
