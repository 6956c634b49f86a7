"""eSpeak NG through ctypes: text in, samples and the times of its words out.

The calls and numbers are those of `speak_lib.h` of eSpeak NG 1.52. One process has one
synthesiser, which is made when it is first needed. It is used by one thread only.
"""

import ctypes
import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path

from api.errors import NotReady, TooLarge

SAMPLE_RATE = 22_050
BYTES_PER_SECOND = 2 * SAMPLE_RATE
SYNCHRONOUS, BUFFER_MS, DONT_EXIT = 2, 200, 0x8000
RATE, VOLUME, PITCH, WORD_GAP = 1, 2, 3, 7
FULL_VOLUME = 100  # more than that clips
UTF8, SSML, END_PAUSE = 1, 0x10, 0x1000
END_OF_EVENTS, WORD = 0, 1
# Text, whether it is SSML, and whether a sentence ends with it.
Piece = tuple[str, bool, bool]
# 16-bit mono samples; for each word its time in ms and the index of a character in it.
Sound = tuple[bytes, list[tuple[int, int]]]


class _Id(ctypes.Union):
    _fields_ = (("number", ctypes.c_int), ("name", ctypes.c_char_p), ("text", ctypes.c_char * 8))


class _Event(ctypes.Structure):
    """`text_position` counts characters from 1, `audio_position` milliseconds."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", _Id),
    )


class _Voice(ctypes.Structure):
    """`languages` is a priority byte, a name, and so on until a zero byte."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("languages", ctypes.c_char_p),
        ("identifier", ctypes.c_char_p),
        ("gender", ctypes.c_ubyte),
        ("age", ctypes.c_ubyte),
        ("variant", ctypes.c_ubyte),
        ("spare_byte", ctypes.c_ubyte),
        ("score", ctypes.c_int),
        ("spare", ctypes.c_void_p),
    )


_OnAudio = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)
_OnAddress = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_char_p)


class Espeak:
    """The synthesiser of this process.

    Raises:
        NotReady: its library or data cannot be used.
    """

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        home = _short(Path(espeakng_loader.get_data_path()).parent)
        if self._library.espeak_Initialize(SYNCHRONOUS, BUFFER_MS, home, DONT_EXIT) != SAMPLE_RATE:
            raise NotReady("eSpeak NG cannot be started.", "speech_failed")
        # The library keeps only pointers to these.
        self._callbacks = _OnAudio(self._take), _OnAddress(lambda *_: 1)
        self._library.espeak_SetSynthCallback(self._callbacks[0])
        self._library.espeak_SetUriCallback(self._callbacks[1])  # 1: play no files
        self._samples = bytearray()
        self._words: list[tuple[int, int]] = []
        self._most_bytes = 0

    def voices(self) -> list[tuple[str, str, str]]:
        """Identifier, name and language of each voice."""
        self._library.espeak_ListVoices.restype = ctypes.POINTER(ctypes.POINTER(_Voice))
        found = self._library.espeak_ListVoices(None)
        voices: list[tuple[str, str, str]] = []
        while found[len(voices)]:
            one = found[len(voices)].contents
            voices.append((one.identifier.decode(), one.name.decode(), one.languages[1:].decode()))
        return voices

    def choose(self, voice: str, words_per_minute: int, pitch: int, word_gap: int) -> None:
        """Say how to speak; nothing of it lasts, so it is said before each task.

        Raises:
            NotReady: there is no such voice.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise NotReady("The voice %(name)s cannot be loaded.", "speech_failed", name=voice)
        wanted = {RATE: words_per_minute, VOLUME: FULL_VOLUME, PITCH: pitch, WORD_GAP: word_gap}
        for parameter, value in wanted.items():
            self._library.espeak_SetParameter(parameter, value, 0)

    def speak(self, piece: Piece, most_bytes: int) -> Sound:
        """The sound of a piece of text.

        Raises:
            TooLarge: it is longer than so many bytes.
            NotReady: eSpeak NG gives up.
        """
        text, is_ssml, ends = piece
        self._samples.clear()
        self._words.clear()
        self._most_bytes = most_bytes
        flags = UTF8 | (SSML if is_ssml else 0) | (END_PAUSE if ends else 0)
        data = text.encode() + b"\0"
        if self._library.espeak_Synth(data, len(data), 0, 1, 0, flags, None, None) != 0:
            raise NotReady("eSpeak NG could not speak this text.", "speech_failed")
        if len(self._samples) > most_bytes:
            raise TooLarge("The speech would be too long.", "audio_too_long")
        return bytes(self._samples), list(self._words)

    def _take(self, samples: object, count: int, events: "ctypes.Array[_Event]") -> int:
        """Called by the library with each buffer; 1 stops it."""
        if samples and count > 0:
            self._samples += ctypes.string_at(samples, 2 * count)  # type: ignore[arg-type]
        at = 0
        while events[at].type != END_OF_EVENTS:
            if events[at].type == WORD:
                self._words.append((events[at].audio_position, events[at].text_position - 1))
            at += 1
        return int(len(self._samples) > self._most_bytes)


@cache
def _espeak() -> Espeak:
    return Espeak()


def _short(folder: Path) -> bytes:
    """A name for the folder that fits the 160 bytes which the library has for it."""
    if not Path("/proc/self/fd").is_dir():
        return os.fsencode(folder)
    return f"/proc/self/fd/{os.open(folder, os.O_RDONLY)}".encode()


def espeak_voices() -> list[tuple[str, str, str]]:
    """Identifier, name and language of each voice of eSpeak NG."""
    return _espeak().voices()


def speak(
    manner: tuple[str, int, int, int], pieces: Sequence[Piece], most_seconds: float
) -> list[Sound]:
    """The sounds of some pieces of text, 16-bit mono at SAMPLE_RATE.

    Args:
        manner: the voice's identifier, words per minute (80-450), pitch (0-99), and the gap
            between words in units of 10 ms.

    Raises:
        TooLarge: `audio_too_long`: together they are longer than that.
        NotReady: `speech_failed`.
    """
    espeak, left, sounds = _espeak(), int(most_seconds * BYTES_PER_SECOND), []
    espeak.choose(*manner)
    for piece in pieces:
        sounds.append(espeak.speak(piece, left))
        left -= len(sounds[-1][0])
    return sounds
