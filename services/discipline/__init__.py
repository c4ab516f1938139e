"""discipline 纪委监委 / 基层组织: the discipline leg of a dual assignment.

Owns: legs, their restricted facts and outcome categories. Hears: dual assignments and the facts sealed for it (intake).
Says: the status of its legs, nothing of their content.
"""
