"""Countries by their names in twelve languages, and by the adjectives of nationality.

Promises: a word that means two countries in different languages means none here. The names are the translations of
pycountry (iso-codes); the most common adjectives are listed below. Knows no rows.
"""

import gettext
import re
from collections.abc import Iterator, Mapping
from functools import cache
from types import MappingProxyType

import pycountry

from finhub_onboard.intake.checking import countries
from finhub_onboard.intake.proposing.folding import fold_variants

LANGUAGES = ("de", "fr", "es", "it", "pt", "nl", "pl", "lt", "lv", "et", "sv")

_ADJECTIVES = {
    # English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Lithuanian, Latvian, Estonian, Swedish.
    "DE": (
        "German deutsch allemand allemande alemán alemana tedesco tedesca alemão alemã Duits Duitse niemiecka"
        " niemieckie vokietis vokietė vācietis vāciete sakslane tysk Bundesrepublik_Deutschland BRD"
    ),
    "AT": (
        "Austrian österreichisch autrichien autrichienne austríaco austríaca austriaco austriaca Oostenrijks"
        " Oostenrijkse austriacka austriackie austras austrietis austriete austerlane österrikisk"
    ),
    "CH": (
        "Swiss schweizerisch Schweizer Schweizerin suisse suizo suiza svizzero svizzera suíço suíça Zwitsers"
        " Zwitserse szwajcarska szwajcarskie šveicaras šveicietis šveitslane schweizisk"
    ),
    "FR": (
        "French französisch français française francés francesa francese francês Frans Franse francuska francuskie"
        " prancūzas prancūzė francūzis francūziete prantslane fransk"
    ),
    "IT": (
        "Italian italienisch italien italienne italiano italiana Italiaans Italiaanse włoska włoskie italas italė"
        " itālis itāliete itaallane italiensk"
    ),
    "ES": (
        "Spanish spanisch espagnol espagnole español española spagnolo spagnola espanhol espanhola Spaans Spaanse"
        " hiszpańska hiszpańskie ispanas ispanė spānis spāniete hispaanlane spansk"
    ),
    "PT": (
        "Portuguese portugiesisch portugais portugaise portugués portuguesa portoghese português Portugees Portugese"
        " portugalska portugalskie portugalas portugalė portugālis portugallane portugisisk"
    ),
    "NL": (
        "Dutch niederländisch néerlandais néerlandaise neerlandés neerlandesa holandés olandese holandês neerlandês"
        " Nederlands Nederlandse holenderska holenderskie olandas olandė nīderlandietis hollandlane nederländsk"
        " Holland"
    ),
    "BE": "Belgian belgisch belge belga Belgisch Belgische belgijska belgijskie belgas belgė beļģis belglane belgisk",
    "LU": "Luxembourger luxemburgisch luxembourgeois luxembourgeoise Luxemburgs",
    "PL": (
        "Polish polnisch polonais polonaise polaco polaca polacco polacca Pools Poolse polska polskie polak polka"
        " lenkas lenkė polis poliete poolakas polsk"
    ),
    "LT": (
        "Lithuanian litauisch lituanien lituanienne lituano lituana Litouws Litouwse litewska litewskie lietuvis"
        " lietuvė lietuvos lietuvietis lietuviete leedulane litauisk"
    ),
    "LV": (
        "Latvian lettisch letton lettonne letón letona lettone letão letã Lets Letse łotewska łotewskie latvis latvė"
        " latvietis latviete lätlane lettisk"
    ),
    "EE": (
        "Estonian estnisch estonien estonienne estonio estonia estone estónio Ests Estse estońska estońskie estas"
        " estė igaunis igauniete eestlane estnisk"
    ),
    "SE": (
        "Swedish schwedisch suédois suédoise sueco sueca svedese Zweeds Zweedse szwedzka szwedzkie švedas švedė"
        " zviedrs zviedriete rootslane svensk"
    ),
    "NO": "Norwegian norwegisch norvégien norvégienne noruego noruega norvegese Noors norweska norvegas norrlane norsk",
    "DK": "Danish dänisch danois danoise danés danesa danese dinamarquês Deens duńska danas taanlane dansk",
    "FI": "Finnish finnisch finlandais finlandaise finlandés finlandese Fins fińska suomis somis soomlane finsk",
    "IE": (
        "Irish irisch irlandais irlandaise irlandés irlandesa irlandese irlandês Iers irlandzka airis iirlane irländsk"
    ),
    "GB": (
        "British britisch britannique británico británica britannico britannica britânico Brits Britse brytyjska"
        " brytyjskie britas britė brits britlane brittisk UK Great_Britain Großbritannien Grande-Bretagne Gran_Bretaña"
        " Gran_Bretagna Grã-Bretanha Groot-Brittannië Wielka_Brytania Didžioji_Britanija Storbritannien"
    ),
    "GR": "Greek griechisch grec grecque griego griega greco greca grego grega Grieks grecka graikas grieķis kreeklane",
    "TR": "Turkish türkisch turc turque turco turca Turks Turkse turecka tureckie turkas turks türklane turkisk Türkei",
    "CZ": "Czech tschechisch tchèque checo checa ceco ceca tcheco Tsjechisch czeska čekas čehs tšehh tjeckisk",
    "SK": "Slovak slowakisch slovaque eslovaco eslovaca slovacco slovacca Slowaaks słowacka slovakas slovāks slovakk",
    "HU": (
        "Hungarian ungarisch hongrois hongroise húngaro húngara ungherese Hongaars węgierska vengras ungārs ungarlane"
    ),
    "SI": "Slovenian Slovene slowenisch slovène esloveno eslovena sloveno slovena Sloveens słoweńska slovėnas",
    "HR": "Croatian kroatisch croate croata Kroatisch chorwacka kroatas horvāts horvaat kroatisk",
    "RS": "Serbian serbisch serbe serbio serbia serbo serba Servisch serbska serbas serbs serblane serbisk",
    "BA": "Bosnian bosnisch bosnien bosnienne bosnio bosniaco Bosnisch bośniacka Bosnien Bosnia",
    "RO": "Romanian rumänisch roumain roumaine rumano rumana rumeno rumena romeno romena Roemeens rumuńska rumunas",
    "BG": (
        "Bulgarian bulgarisch bulgare búlgaro búlgara bulgaro bulgara Bulgaars bułgarska bulgaras bulgārs bulgaarlane"
    ),
    "UA": (
        "Ukrainian ukrainisch ukrainien ukrainienne ucraniano ucraniana ucraino ucraina Oekraïens ukraińska"
        " ukraińskie ukrainietis ukrainietė ukrainis ukrainiete ukrainlane ukrainsk"
    ),
    "BY": "Belarusian belarussisch weißrussisch biélorusse bielorruso bielorusso Wit-Russisch białoruska baltarusis",
    "RU": (
        "Russian russisch russe ruso rusa russo russa Russische rosyjska rosyjskie rusas rusė krievs krieviete"
        " venelane rysk Russland Russie Rusia Rússia Rusland Rosja Rusija Krievija Venemaa Ryssland"
    ),
    "US": (
        "American amerikanisch US-amerikanisch américain américaine estadounidense statunitense norte-americano"
        " Amerikaans amerykańska amerikietis ameeriklane amerikansk Vereinigte_Staaten États-Unis Estados_Unidos"
        " Stati_Uniti Verenigde_Staten Stany_Zjednoczone JAV ASV Ameerika_Ühendriigid Förenta_staterna"
    ),
    "CA": "Canadian kanadisch canadien canadienne canadiense canadese Canadees kanadyjska kanadietis kanadensisk",
    "CN": (
        "Chinese chinesisch chinois chinoise chino china cinese chinês Chinees chińska kinas ķīnietis hiinlane kinesisk"
    ),
    "IN": "Indian indisch indien indienne indio indiano indiana Indiaas indyjska indas indietis indialane indisk",
    "BR": (
        "Brazilian brasilianisch brésilien brésilienne brasileño brasileña brasiliano brasileiro brasileira Braziliaans"
    ),
    "VN": "Vietnamese vietnamesisch vietnamien vietnamienne vietnamita Vietnamees wietnamska vietnamesisk",
    "SY": "Syrian syrisch syrien syrienne sirio siria siriano siriana Syrisch syryjska syrisk Syrien Syrie",
    "AF": "Afghan afghanisch afghane afgano afgana Afghaans afgańska afghansk",
    "IR": "Iranian iranisch iranien iranienne iraní iraniano iraniana Iraans irańska iransk Iran",
    "MA": "Moroccan marokkanisch marocain marocaine marroquí marocchino marocchina Marokkaans marokańska",
    "AL": "Albanian albanisch albanais albanaise albanés albanese Albanees albańska albansk",
    "MK": "Macedonian mazedonisch macédonien macédonienne macedonio macedone Macedonisch macedońska Mazedonien",
    "MD": "Moldovan moldauisch moldave moldavo moldava Moldavisch mołdawska Moldawien",
}
"""Alpha-2 -> words, with ``_`` for a space: adjectives, and common names that are not in ISO 3166."""
_WORD = re.compile(r"[^\W\d_][\w .,&'()\-\u2019]*")
"""What may be a name; folding would also accept a stray quote or a digit."""
_GERMAN_ENDINGS = ("e", "er", "es", "en")


