"""Keeps libraries from calling their makers and from writing to the home folder.

Percept calls nobody by itself. What a library would do uninvited is switched off here, by the
variables that it reads when it is imported; child processes inherit them. Nothing overrules them.
"""

import os

SWITCHES = {
    # onnxruntime: usage data and an id of this machine, kept under ~/.cache.
    "ORT_DISABLE_TELEMETRY": "1",
    # huggingface_hub, which faster-whisper imports: downloads and usage data.
    "HF_HUB_OFFLINE": "1",
    "DO_NOT_TRACK": "1",
    # Keras: ~/.keras/keras.json. This is a place where nothing can be written.
    "KERAS_HOME": os.devnull,
}


def silence_libraries() -> None:
    """Set the switches; must be called before any of the libraries is imported."""
    os.environ.update(SWITCHES)
