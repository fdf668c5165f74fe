"""Names and addresses of simulated customers."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

FIRST_NAMES = (
    "Olivia", "George", "Amelia", "Harry", "Isla", "Noah", "Ava", "Jack", "Mia", "Leo", "Grace", "Oscar", "Freya",
    "Arthur", "Florence", "Muhammad", "Poppy", "Henry", "Ivy", "Theo", "Zoë", "Samuel", "Ruby", "Priya", "Thomas",
    "Elsie", "Joseph", "Chloé", "Daniel", "Hannah", "Łukasz", "Anna", "Jürgen", "Katrin", "Sofie", "Niamh", "Seán",
    "Marie", "Jean-Luc", "Inés", "Emre", "Yuki", "Chidi", "Fatima", "Björn", "Linnéa", "Willem", "Fleur",
)  # fmt: skip
LAST_NAMES = (
    "Smith", "Jones", "Taylor", "Brown", "Williams", "Wilson", "Johnson", "Davies", "Patel", "Robinson", "Wright",
    "Thompson", "Evans", "Walker", "White", "Roberts", "Green", "Hall", "Wood", "Jackson", "Clarke", "Khan", "O'Brien",
    "Murphy", "Byrne", "Müller", "Schmidt", "Weber", "Groß", "Martin", "Bernard", "Dubois", "Lefèvre", "de Vries",
    "van Dijk", "Jansen", "Kowalska", "Nowak", "Andersson", "Nguyen", "Okafor", "Yılmaz", "Smith, Jr.", "Hughes",
    "Edwards", "Turner", "Hill", "Cooper", "Ward", "Morris", "Bailey", "Kelly", "Cox", "Shaw", "Marsh", "Hobbs",
)  # fmt: skip
STREETS = (
    "High Street", "Station Road", "Mill Lane", "Church Walk", "Park Avenue", "Harbour View, Flat B", "The Green",
    "Victoria Road", "Orchard Close", "Long Row",
)  # fmt: skip
NOTES = ("Please leave it\nwith the neighbour", "Gift, no invoice please", 'Card: "Happy birthday"')


@dataclass(frozen=True)
class Place:
    """A city, its share of the customers, and its postcodes: `zip_start`, digits, `zip_end`."""

    city: str
    country: str
    share: float
    zip_start: str
    zip_end: str
    calling_code: str
    language: str


PLACES = (
    Place("London", "GB", 0.20, "SE", " 4QT", "44", "en"),
    Place("Leeds", "GB", 0.08, "LS", " 2AB", "44", "en"),
    Place("Bristol", "GB", 0.09, "BS", " 6HX", "44", "en"),
    Place("Manchester", "GB", 0.11, "M", " 1NW", "44", "en"),
    Place("Glasgow", "GB", 0.07, "G", " 8DD", "44", "en"),
    Place("Cardiff", "GB", 0.05, "CF", " 3EL", "44", "en"),
    Place("St Ives", "GB", 0.02, "TR", " 2LW", "44", "en"),
    Place("Dublin", "IE", 0.08, "D", " X285", "353", "en"),
    Place("Cork", "IE", 0.03, "T", " K8P1", "353", "en"),
    Place("Berlin", "DE", 0.06, "101", "", "49", "de"),
    Place("München", "DE", 0.04, "803", "", "49", "de"),
    Place("Paris", "FR", 0.05, "750", "", "33", "fr"),
    Place("Lyon", "FR", 0.03, "690", "", "33", "fr"),
    Place("Amsterdam", "NL", 0.04, "10", " HB", "31", "nl"),
    Place("Groningen", "NL", 0.02, "97", " LK", "31", "nl"),
    Place("København", "DK", 0.02, "21", "", "45", "da"),
    Place("Boston", "US", 0.01, "021", "", "1", "en"),
)

_LETTERS = str.maketrans({"ß": "ss", "ı": "i", "ł": "l", "Ł": "L", "ø": "o"})


def plain(name: str) -> str:
    """Return the name in lower case letters a to z, for an email address."""
    letters = unicodedata.normalize("NFKD", name.translate(_LETTERS))
    return "".join(letter for letter in letters.lower() if "a" <= letter <= "z")
