"""The errors of the domain."""

from api import errors
from api.errors import NotReady, Overloaded, PerceptError


def test_what_passes() -> None:
    """Only a lack of room or of readiness may be gone when the same is asked again."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    passing = {kind for kind in kinds if issubclass(kind, PerceptError) and kind.passing}
    assert passing == {Overloaded, NotReady}
