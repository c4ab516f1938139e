"""For each door of intake, and for some of other services, a request that it should take, made anew as often as it is needed: what stands
before it is brought about by the other doors, as the tests of those doors do it. `python -m tests.load.schemathesis` sends these, and these
with something wrong in them.
"""

from tests.load.reaching import leads, matters, office, others, public
from tests.load.reaching.fitting import Fitting
from tests.load.reaching.world import Fit, Fits, World

FITS: Fits = {**leads.FITS, **matters.FITS, **office.FITS, **public.FITS}
OF: dict[str, Fits] = {"intake": FITS, **others.OF}
"""By service."""

__all__ = ["FITS", "OF", "Fit", "Fitting", "World"]
