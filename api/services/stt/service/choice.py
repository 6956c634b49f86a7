"""Which model answers: one that is installed and can do what is asked."""

from dataclasses import dataclass

from api.enginekit.catalogue import Entry
from api.enginekit.installed import InstalledModels
from api.errors import Unusable, invalid
from api.services.stt.engines import WITH_WORD_TIMES

TASK, AUTO = "stt", "auto"


@dataclass(frozen=True)
class Wanted:
    """What a model has to do: know the language (a code, or AUTO), give the times of words."""

    language: str = AUTO
    words: bool = False


def code_of(language: str) -> str:
    """The code of a language as models have it: `en` for `en-GB` and `EN_us`."""
    return language.lower().replace("_", "-").partition("-")[0]


def choose(store: InstalledModels, model: str | None, wanted: Wanted) -> str | None:
    """The name of the model that answers: the one that is named, or the best; None: there is none.

    The best is the default one, or the one of the highest rank, among those that can do it. To
    find out the language, one that knows several is better.

    Raises:
        Invalid: no model knows such a language.
        Unusable: `language_not_available`, `word_timestamps_not_available`.
    """
    known = store.entries(TASK)
    _check(wanted.language, known)
    installed = [entry for entry in known if store.installed(entry.name)]
    if model is not None:
        _check_named([entry for entry in installed if entry.name == model], wanted)
        return model
    default = store.default(TASK)
    offered = [entry for entry in installed if entry.rank or entry.name == default]
    able = [entry for entry in offered if _can(entry, wanted)]
    if offered and not able:
        raise _nobody_can(offered, known, wanted)

    def goodness(entry: Entry) -> tuple[bool, bool, int]:
        finds_out = wanted.language == AUTO and len(entry.languages) > 1
        return finds_out, entry.name == default, entry.rank

    return max(able, key=goodness).name if able else None


def _check(language: str, known: list[Entry]) -> None:
    codes = sorted({code for entry in known for code in entry.languages})
    if language not in (AUTO, *codes):
        raise invalid("language", "Must be one of: %(wanted)s.", wanted=", ".join([AUTO, *codes]))


def _check_named(found: list[Entry], wanted: Wanted) -> None:
    """Refuses an installed model that cannot do it; of others the pool says what is wrong."""
    for entry in found:
        if not _knows(entry, wanted.language):
            raise Unusable(
                "The model %(name)s does not understand %(language)s.",
                "language_not_available",
                name=entry.name,
                language=wanted.language,
            )
        if not _can(entry, wanted):
            raise Unusable(
                "The model %(name)s does not support word timestamps.",
                "word_timestamps_not_available",
                name=entry.name,
            )


def _nobody_can(installed: list[Entry], known: list[Entry], wanted: Wanted) -> Unusable:
    """The refusal, with the command that helps."""
    helpful = [entry for entry in known if _can(entry, wanted)] or known
    name = max(helpful, key=lambda entry: entry.rank).name
    if any(_knows(entry, wanted.language) for entry in installed):
        return Unusable(
            "No installed model supports word timestamps. Install one: percept models pull "
            "%(name)s",
            "word_timestamps_not_available",
            name=name,
        )
    return Unusable(
        "No installed model understands %(language)s. Install one: percept models pull %(name)s",
        "language_not_available",
        language=wanted.language,
        name=name,
    )


def _knows(entry: Entry, language: str) -> bool:
    return language in (AUTO, *entry.languages)


def _can(entry: Entry, wanted: Wanted) -> bool:
    words = not WITH_WORD_TIMES.isdisjoint(entry.engines)
    return _knows(entry, wanted.language) and (words or not wanted.words)
