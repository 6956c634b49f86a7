"""The errors of the domain."""

from api import errors
from api.errors import InProgress, NotReady, Overloaded, PerceptError


def test_what_passes() -> None:
    """Only what is running, or a lack of room or readiness, may be gone a little later."""
    kinds = {kind for kind in vars(errors).values() if isinstance(kind, type)}
    passing = {kind for kind in kinds if issubclass(kind, PerceptError) and kind.passing}
    assert passing == {InProgress, NotReady, Overloaded}
