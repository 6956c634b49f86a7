"""Where sentences end in English, Spanish and some other languages: at each bar, nowhere else."""

import json
import textwrap
import time
from itertools import pairwise
from pathlib import Path

import pytest

from api.services.tts.service.document import plain
from api.services.tts.service.sentences import cut

ENGLISH = """\
One. |Two! |Three? |Four
Dr. Smith met J. K. Rowling at 3.5 p.m. on Tuesday. |She left.
“Stop!” he said. |“No.” |Then he left... and stayed.
You and I. |Next (really?). |Done.
Version 2.0.1 is at example.com now. |Yes.
What?! |Never... |Ever.
See No. 5 on the list. |It is long.
See p. 12 and pp. 14-16. |Then stop.
Approx. 30 people came. |Nobody left.
Bring fruit, e.g. Apples or pears. |Thanks.
That is, i.e. The one we saw. |Good.
Mr. and Mrs. Jones live on St. James St. |They are old.
Microsoft vs. Apple was long. |It ended.
Apple Inc. Reported earnings today. |Shares rose.
The U.S. Army is large. |It has tanks.
He lives in the U.S. |She lives in Canada.
Pi is 3.14 and e is 2.72. |Both are irrational.
Install v2.0 now. |Restart it.
We meet at 10 a.m. on Monday. |Be there.
We meet at 10 a.m. |Be there.
J. R. R. Tolkien wrote it. |C. S. Lewis read it.
J.R.R. Tolkien wrote it. |People read it.
Wait... what? |Oh.
I don't know… |Maybe.
Visit https://example.com/a.b?c=d.e for more. |Thanks.
Open file.txt and README.md. |Then save.
It costs $5.99. |Cheap!
She has a Ph.D. in physics. |Impressive.
Prof. Lee, Gen. Grant and Sgt. Pepper came. |They sat.
The temperature is 5 °C. |It's cold.
“I am here.” |She smiled.
"Are you sure?" she asked. |"Yes."
He said (quietly.) |Then he left.
The meeting is on Jan. 5. |Come early.
Fig. 3 shows it. |See also Sec. 4 and Eq. 5.
Washington, D.C. is the capital. |It is hot.
Smith et al. found it. |Others agreed.
Is it cold? |Yes. |No. |Maybe.
Ask Acme Corp. or Smith & Co. for it. |They have it.
The answer is no. |Try again.
What is your no. 1 song? |Mine is old.
Yahoo! is a company. |It is old.
Hello. |my name is bob. |i like cats.
I work at 5 Main St. |It is near.
Add 2 tbsp. Of sugar. |Stir.
The U.K. and the E.U. agreed. |Finally.
Use approx. five. |No more.
He was born c. 1850. |He died in 1900 A.D. |She lived.
She said: "Go home." |He went.
This is it!! |Really??? |Yes!
Chapter 1. |It was a dark night.
He left at 5 p.m. |Nobody saw him.
Bob Jr. came. |Alice Sr. left.
Use a comma, semicolon, etc. |Then stop.
Apples, pears, etc. are fruit. |Eat them.
I was there in '99. |It was fun.
The No. 1 rule: no rules. |Understood?
Go to Mt. Everest or Ft. Worth. |Enjoy.
The Rev. Green and Hon. Judge Judy met. |They talked.
He scored 3. |She scored 4.
See vol. 3, ch. 4, no. 5. |End.
A. Smith is here. |B is not.
Plan B. |It works.
It was Vitamin C. |It helped.
Load node.js and run app.py. |Done.
The IP is 192.168.0.1. |Ping it.
Mail me at bob@example.com. |Thanks.
Is that true?) |Yes.
We flew with J.P. Morgan staff. |They were kind.
Call ext. 45 at the office. |Ask for Sue.
The Mar. 5 deadline passed. |We missed it.
Dr. Who is on TV. |Watch it.
It opens at 9 A.M. and closes at 5 P.M. |Be on time.
I met Lt. Col. Sanders in Ft. Lauderdale. |He cooks.
She works for Smith, Jones & Co. in London. |He does not.
Capt. Kirk left. |Spock stayed.
The file is main.py. |Open it.
Go to docs.python.org. |Read PEP 8.
He ran 26.2 miles. |Wow!
"Really?" |I asked.
Prices rose 3.5%. |Wages fell.
Is this No. 7? |Yes, it is.
St. Louis vs. Chicago. |Who won?
I said no. |He said yes.
Let me think... |OK, done.
Sales in Q1 were $1.2M. |Q2 was worse.
See pp. 3-5, e.g. the table. |Then return.
My number is 555.123.4567. |Call me.
Tom, Dick, et al. agreed. |I did not.
It was 40° F. |We froze.
Gov. Smith and Sen. Lee spoke. |Rep. Hall did not.
A.I. is here. |B.C. is a province.
He has a B.A. from Yale. |She has an M.A. in art.
Born on Dec. 25, 1990. |He is 35.
Add 3 oz. of butter. |Mix well.
I like cats, dogs, birds, etc. |They like me.
P.S. I love you. |Bye.
At 3 p.m. Mary left. |Bob stayed.
Wait! |Don't go.
(See the note.) |It is short.
He said, "I'm done." |Then he left.
Use Ctrl+C. |It stops.
She lives on 5th Ave. in N.Y. |It is loud.
Version 3.0 is out! |Get it at https://a.io/v3.0. |Thanks.
The Ph.D. student slept. |He dreamt.
Sgt. Smith, U.S.M.C. retired. |He fishes.
It's 5 ft. tall and 10 in. wide. |Good.
See Fig. 2, Sec. 3.1, and Eq. (5). |Then Ref. [12]. |Done.
They are 5 and 7 yrs. old. |Go on.
"""
SPANISH = """\
El prof. Ruiz, la Srta. Gómez y D. José. |Todos.
El Sr. García vive aquí. |¿Qué tal? |¡Bien! |Vd. viene, p. ej. mañana.
La Sra. López y el Dr. Pérez llegaron. |Se sentaron.
Vive en la calle Mayor, núm. 5. |Es grande.
Véase la pág. 12. |Luego la pág. 14.
Traiga fruta, p. ej. Manzanas o peras. |Gracias.
Los EE. UU. son grandes. |Tienen 50 estados.
Los EE.UU. y la U.E. firmaron. |Fue ayer.
Ud. y yo. |Nadie más.
Traiga sillas, mesas, etc. |Luego siéntese.
Mesas, sillas, etc. y ya está. |Fin.
¿Qué hora es? |Son las 3. |¡Qué tarde!
¡Hola! |¿Cómo estás? |Bien.
Mide 3.5 metros. |Es alto.
Cuesta 1.000 €. |Es caro.
Llegó a las 10 a. m. |Se fue a las 5 p. m. |Nadie lo vio.
Llegó a las 10 a. m. del lunes. |Bien.
La Dra. Ruiz y el Prof. Gil. |Son amigos.
La Av. Libertador y la Avda. América. |Están cerca.
Aprox. 30 personas vinieron. |Nadie se fue.
El art. 5 y el párr. 3 de la ley. |Léalos.
Tel. 91 234 56 78. |Llame ya.
El siglo I a. C. fue así. |El siglo II d. C. no.
Nació en 44 a. C. en Roma. |Murió.
Dijo: «Me voy.» |Y se fue.
—¿Vienes? —preguntó él. |—No.
Espera... ¿qué? |Nada.
No lo sé… |Quizá.
El Ing. Ramos y la Lic. Soto. |Trabajan.
La cía. Pérez y Hnos. cerró. |Pena.
J. L. Borges escribió eso. |Bien.
El n.º 5 y la 3.ª planta. |Suba.
El vol. 2, cap. 3, fig. 4. |Mire.
S. M. el Rey habló. |Nadie escuchó.
D. Juan y Dña. Ana. |Vinieron.
La ONU, la OTAN, etc. |Organismos.
Visite www.ejemplo.es. |Gracias.
Pedro dijo que no. |Yo dije que sí.
¿Que no? |¡Que sí! |Vale.
El Dr. Ramírez y la Dra. Soto. |Buenos médicos.
Nos vemos a las 5 p.m. en casa. |Adiós.
Consulte el cap. 4 y la sec. 2. |Gracias.
La empresa Pérez S.A. cerró. |Fue triste.
La Excma. Sra. Ministra habló. |Aplaudieron.
El depto. 5 está en el 3.er piso. |Suba.
Escriba a info@empresa.es. |Le contestamos.
Mide 1,80 m. |Pesa 80 kg. |Es alto.
La Univ. Nacional y el Inst. Pasteur. |Importantes.
¿Vienes? |Sí. |¿Cuándo? |Luego.
¡Ay! |¡Qué dolor!
Vea las págs. 3 y 4. |Y la núm. 5.
Nació en Sto. Domingo. |Vive en Sta. Cruz.
Dijo que sí. |Luego que no.
Tiene 3 hijos. |Vive en la c/ Mayor, 3.
Ven a las 8 a. m. |No tardes.
La Srta. Ana y los Sres. Gil. |Llegaron.
El S. XIX fue largo. |El XX también.
El Gral. San Martín y el Cnel. Díaz. |Lucharon.
Cuesta aprox. 20 €. |Barato.
Compró pan, leche, etc. |Volvió a casa.
Ud. sabe. |Uds. no.
«¡Vámonos!» |Y salieron.
Hay 1.500.000 personas. |Muchas.
Fue el 3 de mar. de 2020. |Llovía.
El prof. García enseña. |Los alumnos duermen.
Tel.: 600 123 456. |Llame.
La temperatura es de 20 °C. |Hace calor.
Los apdos. 1 y 2. |Fin.
"""
OTHERS = {
    "zh": "你好。|再见！|好",  # noqa: RUF001
    "ja": "今日は。|元気ですか？|はい。",  # noqa: RUF001
    "ar": "كيف حالك؟ |أنا بخير. |شكرا",
    "hi": "नमस्ते। |आप कैसे हैं? |मैं ठीक हूँ।",
    "fr": "M. Dupont est là. |Il mange.",
    "de": "Am 3. Mai kam er. |Er blieb.",
}
PROSE = (
    "The quick brown fox jumps over the lazy dog near the old stone bridge. Nobody in London had "
    "seen it before Mr. Smith came along with No. 5 in his hand. It was late, and the rain had "
    "begun to fall on the roofs of the town."
)
PROSA = (
    "El viejo puente de piedra cruza el río desde hace siglos. Nadie en Madrid lo había visto "
    "antes de que el Sr. García llegara con la pág. 5 en la mano. Era tarde, y la lluvia caía "
    "sobre los tejados."
)
# Each line is spoken as a sentence.
LINES = [
    "1. Milk\n2. Eggs\n3. Bread",
    "1) One\n2) Two",
    "a) One\nb) Two",
    "(1) One\n(2) Two",
    "  1. Milk\n  2. Eggs",
    "10. Milk\n11. Eggs",
    "1.1. Intro\n1.2. Scope",
    "1.- Leche\n2.- Huevos",
    "1.º Leche\n2.º Huevos",
    "I. Milk\nII. Eggs\nIII. Bread",
    "A. Milk\nB. Eggs",
    "1. Mr. Smith\n2. Dr. No",
    "Steps:\n1. Open the box\n2. Take it out",
    "Shopping\nMilk\nEggs\nBread\nButter",
    "shopping\nmilk\neggs\nbread",
    "milk\r\neggs\r\nbread",
    "- milk\n- eggs",
    "• Leche\n• Huevos",
    "[ ] Milk\n[x] Eggs",
    "—Hola.\n—¿Qué tal?",
    "# Title\nText here is short.",
    "Roses are red\nViolets are blue\nSugar is sweet\nAnd so are you",
    "Dear John,\nI hope that you are well.\nYours,\nMary",
    "John Smith\n12 High St.\nLondon",
    "Monday: 8 to 10\nTuesday: 9 to 11\nSunday: closed",
    "Send the signed contract back to the main office\n"
    "Book the flights for the trip to Barcelona now\n"
    "Call the doctor about the results of the tests",
    "Total\n3.14\n2.72",
    "牛奶\n鸡蛋\n面包",
    "حليب\nبيض",
]


