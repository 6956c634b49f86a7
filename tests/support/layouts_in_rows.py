"""Drawn pages that are read row by row, or cell by cell."""

from drawing import MARGIN, WIDTH, Drawing, bill, layout
from layout_texts import ARTICLES, LABELS, LETTERS, VALUES, WIDE_LABELS, WIDE_VALUES


def _pairs(d: Drawing, count: int) -> list[tuple[str, str]]:
    labels = d.chance.sample(LABELS[d.language], count)
    return list(zip(labels, d.chance.sample(VALUES, count), strict=True))


@layout("form")
def form(d: Drawing) -> None:
    """Labels on the left, values on the right."""
    d.say(d.put(MARGIN, 70, "Application" if d.language == "en" else "Solicitud", 40))
    colon = d.chance.choice(("", ":"))
    x = MARGIN + d.chance.choice((360, 480, 620))
    rows = [(a + colon, b) for a, b in _pairs(d, d.chance.randint(6, 14))]
    d.table((MARGIN, x), 170, rows, d.size * d.chance.choice((1.4, 1.8, 2.4)))


@layout("form-wide")
def wide_form(d: Drawing) -> None:
    """Labels and values of several words each."""
    labels, values = d.chance.sample(WIDE_LABELS[d.language], 8), d.chance.sample(WIDE_VALUES, 8)
    rows = list(zip(labels, values, strict=True))
    d.table((MARGIN, MARGIN + 580), 150, rows, d.size * d.chance.choice((1.4, 1.9, 2.4)))


@layout("form-4")
def form_of_four(d: Drawing) -> None:
    """Label, value, label, value."""
    pairs = _pairs(d, 12)
    rows = [(*pairs[2 * n], *pairs[2 * n + 1]) for n in range(6)]
    d.size = min(d.size, 22)
    d.table((MARGIN, MARGIN + 280, MARGIN + 560, MARGIN + 830), 200, rows, d.size * 2)


@layout("form-letter")
def form_in_letter(d: Drawing) -> None:
    """A form between two paragraphs of running text."""
    y = d.column(MARGIN, 90, WIDTH - 2 * MARGIN, d.prose(4)) + d.size
    y = d.table((MARGIN, MARGIN + 420), y, _pairs(d, 8), d.size * 1.5) + d.size
    d.column(MARGIN, y, WIDTH - 2 * MARGIN, d.prose(4))


@layout("grid")
def ruled_table(d: Drawing) -> None:
    """A drawn table with wide labels."""
    pitch, x = d.size * 2.2, [MARGIN, MARGIN + 520, WIDTH - MARGIN]
    pairs = _pairs(d, 10)
    rows = [(f"{label} ({d.chance.choice(LABELS[d.language]).lower()})", v) for label, v in pairs]
    d.grid(x, [200 + pitch * n for n in range(len(rows) + 1)])
    d.table([place + 14 for place in x], 200 + d.size * 0.5, rows, pitch)


@layout("grid-cells")
def ruled_table_of_sentences(d: Drawing) -> None:
    """A drawn table whose cells have several lines each, read cell by cell."""
    x, y = [MARGIN, MARGIN + 340, MARGIN + 720, WIDTH - MARGIN], 150.0
    edges = [y]
    for _ in range(5):
        ends = []
        for n in range(3):
            words = d.chance.choice(LABELS[d.language]) if n == 0 else d.sentence()
            ends.append(d.column(x[n] + 12, y + 12, x[n + 1] - x[n] - 24, words))
        y = max(ends) + 10
        edges.append(y)
    d.grid(x, edges)


@layout("invoice")
def invoice(d: Drawing) -> None:
    """Two addresses side by side, a table without rules, sums below it."""
    for n, address in enumerate(LETTERS):
        for m, line in enumerate(address):
            d.say(d.put(MARGIN + 600 * n, 90 + m * d.size * 1.4, line))
    head = ("Article", "Quantity", "Price", "Amount")
    x = (MARGIN, MARGIN + 640, MARGIN + 850, WIDTH - MARGIN)
    y = d.table(x, 340, [head, *bill(d, 8)], d.size * 1.8, right=(1, 2, 3))
    sums = [("Subtotal", "812.40"), ("VAT 21 %", "170.60"), ("Total amount payable", "983.00")]
    d.table((MARGIN + 560, WIDTH - MARGIN), y + 20, sums, d.size * 1.8, right=(1,))


@layout("table-wide")
def table_without_rules(d: Drawing) -> None:
    """Three columns of wide cells in rows."""
    rows = list(zip(d.chance.sample(ARTICLES, 10), d.chance.sample(LABELS[d.language], 10),
                    d.chance.sample(VALUES, 10), strict=True))  # fmt: skip
    d.table((MARGIN, MARGIN + 380, MARGIN + 760), 120, rows, d.size * d.chance.choice((1.4, 2.2)))


