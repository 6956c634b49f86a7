"""The guessed language of a text, also of a short one, and what is left open."""

import threading
import time

import pytest

from api.enginekit.language import guess_language

TEXTS = {
    "es": [
        "Hola, mundo.",
        "Muchas gracias",
        "¿Cómo te llamas?",
        "La reunión es mañana a las 10:30 en la sala 4.",
        "Su pedido n.º 48213 llegará el 12 de mayo.",
        "John Smith y Mary Jones viajaron a Nueva York.",
        "Hemos actualizado Windows 11 y Chrome en tu equipo.",
        "Escriba a soporte@example.com o visite nuestra página https://www.example.com/help.html.",
        "HOLA A TODOS, ESTO ES UNA PRUEBA",
        "esto es una prueba de voz",
        "El jefe dijo: «We need to talk». Luego se fue a su casa sin decir nada más a nadie.",
        "Haz clic en Settings y luego en Save para guardar los cambios del documento.",
    ],
    "en": [
        "The kettle is on. Tea will be ready in five minutes.",
        "Yesterday José Martínez and María López travelled to San Francisco together.",
        "Real Madrid beat Barcelona 3-1 at the Santiago Bernabéu.",
        "The quesadilla and the piña colada were delicious.",
        "She said “hasta la vista” and walked out of the room without looking back at them.",
        "Run `pip install foo` and then open the file src/main.py in your editor.",
    ],
    "fr": ["Le train partira à 18 h 45 de la voie 3."],
    "de": ["Der Zug nach Berlin fährt um 18:45 Uhr von Gleis 3 ab."],
    "it": ["Il treno per Milano parte alle 18:45 dal binario 3."],
    "pt": ["O trem para São Paulo sai às 18h45 da plataforma 3."],
    "ru": ["Поезд на Москву отправляется в 18:45.", "Здравствуйте"],
    "zh": ["你好", "你好，今天天气怎么样？"],  # noqa: RUF001
    "ja": ["こんにちは"],
    "ar": ["صباح الخير، كيف حالك اليوم؟"],
}
DOUBTFUL = [
    "",
    " \n",
    "OK",
    "Taxi",
    "Hotel",
    "Madrid",
    "No",
    "12:30",
    "€ 25",
    "😀",
    "C3PO",
    "John Smith",
    "Real Madrid",
    "San Francisco",
    "Hotel Ritz Madrid",
    "Toyota Corolla",
    "https://example.com/es/index.html",
    "user@example.com",
    "AB-1234-CD",
    "+34 912 345 678",
    "for (int i = 0; i < n; i++) { sum += a[i]; }",
    "ls -la /usr/local/bin",
    "%s%n{0}{{7*7}}$(id)`id`",
    "x" * 300,
]


@pytest.mark.parametrize("language", TEXTS)
def test_the_language_of_most_of_the_text(language: str) -> None:
    """Names, numbers, addresses and quotations of other languages don't change it."""
    guesses = {text: guess_language(text) for text in TEXTS[language]}
    assert {text: guess and guess.language for text, guess in guesses.items()} == dict.fromkeys(
        TEXTS[language], language
    )
    assert all(guess and 0.5 <= guess.confidence <= 1 for guess in guesses.values())


def test_what_is_of_every_language() -> None:
    """It is no foreign one: nothing is guessed, or English."""
    guesses = {text: guess_language(text) for text in DOUBTFUL}
    foreign = [text for text, guess in guesses.items() if guess and guess.language != "en"]
    assert foreign == []


@pytest.mark.parametrize(("spanish", "language"), [(6, "es"), (1, "en")])
def test_mixed_texts(spanish: int, language: str) -> None:
    """The language of the majority is taken."""
    text = "Ayer fui al cine con mis amigos. " * spanish + "Yesterday it rained a lot. " * 3
    guess = guess_language(text)
    assert guess is not None
    assert guess.language == language


def test_long_texts_and_many_threads() -> None:
    """100,000 characters take no time, and threads get the same answer."""
    text, found = "Hola, esto es una prueba de voz bastante larga. " * 2000, []
    threads = [threading.Thread(target=lambda: found.append(guess_language(text))) for _ in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(found)) == 1
    assert found[0] is not None
    assert found[0].language == "es"


@pytest.mark.parametrize("text", ["x", "a.b", "@", "¿Qué? ", "你好。", "\n", "a ", "://"])
def test_hostile_texts_are_judged_in_time(text: str) -> None:
    """Time doesn't grow with the square of the length."""
    started = time.monotonic()
    guess_language(text * (50_000 // len(text)) + " @")
    assert time.monotonic() - started < 5
