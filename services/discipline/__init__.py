"""discipline 纪委监委 / 基层组织: the discipline leg of a dual assignment.

Owns: legs, their restricted facts and outcome categories; reports past the office (G22), under numbers of its own, the
openings of their reporters, the letters to them, and when all of it is destroyed. Hears: dual
assignments, facts and reports sealed for it, suspensions, merges, sealing and destruction of leads, whose account has ended (intake), the
signed audit checkpoints of the others. Says: the status of its legs and reports, nothing of their content; letters
that only a reporter opens; its own checkpoints; to itself alone, for a restore: numbers of reports, and orders to keep.
"""
