"""What one person begins another decides (G10): accounts are not persons."""

import pytest

from shared.auth import Principal
from shared.errors import Forbidden
from shared.two_people import must_be_another, must_be_none_of
from tests.support.builders import person


@pytest.mark.rule("G10")
@pytest.mark.parametrize(
    ("first", "second", "fits"),
    [
        ("ana", person("ofd"), True),
        (None, person("ofd"), True),
        ("ofd", person("ofd"), False),
        ("ana", person("ofd", others=("ana",)), False),
        ("ofd", person("ofd", others=("ana",)), False),
        ("ldr", person("ofd", others=("ana", "icl")), True),
    ],
)
def test_it_is_the_person_that_counts(first: str | None, second: Principal, fits: bool) -> None:
    handled = frozenset({"aud"} | ({first} if first else set()))
    if fits:
        must_be_another(first, second, "told")
        must_be_none_of(handled, second, "told")
        return
    with pytest.raises(Forbidden, match="told"):
        must_be_another(first, second, "told")
    with pytest.raises(Forbidden, match="told"):
        must_be_none_of(handled, second, "told")