@layout("prices")
def price_list(d: Drawing) -> None:
    """A menu with dot leaders."""
    d.say(d.put(500, 80, "Menu", 48))
    y, font = 190.0, d.font(d.size)
    for article, _, price, _ in bill(d, 12):
        begin, end = MARGIN + font.getlength(article) + 10, WIDTH - MARGIN - font.getlength(price)
        dots = "." * int((end - 10 - begin) / font.getlength("."))
        d.put(MARGIN, y, article)
        d.put(begin, y, dots)
        d.put(WIDTH - MARGIN, y, price, right=True)
        d.say(f"{article} {dots} {price}")
        y += d.size * 1.9


@layout("receipt")
def receipt(d: Drawing) -> None:
    """A narrow slip with amounts at its right."""
    for n, line in enumerate(LETTERS[0]):
        d.say(d.put(480, 90 + n * d.size * 1.4, line))
    rows = [(a, s) for a, _, _, s in bill(d, 9)]
    d.table((340, 900), 300, [*rows, ("TOTAL", "214.90"), ("CASH", "220.00")], d.size * 1.4, (1,))


@layout("contents")
def contents(d: Drawing) -> None:
    """Chapters with numbers at the left and page numbers at the right."""
    d.say(d.put(MARGIN, 80, "Contents" if d.language == "en" else "Índice", 44))
    rows = [(f"{n + 1}", d.sentence().rstrip(".")[:48].strip(), f"{7 + 11 * n}") for n in range(12)]
    d.table((MARGIN, MARGIN + 70, WIDTH - MARGIN), 190, rows, d.size * 1.7, right=(2,))


@layout("pleading")
def pleading(d: Drawing) -> None:
    """Numbered lines, the numbers in the margin."""
    lines = d.wrapped(d.prose(14), 860)[:25]
    rows = [(str(n + 1), line) for n, line in enumerate(lines)]
    d.table((MARGIN, MARGIN + 110), 110, rows, d.size * 2)


@layout("list")
def hanging_list(d: Drawing) -> None:
    """Numbers far from the paragraphs that they number."""
    y = 100.0
    for n in range(6):
        lines = d.wrapped(d.prose(2), 820)
        rows = [(f"{n + 1}." if not m else "", line) for m, line in enumerate(lines)]
        y = d.table((MARGIN, MARGIN + 140), y, rows, d.size * 1.4) + 14


@layout("dialogue")
def dialogue(d: Drawing) -> None:
    """Names on the left, what they say on the right, over several lines."""
    y = 100.0
    for n in range(8):
        lines = d.wrapped(d.prose(1 + n % 2), 760)
        rows = [("MARGARET" if n % 2 else "OLIVER" if not m else "", line) if not m else ("", line)
                for m, line in enumerate(lines)]  # fmt: skip
        y = d.table((MARGIN, MARGIN + 260), y, rows, d.size * 1.4) + 10


@layout("calendar")
def calendar(d: Drawing) -> None:
    """A month as a drawn table."""
    x = [MARGIN + 150 * n for n in range(8)]
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    rows = [days, *(tuple(str(7 * n + m + 1) for m in range(7)) for n in range(4))]
    d.grid(x, [200 + 90 * n for n in range(6)])
    d.table([place + 50 for place in x], 230, rows, 90)


@layout("table-booktabs")
def table_with_three_rules(d: Drawing) -> None:
    """A table in running text: a line above, one below the head, one at the end."""
    y = d.column(MARGIN, 90, WIDTH - 2 * MARGIN, d.prose(4)) + 30
    x, top = (MARGIN + 10, MARGIN + 500, MARGIN + 720, MARGIN + 940), y
    y = d.table(x, y + 12, [("Article", "Quantity", "Price", "Amount")], d.size * 1.6)
    middle = y
    y = d.table(x, y + 10, bill(d, 8), d.size * 1.5)
    for at in (top, middle, y + 6):
        d.rule(MARGIN, at, WIDTH - MARGIN, at)
    d.column(MARGIN, y + 40, WIDTH - 2 * MARGIN, d.prose(4))


@layout("table-wrapped")
def table_of_wrapped_cells(d: Drawing) -> None:
    """No lines, but rows that stand apart, with cells of several lines, read cell by cell."""
    y = 120.0
    for _ in range(5):
        ends = [d.column(MARGIN + 480 * n, y, 420, d.sentence()) for n in range(2)]
        y = max(ends) + d.size * 1.2


@layout("form-lines")
def form_with_long_values(d: Drawing) -> None:
    """Labels, and values that may go on over several lines."""
    y = 120.0
    for n, (label, value) in enumerate(_pairs(d, 8)):
        words = d.prose(2) if n % 3 == 2 else value
        lines = d.wrapped(words, 640)
        rows = [("" if m else label, line) for m, line in enumerate(lines)]
        y = d.table((MARGIN, MARGIN + 400), y, rows, d.size * 1.35) + d.size * 0.5


@layout("code")
def numbered_code(d: Drawing) -> None:
    """Numbers of lines, close to indented lines of a program."""
    for n in range(18):
        indent, name = d.chance.choice((0, 0, 1, 2)), d.chance.choice(("total", "count", "rate"))
        line = d.chance.choice((f"{name} = {name} + {n}", f"if {name} > {n}:", f"print({name})"))
        x = (MARGIN, MARGIN + 70 + indent * 40)
        d.table(x, 100 + n * d.size * 1.4, [(str(n + 1), line)], 0)