def sentences(text: str, language: str = "en") -> list[str]:
    found = cut(plain(text), language)
    return [" ".join(text[one.start : one.end].split()) for one in found]


def wrong(lines: str, language: str) -> list[list[str]]:
    texts = [line.split("|") for line in lines.splitlines()]
    expected = [[part.strip() for part in parts] for parts in texts]
    found = [sentences("".join(parts), language) for parts in texts]
    return [got for got, wanted in zip(found, expected, strict=True) if got != wanted]


@pytest.mark.parametrize(("language", "lines"), [("en", ENGLISH), ("es", SPANISH), *OTHERS.items()])
def test_where_sentences_end(language: str, lines: str) -> None:
    """Abbreviations, initials, numbers, names of files and hours end none."""
    assert wrong(lines, language) == []


@pytest.mark.parametrize("text", LINES)
def test_each_line_is_a_sentence(text: str) -> None:
    """In lists, verse, addresses and below headings; a number stays with its item."""
    assert sentences(text) == [" ".join(line.split()) for line in text.splitlines()]


@pytest.mark.parametrize("name", ["tts_numbered_list.json", "tts_list_without_stops.json"])
def test_the_lists_of_the_reports(shared: Path, name: str) -> None:
    """They are read line by line."""
    text = json.loads((shared / "data" / "reports" / name).read_bytes())["text"]
    assert sentences(text) == text.splitlines()


