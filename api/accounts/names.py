"""E-mail addresses and names of people: which ones can be used, and how they are kept."""

import re
import unicodedata

import email_validator

from api.errors import Invalid, invalid
from api.http.bodies import composed

# A server of one's own may well live in a .local or .test network.
email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()

LONGEST_EMAIL = 254
LONGEST_KEY = 320  # folding makes some addresses longer; the column has room for so much
LONGEST_NAME = 100
MARKUP = set('<>/\\"`')
# Control, format (right-to-left override), surrogate, private use, line and paragraph separator.
UNWELCOME = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
# The zero-width non-joiner and joiner belong to Persian and Indic words and to emoji.
JOINERS = {"\u200c", "\u200d"}
# The flags of England, Scotland, Wales and the like are spelled with invisible letters.
FLAGS = re.compile("\U0001f3f4[\U000e0030-\U000e0039\U000e0061-\U000e007a]{3,6}\U000e007f")
# Letters and symbols by category that show nothing.
BLANK = set("\u115f\u1160\u2800\u3164\uffa0") | JOINERS


def trimmed(email: str) -> str:
    """Return the address without what keyboards, forms and copying add around it."""
    kept = [i for i, c in enumerate(email) if not c.isspace() and unicodedata.category(c) != "Cf"]
    return email[kept[0] : kept[-1] + 1] if kept else ""


def clean_email(text: str) -> str:
    """Return the address in its normal form.

    Raises:
        Invalid: it is not an address.
    """
    address = trimmed(text)
    try:
        # Folding takes time by the square of the length, so nothing long is folded.
        if len(address) <= 4 * LONGEST_EMAIL:
            address = email_validator.validate_email(address, check_deliverability=False).normalized
            if len(email_key(address)) <= LONGEST_KEY:
                return address
    except (email_validator.EmailNotValidError, UnicodeError):
        pass
    raise invalid("email", "Must be a valid e-mail address.")


def typed_key(text: str) -> str:
    """Return the key of the address that somebody signs in with, in any of its spellings."""
    try:
        return email_key(clean_email(text))
    except Invalid:
        return trimmed(text).casefold()  # nobody has it, and it counts as one all the same


def email_key(email: str) -> str:
    """Return what decides whose an address is: the same for every case and width of it."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", email).casefold())


def clean_name(name: str | None) -> str | None:
    """Return the name in NFC, if it can be shown anywhere without doing harm.

    Raises:
        Invalid: too long, invisible, with white space at an end, or with control or markup
            characters.
    """
    if name is None:
        return None
    text = composed(name, LONGEST_NAME)
    if len(text) > LONGEST_NAME:
        raise invalid("name", "Must have at most %(wanted)s characters.", wanted=LONGEST_NAME)
    if not any(_shows(c) for c in text):
        raise invalid("name", "Must have at least one visible character.")
    if text != text.strip():
        raise invalid("name", "Must not begin or end with white space.")
    if odd := next((c for c in FLAGS.sub("", text) if _is_unwelcome(c)), None):
        shown = odd if odd in MARKUP else f"U+{ord(odd):04X}"
        raise invalid("name", "Must not contain the character %(character)s.", character=shown)
    return text


def _shows(character: str) -> bool:
    return character not in BLANK and unicodedata.category(character)[0] not in "MZ"


def _is_unwelcome(character: str) -> bool:
    if character in JOINERS:
        return False
    category, number = unicodedata.category(character), ord(character)
    # What is unassigned may be an emoji or ideograph that this Python does not know yet.
    never = number & 0xFFFE == 0xFFFE or 0xFDD0 <= number <= 0xFDEF or number >= 0xE0000
    return character in MARKUP or category in UNWELCOME or (category == "Cn" and never)
