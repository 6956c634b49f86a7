"""What runs in a child process: eSpeak NG, which has crashed on odd text, and FFmpeg's encoders.

Both are under the GPL, so the server itself never loads them (see NOTICE).
"""

from api.services.tts.guest.espeak import espeak_voices, speak
from api.services.tts.guest.phonemes import phonemes

NATIVE = ("api.services.tts.guest.ffmpeg",)
__all__ = ["espeak_voices", "phonemes", "speak"]
