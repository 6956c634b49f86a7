"""What the drawn pages say."""

SENTENCES = {
    "en": (
        "The ferry left the harbour at dawn with forty crates of apples on board.",
        "Nobody in the village could remember when the old bridge had been built.",
        "Every spring the river rises, and the fields below the mill lie under water for a week.",
        "She wrote two letters that evening and burned the longer one before breakfast.",
        "A committee of seven was asked to report on the state of the roads.",
        "The price of wool had fallen again, which surprised the merchants.",
        "In the workshop behind the house he repaired clocks, radios and now and then a piano.",
        "Visitors are asked to leave their coats and umbrellas at the entrance.",
        "It was not the noise that woke him but the silence that followed it.",
        "Most of the samples were collected in June, when the soil was still damp.",
        "Their results differ from ours because the instruments were placed nearer to the shore.",
        "The council will decide on the new school after the summer holidays.",
    ),
    "es": (
        "El barco salió del puerto al amanecer con cuarenta cajas de manzanas a bordo.",
        "Nadie en el pueblo recordaba cuándo se había construido el puente viejo.",
        "Cada primavera crece el río y los campos quedan una semana bajo el agua.",
        "Aquella noche escribió dos cartas y quemó la más larga antes del desayuno.",
        "Se pidió a una comisión de siete vecinos un informe sobre los caminos.",
        "El precio de la lana había bajado otra vez, lo que sorprendió a los comerciantes.",
        "En el taller, detrás de la casa, reparaba relojes, radios y a veces un piano.",
        "No fue el ruido lo que lo despertó, sino el silencio que vino después.",
        "La mayoría de las muestras se tomó en junio, cuando la tierra aún estaba húmeda.",
        "El ayuntamiento decidirá sobre la nueva escuela después del verano.",
    ),
}
LABELS = {
    "en": (
        "Name", "Date of birth", "Nationality", "Place of issue", "Policy number", "Telephone",
        "Name of the insured person", "Reference", "Delivery address", "Valid until", "Occupation",
        "Total amount payable", "Contact", "Method of payment", "Order placed by", "Department",
    ),
    "es": (
        "Nombre", "Fecha de nacimiento", "Nacionalidad", "Lugar de expedición", "Teléfono",
        "Número de póliza", "Nombre del asegurado", "Referencia", "Domicilio de entrega",
        "Válido hasta", "Profesión", "Importe total", "Contacto", "Forma de pago", "Departamento",
    ),
}  # fmt: skip
VALUES = (
    "Mary Holloway", "14 March 1987", "British", "Bristol", "QX 77193-B", "+44 117 496 0123",
    "Lakeside Joinery Ltd", "2026/0417", "22 Station Road, Leeds", "31.12.2029", "Carpenter",
    "1,284.50 EUR", "orders@lakeside.example", "Bank transfer", "Tomas Ibarra", "Maintenance",
)  # fmt: skip
ARTICLES = (
    "Oak table", "Brass hinges, pair", "Window handle", "Wood glue", "Garden bench, green",
    "Screws 4 x 40 mm", "Linseed oil", "Curtain rail, white", "Door mat", "Paint brush",
    "Tomato soup", "Fried hake with garlic", "House salad", "Lemon tart", "Mineral water",
)  # fmt: skip
LETTERS = (
    ("Northfield Bakery", "18 Orchard Lane", "Exeter EX4 2PL", "United Kingdom"),
    ("Ms Clara Benson", "Flat 6, Mill House", "Quay Street", "Bristol BS1 4DJ"),
)
WIDE_LABELS = {
    "en": (
        "Name and address of the insured person", "Registration number of the vehicle",
        "Date on which the contract begins", "Place and date of delivery",
        "Person to contact in an emergency", "Telephone number during the day",
        "Method of payment agreed", "Bank account to be charged", "Declared value of the goods",
    ),
    "es": (
        "Nombre y domicilio del asegurado", "Matrícula del vehículo asegurado",
        "Fecha de comienzo del contrato", "Lugar y fecha de la entrega",
        "Persona de contacto en urgencias", "Teléfono durante el día", "Forma de pago acordada",
        "Cuenta bancaria de cargo", "Valor declarado de los bienes",
    ),
}  # fmt: skip
WIDE_VALUES = (
    "Mary Elizabeth Holloway, Bristol", "GX 21 KLM (United Kingdom)", "Monday, 14 September 2026",
    "Leeds, 22 Station Road, dock 4", "Tomas Ibarra, brother", "+44 117 496 0123, extension 12",
    "Transfer within thirty days", "GB29 NWBK 6016 1331 9268 19", "one thousand two hundred euros",
)  # fmt: skip
