"""Teaches Pillow HEIC and HEIF. The library comes with x265 (GPL), so only guests import this."""

import pillow_heif

pillow_heif.register_heif_opener()
