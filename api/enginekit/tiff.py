"""The pages of a TIFF file; it may also have thumbnails, reduced copies and masks of them."""

from typing import Any

from PIL import Image

# Tags with the kind of an image, and the bits and the value for those that are no pages.
KIND, OLD_KIND = 254, 255
REDUCED, MASK, OLD_REDUCED = 1, 4, 2
# Nobody has so many images in a file; looking further takes long.
MOST_FRAMES = 5000


def page_frames(picture: Image.Image, most: int) -> list[int]:
    """Return which frames of an opened TIFF file are its pages, at most so many.

    If all of them are said to be something else, all of them are pages.
    """
    pages: list[int] = []
    others: list[int] = []
    for number in range(MOST_FRAMES):
        if len(pages) == most or (is_page := _is_page(picture, number)) is None:
            break
        (pages if is_page else others).append(number)
    return (pages or others)[:most]


def _is_page(picture: Any, number: int) -> bool | None:
    """Turn to a frame and return whether it is a page; None if there is no such frame."""
    try:
        picture.seek(number)
    except EOFError:
        return None
    # Pillow has read the tags before it finds that it can't decode the frame.
    except (SyntaxError, TypeError):
        if not _is_other(picture.tag_v2):
            raise
    return not _is_other(picture.tag_v2)


def _is_other(tags: Any) -> bool:
    kind = tags.get(KIND, 0)
    return bool(kind & (REDUCED | MASK)) or tags.get(OLD_KIND) == OLD_REDUCED
