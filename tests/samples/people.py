"""The invented persons of ``sample_data/``: common names of many countries, drawn with a fixed seed."""

import random
from datetime import UTC, date, datetime, timedelta

from finhub_onboard.model import CANONICAL_COLUMNS, CONSENTS, LATER_COLUMNS

COLUMNS = tuple(column for column in CANONICAL_COLUMNS if column not in LATER_COLUMNS)
"""The samples are those of earlier versions, which had no other columns."""
SEED = 20260107

Row = dict[str, str]

# Country, spellings of the nationality, start of a valid mobile number (four digits follow), first and last names.
COUNTRIES = (
    ("LT", "Lithuania", "+3706123", "Jonas Rūta Žygimantas Eglė Š", "Kazlauskas Petrauskienė Žukauskaitė Šimkus"),
    ("LV", "LVA", "+3712123", "Jānis Līga Ģirts Ķērsta", "Bērziņš Kalniņa Ozoliņš Šķēle"),
    ("EE", "Estonia", "+3725123", "Jüri Õnne Mägi Ülle", "Tamm Kõiv Mägi-Saar Pärn"),
    ("PL", "PL", "+4851234", "Łukasz Małgorzata Świętosław Żaneta", "Wiśniewski Wójcik Kowalska-Nowak Ścibor"),
    ("DE", "Germany", "+491512345", "Jürgen Käthe Hans-Peter Zoë", "Müller Weiß Schröder-Groß Böhm"),
    ("FR", "FRA", "+3361234", "François Zoé Jean-Luc Noël", "L'Hôte Lefèvre D'Arc Bénard"),
    ("ES", "Spain", "+3461234", "José Begoña Íñigo Lucía", "Núñez García-Márquez Peña Ibáñez"),
    ("IT", "IT", "+39312345", "Niccolò Chloé Matteo Giù", "D'Angelo Dell'Acqua Rossi Sforza"),
    ("PT", "Portugal", "+35191234", "João Inês Conceição Luís", "Gonçalves Magalhães Sá-Carneiro Simões"),
    ("GB", "United Kingdom", "+44740012", "Siân Alfie Mary-Jane O", "O'Connor Smith-Jones Brontë Ng"),
    ("IE", "IRL", "+35385012", "Seán Aoife Pádraig Niamh", "Ó'Briain O'Sullivan MacGiolla Ní-Dhomhnaill"),
    ("SE", "Sweden", "+4670123", "Åsa Björn Märta Östen", "Sjöberg Ångström Öberg Lindqvist"),
    ("NO", "NO", "+474061", "Øyvind Åse Jørn Ø", "Bjørnson Ødegård Sæther Å"),
    ("IS", "Iceland", "+354611", "Þór Guðrún Æsa Örn", "Sigurðsson Jónsdóttir Þorsteinsson Ægisdóttir"),
    ("CZ", "Czechia", "+42060112", "Jiří Šárka Ondřej Zdeňka", "Dvořák Nováková Růžička Šťastný"),
    ("HU", "HUN", "+3620123", "György Erzsébet Ödön Ágnes", "Szőke Kőszegi Nagy-Tóth Fűzfa"),
    ("RO", "Romania", "+4071203", "Ștefan Ioana Mădălina Țuțu", "Ionescu Țăran Brâncuși Știrbei"),
    ("TR", "Turkey", "+90501234", "İbrahim Gülşah Çağla Ömer", "Yılmaz Öztürk Şahin Gündoğdu"),  # noqa: RUF001 - a Turkish name
    ("VN", "Vietnam", "+8491234", "Nguyệt Đức Thảo Ý", "Nguyễn Trần Đặng Phạm"),
    ("GR", "Greece", "+30691234", "Γιώργος Ελένη Δημήτρης Σοφία", "Παπαδόπουλος Νικολάου Γεωργίου Ιωάννου"),
    ("BG", "Bulgaria", "+3594301", "Георги Мария Йордан Цветана", "Иванов Петрова Димитров Ангелова"),
    ("UA", "UKR", "+38050123", "Олена Андрій Їванна Євген", "Шевченко Коваль-Бойко Ґалаґан Мельник"),
    ("GE", "Georgia", "+99555512", "გიორგი ნინო ლევან თამარ", "ბერიძე კაპანაძე გელაშვილი მაისურაძე"),
    ("AM", "Armenia", "+3747712", "Արամ Անահիտ Տիգրան Լուսինե", "Պետրոսյան Հակոբյան Սարգսյան Գրիգորյան"),
    ("IL", "ISR", "+97250234", "נועה דוד יעל אבי", "כהן לוי בן־דוד מזרחי"),
    ("EG", "Egypt", "+20100123", "محمد فاطمة أحمد ليلى", "حسن عبدالله السيد إبراهيم"),
    ("SA", "Saudi Arabia", "+96651234", "عبدالله نورة خالد سارة", "العتيبي القحطاني الغامدي الشهري"),
    ("ET", "Ethiopia", "+25191123", "አበበ ሳራ ዳዊት ሄለን", "በቀለ ተስፋዬ ገብረማርያም ወልደ"),
    ("IN", "India", "+91812345", "अर्जुन प्रिया राहुल अनन्या", "शर्मा गुप्ता सिंह वर्मा"),
    ("TH", "THA", "+6681234", "สมชาย มาลี อรุณ กานดา", "ใจดี ศรีสุข ทองคำ แก้วมณี"),
    ("CN", "China", "+861312345", "伟 秀英 娜 建国", "王 李 张 欧阳"),
    ("JP", "Japan", "+81901234", "太郎 さくら ケンジ 結衣", "佐藤 鈴木 高橋 渡辺"),
    ("KR", "South Korea", "+82102000", "민준 서연 지후 이", "김 이 박 최"),
    ("TW", "Taiwan", "+88691234", "志明 春嬌 淑芬 家豪", "陳 林 黃 歐陽"),
    ("NA", "NA", "+26481123", "Ndapewa Hage !Nanub Tuli", "Shikongo ǀUirab ||Garoëb Nghidinwa"),  # noqa: RUF001 - a Khoekhoe name
    ("BO", "Bolivia", "+5917123", "Evo Wara Ñusta Inti", "Mamani Quispe Choque Condori"),
    ("BR", "BRA", "+551196123", "Antônio Conceição Júlia Ubiratã", "D'Ávila Gusmão Sant'Anna Araújo"),
    ("US", "USA", "+1201555", "Renée Malcolm X", "O'Neill Vander-Bilt Peña E"),
)
DOCUMENT_TYPES = ("PASSPORT", "Passport", "ID_CARD", "id card", "DRIVERS_LICENSE", "Driver's License")


