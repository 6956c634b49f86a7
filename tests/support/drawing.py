"""A page that is drawn by a seed, with its text in the order that a person reads it."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from layout_texts import ARTICLES, SENTENCES
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT, MARGIN = 1240, 1754, 90
Box = tuple[float, float, float, float]


@cache
def _default_font(size: int) -> ImageFont.FreeTypeFont:
    made = ImageFont.load_default(size)
    assert isinstance(made, ImageFont.FreeTypeFont)
    return made


@dataclass
class Drawing:
    """A page that is being drawn.

    `text` is what it says, in the order that a person reads it; `pieces` are what it says and
    where, in the order that they are drawn; `rules` are lines across the page.
    """

    seed: int
    fonts: Sequence[Path] = ()
    language: str = ""
    text: list[str] = field(default_factory=list)
    pieces: list[tuple[str, Box]] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.chance = random.Random(self.seed)
        self.language = self.language or self.chance.choice(("en", "es"))
        self.path = self.chance.choice(list(self.fonts)) if self.fonts else None
        self.strokes: list[Callable[[Image.Image, ImageDraw.ImageDraw], None]] = []
        self.size = self.chance.choice((20, 22, 24, 26))

    def page(self) -> Image.Image:
        """Draw the page."""
        page = Image.new("RGB", (WIDTH, HEIGHT), "white")
        pen = ImageDraw.Draw(page)
        for stroke in self.strokes:
            stroke(page, pen)
        return page

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """The page's typeface in this size."""
        if self.path:
            return ImageFont.truetype(str(self.path), size)
        return _default_font(size)

    def put(self, x: float, y: float, words: str, size: int = 0, right: bool = False) -> str:
        """Draw words from x, or up to x; return them."""
        font = self.font(size or self.size)
        wide = font.getlength(words)
        left = x - wide if right else x
        self.ink(left, y, words, font)
        if words:
            self.pieces.append((words, (left, y, left + wide, y + 1.2 * (size or self.size))))
        return words

    def ink(self, x: float, y: float, words: str, font: ImageFont.FreeTypeFont) -> None:
        """Draw words, but keep no record of them."""
        self.strokes.append(lambda _, pen: pen.text((x, y), words, "black", font))

    def dot(self, x: float, y: float) -> None:
        """Draw the mark of a list."""
        self.strokes.append(lambda _, pen: pen.ellipse([x, y, x + 7, y + 7], "black"))

    def rule(self, *ends: float) -> None:
        """Draw a line from x, y to x, y."""
        self.strokes.append(lambda _, pen: pen.line(ends, "black", 2))
        self.rules.append((ends[0], ends[1], ends[2], ends[3]))

    def say(self, *lines: str) -> None:
        """Add to the text of the page."""
        self.text += lines

    def sentence(self) -> str:
        """Any sentence in the page's language."""
        return self.chance.choice(SENTENCES[self.language])

    def prose(self, sentences: int) -> str:
        """So many sentences, none of them twice in a row."""
        pool = SENTENCES[self.language]
        start = self.chance.randrange(len(pool))
        return " ".join(pool[(start + n) % len(pool)] for n in range(sentences))

    def wrapped(self, words: str, width: float, size: int = 0) -> list[str]:
        """The lines of a paragraph of this width."""
        font, lines = self.font(size or self.size), [""]
        for word in words.split():
            longer = f"{lines[-1]} {word}".strip()
            if font.getlength(longer) <= width or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines

    def column(self, x: float, y: float, width: float, words: str, **how: float) -> float:
        """A paragraph, justified if asked for; return where it ends."""
        size, justified = int(how.get("size", self.size)), how.get("justified", 0)
        lines, font = self.wrapped(words, width, size), self.font(size)
        for n, line in enumerate(lines):
            at = x
            gap = font.getlength(" ")
            many = line.count(" ")
            if justified and many and n < len(lines) - 1:
                gap += (width - font.getlength(line)) / many
            for word in line.split(" "):
                self.ink(at, y, word, font)
                at += font.getlength(word) + gap
            self.pieces.append((line, (x, y, at - gap, y + 1.2 * size)))
            self.say(line)
            y += round(size * how.get("leading", 1.35))
        return y

    def table(self, x: Sequence[float], y: float, rows: Sequence[Sequence[str]], pitch: float,
              right: Sequence[int] = ()) -> float:  # fmt: skip
        """Rows of cells that begin (or end) at x."""
        for row in rows:
            self.say(" ".join(cell for cell in row if cell))
            for n, cell in enumerate(row):
                self.put(x[n], y, cell, right=n in right)
            y += pitch
        return y

    def grid(self, xs: Sequence[float], ys: Sequence[float]) -> None:
        """Ruled lines."""
        for x in xs:
            self.rule(x, ys[0], x, ys[-1])
        for y in ys:
            self.rule(xs[0], y, xs[-1], y)


Layout = Callable[[Drawing], None]
LAYOUTS: dict[str, Layout] = {}


def layout(kind: str) -> Callable[[Layout], Layout]:
    """Register a layout under its kind."""

    def add(draw: Layout) -> Layout:
        LAYOUTS[kind] = draw
        return draw

    return add


def bill(d: Drawing, count: int) -> list[tuple[str, str, str, str]]:
    """Articles with a number, a price and an amount."""
    rows = []
    for article in d.chance.sample(ARTICLES, count):
        many, price = d.chance.randint(1, 9), d.chance.randint(100, 9900) / 100
        rows.append((article, str(many), f"{price:.2f}", f"{many * price:.2f}"))
    return rows
