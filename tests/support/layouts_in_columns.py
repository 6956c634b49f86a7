"""Drawn pages that are read column by column."""

from drawing import MARGIN, WIDTH, Drawing, bill, layout
from layout_texts import LETTERS
from PIL import Image


def _columns(d: Drawing, count: int, y: float, gutter: float, **how: float) -> float:
    width = (WIDTH - 2 * MARGIN - gutter * (count - 1)) / count
    ends = []
    for n in range(count):
        at, x = y, MARGIN + n * (width + gutter)
        for _ in range(d.chance.randint(2, 3)):
            at = d.column(x, at, width, d.prose(d.chance.randint(2, 4)), **how)
            at += d.chance.choice((0, 0, d.size // 2))
        ends.append(at)
    return max(ends)


@layout("columns-2")
def two_columns(d: Drawing) -> None:
    """A heading, then two columns."""
    d.say(d.put(MARGIN, 80, "Notes from the coast" if d.language == "en" else "Notas", 44))
    y = _columns(d, 2, 170, d.chance.choice((40, 60)))
    d.say(d.put(WIDTH / 2, y + 80, str(d.chance.randint(2, 99)), 18))


@layout("columns-3")
def three_columns(d: Drawing) -> None:
    """A newspaper page: two articles below each other, each in three justified columns."""
    d.size = min(d.size, 22)
    for title, y in (("Harbour opens again", 80), ("A long dry summer", 900)):
        d.say(d.put(MARGIN, y, title, 48))
        _columns(d, 3, y + 80, 36, justified=1)


@layout("columns-narrow")
def narrow_gutter(d: Drawing) -> None:
    """Two justified columns with little space between them, as in papers."""
    d.say(d.put(260, 70, "On the movement of sand along the shore", 34))
    d.size = min(d.size, 22)
    _columns(d, 2, 150, d.chance.choice((20, 26)), justified=1, leading=1.2)


@layout("columns-dense")
def dense_columns(d: Drawing) -> None:
    """A page full of small justified text in two narrowly parted columns with headings inside."""
    d.size = 19
    width, gutter = (WIDTH - 2 * MARGIN - 18) / 2, 18
    for n in range(2):
        x, y = MARGIN + n * (width + gutter), 80.0
        for title in ("Methods", "Results", "Limits", "Thanks"):
            d.say(d.put(x, y, f"{n + 1}. {title}", 21))
            y = d.column(x, y + 34, width, d.prose(9), justified=1, leading=1.2) + 12


@layout("columns-image")
def columns_with_image(d: Drawing) -> None:
    """Two columns; an image with its caption stands in one of them."""
    width = (WIDTH - 2 * MARGIN - 50) / 2
    y = d.column(MARGIN, 90, width, d.prose(6))
    d.column(MARGIN, y + 10, width, d.prose(5))
    x = MARGIN + width + 50
    noise = d.chance.randbytes(40 * 30)
    image = Image.frombytes("L", (40, 30), noise).resize((int(width), 360))
    d.strokes.append(lambda page, _: page.paste(image, (int(x), 90)))
    y = d.column(x, 462, width, "Figure 1. " + d.sentence(), size=17)
    d.column(x, y + 30, width, d.prose(5))


@layout("columns-footnotes")
def columns_with_footnotes(d: Drawing) -> None:
    """A summary across the page, two columns, a footnote and a line below both."""
    y = d.column(MARGIN + 60, 80, WIDTH - 2 * MARGIN - 120, d.prose(3), size=20)
    y = _columns(d, 2, y + 40, 44, justified=1)
    y = d.column(MARGIN, y + 50, WIDTH - 2 * MARGIN, "1 " + d.prose(2), size=17)
    d.say(d.put(MARGIN, y + 60, "Journal of Coastal Studies, volume 12, page 31", 17))


@layout("columns-verse")
def verse(d: Drawing) -> None:
    """Two columns of verse, each line with a capital."""
    words = {
        "en": ("Over the hill", "Under the moon", "Come to the mill", "Sing me a tune",
               "Down by the sea", "Far from the town", "Waits a tall tree", "Leaves turning brown"),
        "es": ("Sobre la mar", "Bajo la luna", "Quiero cantar", "Cerca la cuna", "Lejos del pueblo",
               "Junto al camino", "Canta un jilguero", "Muele el molino"),
    }[d.language]  # fmt: skip
    for n in range(2):
        y = 100.0
        for _ in range(5):
            for stop in ",;,.":
                line = f"{d.chance.choice(words)}, {d.chance.choice(words).lower()}{stop}"
                d.say(d.put(MARGIN + n * 540, y, line))
                y += d.size * 1.35
            y += d.size


@layout("columns-bullets")
def bullets_in_columns(d: Drawing) -> None:
    """Two columns of paragraphs that begin with dots."""
    d.say(d.put(MARGIN, 80, "Rules of the house" if d.language == "en" else "Normas", 40))
    for n in range(2):
        x, y = MARGIN + n * 550, 170.0
        for _ in range(6):
            d.dot(x, y + 9)
            y = d.column(x + 28, y, 480, d.sentence()) + 8


@layout("sidebar")
def sidebar(d: Drawing) -> None:
    """A wide column of text and beside it figures in a smaller type."""
    right = d.chance.random() < 0.5
    wide, narrow, gap = 700, 300, 60
    main, side = (MARGIN, MARGIN + wide + gap) if right else (MARGIN + narrow + gap, MARGIN)
    d.say(d.put(MARGIN, 70, "Lakeside Joinery: a steady year", 40))

    def text() -> None:
        y = 160.0
        for _ in range(4):
            y = d.column(main, y, wide, d.prose(4)) + 16

    def figures() -> None:
        y = 163.0
        d.say(d.put(side, y, "Key figures", 20))
        labels = ("Price", "Target", "Market value", "Shares issued", "Sales 2025", "Sales 2026")
        for n, label in enumerate(labels):
            y += 31
            amount = f"{d.chance.randint(2, 90)}.{n}5"
            d.put(side, y, label, 17)
            d.put(side + narrow, y, amount, 17, right=True)
            d.say(f"{label} {amount}")
        d.column(side, y + 60, narrow, d.prose(2), size=17)

    for part in (text, figures) if right else (figures, text):
        part()


@layout("letters-2")
def addresses(d: Drawing) -> None:
    """A letter with two addresses side by side, read block by block, then running text."""
    for n, address in enumerate(LETTERS):
        for m, line in enumerate(address):
            d.say(d.put(MARGIN + 640 * n, 90 + m * d.size * 1.4, line))
    y = d.column(MARGIN, 330, WIDTH - 2 * MARGIN, d.prose(4)) + d.size
    d.column(MARGIN, y, WIDTH - 2 * MARGIN, d.prose(3))


@layout("menu-2")
def menu_in_columns(d: Drawing) -> None:
    """Two columns of dishes and prices, each with its own title, far apart."""
    for n, title in enumerate(("Starters", "Desserts")):
        x = MARGIN + n * 570
        d.say(d.put(x, 120, title, 36))
        d.table((x, x + 480), 200, [(a, p) for a, _, p, _ in bill(d, 9)], d.size * 1.8, (1,))


@layout("quote")
def quote(d: Drawing) -> None:
    """Running text with an indented quotation, a heading and a page number in the margin."""
    y = d.column(MARGIN, 90, 900, d.prose(4)) + 20
    y = d.column(MARGIN + 120, y, 660, d.prose(3)) + 20
    d.column(MARGIN, y, 900, d.prose(5))
