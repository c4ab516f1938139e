"""intake 线索受理: every door, one register.

Owns: leads and their numbers, the ledgers they came in, dual assignments, the sealed reporters (which only its vault opens,
a process apart), reports, their receipts and mailboxes, the running limits of leads; blind keys of what was reported, suggestions and
merges of repeats; the directory of units, staff and placements; redirections, feedback and decisions by two
people; the calls of the 110 feed with their corrections; messages of gateways, sealed until a clerk decides; the files of leads, each
under a key of its own; transfers and screenings.
Of reports past the office (G22) it keeps marks, days, and the boxes that their reporters open.
Hears: the works of verification and the legs of discipline, the signed audit checkpoints of the others. Says: what happens to a
lead up to its assignment, also that it is merged or unmerged, both legs of a dual assignment, restricted facts sealed for one receiver
each, how the limits of a lead fare, how the directory stands, its own checkpoints; to itself alone,
for a restore: which leads are under an order to keep, and rewards paid.
"""