@pytest.mark.parametrize("width", [40, 45, 60, 65, 72, 76, 78, 80, 100])
def test_wrapped_text_is_read_as_one(width: int) -> None:
    """No line end of it ends a sentence, also not after an abbreviation or before a name."""
    assert sentences(textwrap.fill(PROSE, width)) == sentences(PROSE)
    assert sentences(textwrap.fill(PROSA, width), "es") == sentences(PROSA, "es")


@pytest.mark.parametrize("before", ["> ", "    ", ">> "])
def test_quoted_and_indented_text(before: str) -> None:
    """What stands before each line is not its first word."""
    text = textwrap.fill(PROSE, 60, initial_indent=before, subsequent_indent=before)
    assert len(sentences(text)) == len(sentences(PROSE))


def test_text_that_somebody_wrapped() -> None:
    """Not every line is as long as it could be, and some begin with a capital letter."""
    words = PROSE.split()
    lines = [words[start : start + 12] for start in range(0, len(words), 12)]
    assert sentences("\n".join(map(" ".join, lines))) == sentences(PROSE)


@pytest.mark.parametrize(
    "text", [PROSE.upper(), f"{PROSE} It follows from what is said in section 4."]
)
def test_capitals_and_numbers_at_the_start_of_lines(text: str) -> None:
    """They don't make a list of wrapped text."""
    for width in range(40, 80):
        assert len(sentences(textwrap.fill(text, width))) == len(sentences(text)), width