def code(word: str) -> str | None:
    """Return the alpha-2 code of the country that a name, an adjective or a code means, or None."""
    if not _WORD.fullmatch(word):
        return None
    if english := countries.english_name(word):
        return _by_english().get(english)
    meant = {code for form in fold_variants(word) if (code := _words().get(form))}
    return meant.pop() if len(meant) == 1 else None


@cache
def _by_english() -> Mapping[str, str]:
    named = ((countries.english_name(country.alpha_2), country.alpha_2) for country in pycountry.countries)
    return MappingProxyType({english: alpha_2 for english, alpha_2 in named if english})


@cache
def _words() -> Mapping[str, str]:
    """Return folded word -> alpha-2, without the ambiguous ones."""
    meanings: dict[str, set[str]] = {}
    for word, alpha_2 in (*_translations(), *_adjectives()):
        for form in fold_variants(word):
            meanings.setdefault(form, set()).add(alpha_2)
    return MappingProxyType({form: codes.pop() for form, codes in meanings.items() if len(codes) == 1})


def _translations() -> Iterator[tuple[str, str]]:
    for language in LANGUAGES:
        book = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=[language], fallback=True)
        for country in pycountry.countries:
            for kind in ("name", "common_name", "official_name"):
                if english := getattr(country, kind, ""):
                    name = book.gettext(english)
                    yield name, country.alpha_2
                    # The part before the comma is the usual name ("Russie, Fédération de"), unless it is ambiguous.
                    yield name.partition(",")[0], country.alpha_2


def _adjectives() -> Iterator[tuple[str, str]]:
    for alpha_2, words in _ADJECTIVES.items():
        for word in words.split():
            yield word.replace("_", " "), alpha_2
            if word.endswith("sch"):
                yield from ((word + ending, alpha_2) for ending in _GERMAN_ENDINGS)
