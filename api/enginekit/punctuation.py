"""Marks of punctuation, also those of other scripts than Latin, for classes of characters."""

STOPS = ".!?…"
WIDE_STOPS = "。！？؟।"  # noqa: RUF001  # not mistyped; a sentence may follow without a space
PAUSES = ",;:—–"  # noqa: RUF001
WIDE_PAUSES = "，、；："  # noqa: RUF001
CLOSING = "”’\"'»)\\]"  # noqa: RUF001