def test_wrapped_items_of_a_list() -> None:
    """Each item begins a sentence; the lines within an item don't."""
    item = textwrap.fill(PROSE, 66, initial_indent="- ", subsequent_indent="  ")
    assert sentences(f"{item}\n{item}") == 2 * sentences(f"- {PROSE}")


def test_a_heading_above_wrapped_text() -> None:
    """The heading is a sentence of its own."""
    text = "Overview\nThe player is followed by an annoying elf, who goes where the player\ngoes."
    assert sentences(text)[0] == "Overview"
    assert len(sentences(text)) == 2


@pytest.mark.parametrize("text", ["1. Milk 2. Eggs 3. Bread", "1) Milk 2) Eggs 3) Bread"])
def test_a_list_within_a_line(text: str) -> None:
    """The sentence begins at the number, which is not read with the item before."""
    assert [len(one.split()) for one in sentences(text)] == [2, 2, 2]
    assert sentences(f"Buy: {text}") == ["Buy:", *sentences(text)]


def test_a_line_end_is_read_as_a_space() -> None:
    """Engines get a sentence as one line; its place in the text is that of the lines."""
    text = textwrap.fill(PROSE, 60)
    first = cut(plain(text), "en")[0]
    assert "\n" not in first.parts[0].piece.content
    assert "\n" in text[first.start : first.end]
    assert first.parts[0].at == tuple(range(first.start, first.end))


@pytest.mark.parametrize(
    "text",
    ["- \n", "a\n", "a! ", "1. ", "你好。", "“Hi. ", ")", "A.\u3000", "No.\xa0…\u2029", "a. b.\n"],
)
def test_hostile_texts_are_cut_in_time(text: str) -> None:
    """Time grows with the length and not with its square; nothing is lost."""
    text = text * (8_000 // len(text)) + "a"
    started = time.monotonic()
    found = cut(plain(text), "en")
    assert time.monotonic() - started < 10
    assert found[-1].end == len(text.rstrip())
    assert all(one.end <= following.start for one, following in pairwise(found))