def customer(draw: random.Random, number: int, external_id: str, email: str) -> Row:
    """Invent one; the number decides the country and the category."""
    code, nationality, start, first_names, last_names = COUNTRIES[number % len(COUNTRIES)]
    medium = number % 5 == 0
    row = dict.fromkeys(CANONICAL_COLUMNS, "")
    row |= {
        "external_id": external_id,
        "first_name": draw.choice(first_names.split()),
        "last_name": draw.choice(last_names.split()),
        "email": email,
        "phone": _phone(start, number),
        "date_of_birth": (date(1941, 1, 1) + timedelta(days=draw.randrange(64 * 365))).isoformat(),
        "nationality": draw.choice((nationality, code)),
        "category": "Individual Plus" if medium else "INDIVIDUAL_STANDARD",
        "gender": draw.choice(("MALE", "FEMALE", "female", "")),
        "place_of_birth": draw.choice(("Vilnius", "São Paulo", "Αθήνα", "東京", "")),
        "pincode": draw.choice((f"{draw.randrange(10000):05d}", "SW1A 1AA", "")),
        "risk_level": draw.choice(("MEDIUM", "medium") if medium else ("LOW", "Low", "")),
        "document_type": draw.choice(DOCUMENT_TYPES),
        "document_number": f"{draw.choice('ABCDEFGH')}{draw.randrange(10**8):08d}",
        "identity_document": draw.choice(("identity.pdf", "identity.jpg")),
        "address_document": "address.jpg" if medium else draw.choice(("address.jpg", "")),
        "funds_document": "funds.png" if medium else "",
    }
    accepted = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(seconds=draw.randrange(300 * 86400))
    for place, consent in enumerate(CONSENTS):
        row[f"{consent}_version"] = "1.0"
        row[f"{consent}_accepted_at"] = f"{accepted + timedelta(seconds=2 * place):%Y-%m-%dT%H:%M:%SZ}"
    return row


def _phone(start: str, number: int) -> str:
    """Write a number that nobody else has, in one of the spellings that people use."""
    digits = f"{start}{1000 + number:04d}"
    spaced = f"{digits[:4]} {digits[4:8]} {digits[8:]}"
    return (digits, spaced, "00" + digits[1:])[number % 7 % 3]
