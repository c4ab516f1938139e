"""publicity 宣传发动: dated facts of all services, and the figures computed from them.

Owns: facts and figures; a figure is counted from rows and can be typed in nowhere (A5). Hears: leads, dual assignments, works and legs, and
the directory (units, when staff were here, placements), all of them thin: it can read no lead, no subject and no reporter (G9); and the
signed audit checkpoints of the others. Says: its own checkpoints.
"""
