"""PDF files with images on their pages, such as scanners and word processors write."""

import zlib
from collections.abc import Sequence

import hostile_pdf
from PIL import Image

WIDTH, HEIGHT = 595, 842
# left, bottom, width, height in points
Place = tuple[float, float, float, float]
WHOLE: Place = (0, 0, WIDTH, HEIGHT)


def page(
    images: Sequence[tuple[Image.Image, Place]], over: bytes = b"", under: bytes = b""
) -> bytes:
    """A page of A4 with grey images in their places, and content over and under them."""
    shown = b"".join(
        b"q %f 0 0 %f %f %f cm /I%d Do Q\n" % (place[2], place[3], place[0], place[1], n)
        for n, (_, place) in enumerate(images)
    )
    names = b" ".join(b"/I%d %d 0 R" % (n, 5 + n) for n in range(len(images)))
    objects = [_image(image.convert("L")) for image, _ in images]
    content = b"\n".join([under, shown, over])
    return hostile_pdf.pages(1, content, b"/XObject<<%s>>" % names, *objects)


def _image(image: Image.Image) -> bytes:
    packed = zlib.compress(image.tobytes())
    head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray" % image.size
    rest = b"/BitsPerComponent 8/Filter/FlateDecode/Length %d>>stream\n%s\nendstream"
    return head + rest % (len(packed), packed)


def text(line: bytes, x: float, y: float, size: float = 12, mode: int = 0) -> bytes:
    """A line of Helvetica; mode 3 cannot be seen."""
    return b"BT /F1 %f Tf %d Tr 1 0 0 1 %f %f Tm (%s) Tj ET\n" % (size, mode, x, y, line)
