"""Words in cells, in twelve languages: for genders, documents, risk levels and "no value".

Promises: a word is translated only if it is unambiguous; single letters are read as a pair, because V means a woman in
Dutch and a man in Lithuanian. Knows no file.
"""

from collections.abc import Collection, Mapping
from functools import cache
from types import MappingProxyType

from finhub_onboard.intake.proposing.folding import fold_variants

_NOTHING = (
    "-|--|---|\u2013|\u2014|_|.|..|...|?|??|???|/|*|#|n/a|#n/a|n.a.|n. a.|n.a|null|<null>|(null)|[null]|none|nil|nan"
    "|\\N|void|unknown|not known|not available|not applicable|not specified|not provided|missing|empty|tbd|k.a."
    "|k. a.|k.a|keine angabe|keine angaben|ohne angabe|unbekannt|nicht bekannt|nicht vorhanden|leer|inconnu|inconnue"
    "|non renseigné|non communiqué|non précisé|néant|n.c.|n/c|vide|desconocido|desconocida|no disponible|no consta"
    "|sin datos|s/d|n/d|n.d.|vacío|sconosciuto|sconosciuta|non disponibile|non indicato|desconhecido|desconhecida"
    "|não disponível|não informado|onbekend|n.v.t.|nvt|geen|niet bekend|brak|brak danych|b/d|nieznany|nieznane"
    "|nie dotyczy|nežinoma|nėra|nėra duomenų|nav|nav zināms|nezināms|nav datu|puudub|teadmata|okänd|okänt|saknas"
    "|uppgift saknas|ej angivet"
)
DOUBTFUL = "na"
"""No value, or Namibia: only the partner knows."""

_GENDERS = {
    "MALE": (
        "male|man|boy|mr|mister|hr|sr|sig|männlich|herr|mann|masculin|homme|monsieur|masculino|hombre|varón|señor|maschio|uomo"
        "|maschile|signore|homem|senhor|mannelijk|heer|de heer|dhr|mężczyzna|pan|męska|vyras|vyriška|vyriškas|vīrietis"
        "|vīrišķais|vīriešu|kungs|mees|mehe|härra|manlig"
    ),
    "FEMALE": (
        "female|woman|girl|mrs|ms|miss|mme|mlle|sra|srta|sigra|weiblich|frau|féminin|femme|madame|mademoiselle|femenino|mujer|señora|femmina"
        "|donna|femminile|signora|feminino|mulher|senhora|vrouwelijk|vrouw|mevrouw|mevr|kobieta|pani|żeńska|moteris"
        "|moteriška|moteriškas|sieviete|sievišķais|sieviešu|kundze|naine|naise|proua|kvinna|kvinnlig"
    ),
}
_LETTERS = {
    # Language -> the letters for a man and for a woman.
    "en": ("mf",),
    "de": ("mw",),
    "fr": ("hf", "mf"),
    "es": ("hm", "mf", "vm"),
    "it": ("mf",),
    "pt": ("mf", "hm"),
    "nl": ("mv",),
    "pl": ("mk",),
    "lt": ("vm",),
    "lv": ("vs",),
    "et": ("mn",),
    "sv": ("mk",),
}
_FURTHER_GENDERS = frozenset(("d", "x", "divers", "diverse", "nonbinary", "other", "u", "i", "inter", "autre", "otro"))
"""Deliberate values, although the bank documents none for them."""

_DOCUMENTS = {
    "PASSPORT": (
        "passport|travel passport|reisepass|pass|passeport|pasaporte|passaporto|passaporte|paspoort|paszport|pasas|pase"
        "|pass|resepass"
    ),
    "ID_CARD": (
        "id card|identity card|national id|national identity card|id|personalausweis|ausweis|perso|identitätskarte"
        "|carte d'identité|carte nationale d'identité|cni|dni|documento nacional de identidad|cédula|carta d'identità"
        "|ci|cartão de cidadão|bilhete de identidade|identiteitskaart|id-kaart|dowód osobisty|dowód|asmens tapatybės"
        " kortelė|tapatybės kortelė|atk|personas apliecība|eid|isikutunnistus|nationellt id-kort|id-kort"
        "|identitetskort"
    ),
    "DRIVERS_LICENSE": (
        "driver's license|driver's licence|drivers license|drivers licence|driver license|driving licence"
        "|driving license|driving permit|führerschein|fahrerlaubnis|führerausweis|permis de conduire|permis|carnet de"
        " conducir|permiso de conducir|licencia de conducir|patente|patente di guida|carta de condução"
        "|carteira de motorista|cnh|rijbewijs|prawo jazdy|vairuotojo pažymėjimas|vadītāja apliecība|autovadītāja"
        " apliecība|juhiluba|körkort"
    ),
}
_RISKS = {
    "LOW": "low|niedrig|gering|faible|bajo|basso|baixo|laag|niskie|niski|žema|zems|madal|låg",
    "MEDIUM": "medium|med|mittel|moyen|medio|médio|middel|gemiddeld|średnie|średni|vidutinė|vidējs|keskmine|medel",
    "HIGH": "high|hoch|élevé|alto|hoog|wysokie|wysoki|aukšta|augsts|kõrge|hög",
}


@cache
def nothing() -> frozenset[str]:
    """Return the words for "no value", casefolded, without the ambiguous one."""
    return frozenset(_NOTHING.casefold().split("|"))


def document(word: str) -> str | None:
    """Return the document type that a word means."""
    return _meaning("document", word)


def risk(word: str) -> str | None:
    """Return the risk level that a word means."""
    return _meaning("risk", word)


def genders(words: Collection[str], languages: Collection[str]) -> Mapping[str, str]:
    """Return the words of a column that mean MALE or FEMALE; ``languages`` are those of the header, if known."""
    known = {word: meaning for word in words if (meaning := _meaning("gender", word))}
    letters = {letter for word in words for letter in fold_variants(word) if len(letter) == 1} - _FURTHER_GENDERS
    pairs = {pair for pairs in _LETTERS.values() for pair in pairs if letters <= set(pair)}
    spoken = {pair for language in languages for pair in _LETTERS.get(language, ()) if pair in pairs}
    read = {
        letter: meanings.pop()
        for letter in letters
        if len(meanings := {("MALE", "FEMALE")[pair.index(letter)] for pair in spoken or pairs}) == 1
    }
    return known | {word: read[letter] for word in words for letter in fold_variants(word) if letter in read}


def is_gender(word: str) -> bool:
    """Whether a word or letter occurs in columns of genders."""
    letters = {letter for pairs in _LETTERS.values() for pair in pairs for letter in pair}
    return bool(_meaning("gender", word)) or not fold_variants(word).isdisjoint(letters | _FURTHER_GENDERS)


def is_further_gender(word: str) -> bool:
    """Whether a word is a gender other than the two that the bank accepts."""
    return not fold_variants(word).isdisjoint(_FURTHER_GENDERS)


def _meaning(kind: str, word: str) -> str | None:
    meanings = {_tables()[kind].get(form) for form in fold_variants(word)} - {None}
    return meanings.pop() if len(meanings) == 1 else None


@cache
def _tables() -> Mapping[str, Mapping[str, str]]:
    tables = {"gender": _GENDERS, "document": _DOCUMENTS, "risk": _RISKS}
    return MappingProxyType({kind: _by_word(table) for kind, table in tables.items()})


def _by_word(table: Mapping[str, str]) -> Mapping[str, str]:
    return {
        form: meaning for meaning, words in table.items() for word in words.split("|") for form in fold_variants(word)
    }
