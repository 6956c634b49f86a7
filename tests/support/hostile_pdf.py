"""PDF files of a few kilobytes that would cost gigabytes or minutes."""

import struct
import zlib
from functools import cache

HELVETICA = b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>"
WHOLE_PAGE = b"q 595 0 0 842 0 0 cm /I Do Q"
FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
SIDE = 30_000  # of a picture of 900 megapixels


def file_of(*objects: bytes) -> bytes:
    """A PDF file of these objects, the first of which is the catalogue."""
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
    return out + head + table + tail % (len(objects) + 1, len(out))


def stream(content: bytes, more: bytes = b"") -> bytes:
    packed = zlib.compress(content, 6)
    return b"<</Length %d/Filter/FlateDecode%s>>stream\n%s\nendstream" % (len(packed), more, packed)


def pages(count: int, content: bytes, resources: bytes = b"", *more: bytes) -> bytes:
    """Pages with one content; the objects that are given have the numbers 5, 6 and so on."""
    kids = b" ".join(b"%d 0 R" % (5 + len(more) + n) for n in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>>>"
    return file_of(
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids),
        HELVETICA,
        stream(content),
        *more,
        *[page % (b"/Font<</F1 3 0 R>>" + resources)] * count,
    )


def letters(count: int, before: bytes = b"") -> bytes:
    """Lines of sixteen words of five letters, in type of one point."""
    line = b"(" + b" ".join([b"their", b"which"] * 8) + b") Tj 0 -1 Td\n"
    return b"BT %s /F1 1 Tf 10 830 Td\n" % before + line * (count // 80) + b"ET"


def nested(depth: int, times: int) -> bytes:
    """Forms that show forms, each so often."""
    inner = b"BT /F1 8 Tf 10 100 Td (hello) Tj ET"
    resources = b"/Resources<</Font<</F1 3 0 R>>/XObject<</X %d 0 R>>>>"
    forms = [stream(b"/X Do " * times, FORM + resources % (6 + n)) for n in range(depth)]
    last = stream(inner, FORM + b"/Resources<</Font<</F1 3 0 R>>>>")
    return pages(1, b"/X Do " * times, b"/XObject<</X 5 0 R>>", *forms, last)


@cache
def zeros(count: int) -> bytes:
    """So many zeros, packed."""
    packer, block = zlib.compressobj(9), bytes(1 << 20)
    parts = [packer.compress(block) for _ in range(count >> 20)]
    return b"".join([*parts, packer.compress(bytes(count % (1 << 20))), packer.flush()])


def image(
    packed: bytes, filters: bytes, side: int = SIDE, more: bytes = b"", bits: int = 1
) -> bytes:
    """A picture as an object of its own."""
    head = b"<</Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceGray" % (side, side)
    rest = b"/BitsPerComponent %d/Filter%s/Length %d%s>>stream\n%s\nendstream"
    return head + rest % (bits, filters, len(packed), more, packed)


def showing(*objects: bytes) -> bytes:
    """A page that shows the first of these objects all over it."""
    return pages(1, WHOLE_PAGE, b"/XObject<</I 5 0 R>>", *objects)


def jpeg_header(side: int) -> bytes:
    """The beginning of a grey JPEG of this size."""
    frame = struct.pack(">BHHB3B", 8, side, side, 1, 1, 0x11, 0)
    return b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0" + struct.pack(">H", len(frame) + 2) + frame


def jpeg_2000_header(side: int) -> bytes:
    """The beginning of a grey JPEG 2000 codestream of this size."""
    sizes = struct.pack(">8IH3B", side, side, 0, 0, side, side, 0, 0, 1, 7, 1, 1)
    return b"\xff\x4f\xff\x51" + struct.pack(">HH", len(sizes) + 4, 0) + sizes


def jbig2_header(side: int) -> bytes:
    """A page of JBIG2 of this size with nothing on it."""
    page = struct.pack(">IIIIBH", side, side, 0, 0, 0, 0)
    return struct.pack(">IBBBI", 0, 48, 0, 1, len(page)) + page


def pictures() -> dict[str, bytes]:
    """Pages that show a picture of 900 megapixels, each in another way."""
    bilevel = zeros(SIDE * SIDE // 8)
    flate = image(bilevel, b"/FlateDecode")
    fax = b"/DecodeParms<</K -1/Columns %d/Rows %d>>" % (SIDE, SIDE)
    small = image(zeros(100), b"/FlateDecode", 10, b"/SMask 6 0 R", 8)
    tile = b"/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 9 9]/XStep 9/YStep 9"
    holds = b"/Resources<</XObject<</I 6 0 R>>>>"
    painted = b"/Pattern cs /P scn 0 0 595 842 re f"
    inline = b"q 9 0 0 9 0 0 cm BI /W %d /H %d /CS /G /BPC 1 %s ID %s EI Q"
    glyphs = b"<</Type/Font/Subtype/Type3/FontBBox[0 0 1 1]/FontMatrix[1 0 0 1 0 0]/FirstChar 97"
    glyphs += b"/LastChar 97/Widths[1]/Encoding<</Differences[97/a]>>/CharProcs<</a 7 0 R>>%s>>"
    return {
        "flate": showing(flate),
        "rows-of-lzw": showing(image(b"\x80\x0b\x60\x50", b"[/ASCIIHexDecode/LZWDecode]")),
        "fax": showing(image(bytes(2000), b"/CCITTFaxDecode", SIDE, fax)),
        "jbig2": showing(image(jbig2_header(SIDE), b"/JBIG2Decode")),
        "jpeg": showing(image(jpeg_header(SIDE), b"/DCTDecode", bits=8)),
        "jpeg-that-lies": showing(image(jpeg_header(SIDE), b"/DCTDecode", 10, bits=8)),
        "jpeg-2000": showing(image(jpeg_2000_header(SIDE), b"/JPXDecode", bits=8)),
        "jpeg-2000-that-lies": showing(image(jpeg_2000_header(SIDE), b"/JPXDecode", 10, bits=8)),
        "inline": pages(1, inline % (SIDE, SIDE, b"/F /AHx", b"00" * 900 + b">")),
        "inline-flate": pages(1, inline % (SIDE, SIDE, b"/F /Fl", bilevel)),
        "mask": showing(small, flate),
        "pattern": pages(
            1, painted, b"/Pattern<</P 5 0 R>>", stream(WHOLE_PAGE, tile + holds), flate
        ),
        "form": pages(
            1, b"/X Do", b"/XObject<</X 5 0 R>>", stream(WHOLE_PAGE, FORM + holds), flate
        ),
        "size-elsewhere": showing(flate.replace(b"/Width 30000", b"/Width 6 0 R"), b"%d" % SIDE),
        "glyph": pages(
            1,
            b"BT /F2 9 Tf 9 9 Td (a) Tj ET",
            b"/Font<</F2 5 0 R>>",
            glyphs % b"/Resources<</XObject<</I 6 0 R>>>>",
            flate,
            stream(b"1 0 d0 /I Do"),
        ),
    }


def complex_pages() -> dict[str, bytes]:
    """Pages that take too much memory or time to be looked at."""
    identity = b"<</Type/Font/Subtype/Type0/BaseFont/A/Encoding/Identity-H/ToUnicode 6 0 R"
    identity += b"/DescendantFonts[<</Type/Font/Subtype/CIDFontType2/BaseFont/A/CIDSystemInfo"
    identity += b"<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>>>]>>"
    ligature = b"begincmap 1 begincodespacerange <0000> <FFFF> endcodespacerange "
    ligature += b"1 beginbfrange <0041> <0041> <%s> endbfrange endcmap" % (b"0041" * 200_000)
    one = pages(1, letters(1000))
    return {
        "millions-of-invisible-letters": pages(1, letters(4_000_000, b"3 Tr 9999 9999 Td")),
        "a-million-texts": pages(1, b"BT /F1 9 Tf 9 9 Td " + b"(a) Tj " * 1_000_000 + b"ET"),
        "forms": nested(8, 10),
        "one-content-a-hundred-thousand-times": one.replace(
            b"/Contents 4 0 R", b"/Contents[" + b"4 0 R " * 100_000 + b"]"
        ),
        "millions-of-lines": pages(1, b"0 0 m " + b"9 9 l " * 9_000_000 + b"S"),
        "millions-of-states": pages(1, b"q " * 5_000_000),
        "endless-ligatures": pages(
            1,
            b"BT /F2 9 Tf 9 9 Td <" + b"0041" * 1000 + b"> Tj ET",
            b"/Font<</F2 5 0 R>>",
            identity,
            stream(ligature),
        ),
    }
