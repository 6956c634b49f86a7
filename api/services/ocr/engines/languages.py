"""Languages by their ISO 639-1 codes, and the names of Tesseract's trained data for them."""

from pathlib import Path

TRAINED = ".traineddata"
NAMES = {
    "ar": "ara", "bg": "bul", "ca": "cat", "cs": "ces", "da": "dan", "de": "deu", "el": "ell",
    "en": "eng", "es": "spa", "et": "est", "eu": "eus", "fi": "fin", "fr": "fra", "gl": "glg",
    "he": "heb", "hi": "hin", "hr": "hrv", "hu": "hun", "id": "ind", "it": "ita", "ja": "jpn",
    "ko": "kor", "lt": "lit", "lv": "lav", "nl": "nld", "no": "nor", "pl": "pol", "pt": "por",
    "ro": "ron", "ru": "rus", "sk": "slk", "sl": "slv", "sr": "srp", "sv": "swe", "th": "tha",
    "tr": "tur", "uk": "ukr", "vi": "vie", "zh": "chi_sim",
}  # fmt: skip


def by_language(folder: Path) -> dict[str, str]:
    """The languages whose trained data lie in the folder, and the names of those."""
    return {code: name for code, name in NAMES.items() if (folder / f"{name}{TRAINED}").is_file()}
