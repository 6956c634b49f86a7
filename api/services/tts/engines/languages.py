"""Names of languages as BCP 47 writes them."""

# eSpeak's names that mean something else in BCP 47, where "CA-VA" is the Vatican's Catalan.
ODDITIES = {
    "ca-ba": "ca-x-balear",
    "ca-nw": "ca-x-nordocc",
    "ca-va": "ca-valencia",
    "chr-us-qaaa-x-west": "chr-US-x-west",
    "en-us-nyc": "en-US-x-nyc",
    "piqd": "tlh-Piqd",
    "py": "art-x-pyash",
    "qdb": "art-x-belter",
    "ru-cl": "ru-x-classic",
}


def bcp47(name: str) -> str:
    """The language tag in its usual spelling: es-419, pt-BR, fa-Latn.

    Regions are in capitals and scripts begin with one, up to a private part behind an "x".
    """
    name = name.replace("_", "-").lower()
    first, *rest = ODDITIES.get(name, name).split("-")
    private = rest.index("x") if "x" in rest else len(rest)
    return "-".join([first, *map(_spelt, rest[:private]), *rest[private:]])


def _spelt(part: str) -> str:
    if len(part) == 4 and part.isalpha():
        return part.title()
    return part.upper() if len(part) == 2 else part
