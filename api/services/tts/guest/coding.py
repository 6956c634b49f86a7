"""How a format is made by FFmpeg."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Coding:
    """FFmpeg's names for a container and a codec, and its settings; `rate` 0 keeps the voice's."""

    container: str
    codec: str
    rate: int = 0
    bit_rate: int = 0
    options: dict[str, str] = field(default_factory=dict)
