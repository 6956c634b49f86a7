"""What runs in a child process: eSpeak NG, which is not thread-safe and has crashed on odd text."""

from api.services.tts.guest.espeak import espeak_voices, speak
from api.services.tts.guest.phonemes import phonemes

__all__ = ["espeak_voices", "phonemes", "speak"]
