"""Names of the canonical columns in twelve languages.

These are English, German, French, Spanish, Italian, Portuguese, Dutch, Polish, Lithuanian, Latvian, Estonian and
Swedish. Only a table, which ``proposing.header_names`` reads. Names are separated by ``|``. ``~`` marks an ambiguous
name; ``>`` and ``<`` mark full names that start with the first, or with the last name.
"""

FULL_NAME = "full_name"
"""Not a canonical column: first and last name in one."""

SYNONYMS = {
    "external_id": (
        "en: Customer ID|Customer number|Customer no|Customer code|Customer reference|Client ID|Client number|Client no"
        "|Client code|External ID|Member number|Member ID|~ID|~Record ID|~Rec ID|~Reference|~Number|~No|~Key|~Code;"
        "de: Kundennummer|Kunden-Nr|Kundennr|KdNr|Kunden-ID|Kundenkennung|Mitgliedsnummer|Mandantennummer|~Nummer|~Nr;"
        "fr: Numéro client|Numéro de client|N° client|No client|Code client|Identifiant client|Référence client"
        "|~Identifiant|~Numéro;"
        "es: Número de cliente|Núm. cliente|N.º cliente|Código de cliente|Código cliente|ID cliente|~Código|~Número;"
        "it: Codice cliente|Numero cliente|ID cliente|~Codice|~Numero;"
        "pt: Número do cliente|Número de cliente|N.º cliente|Código do cliente|ID do cliente|ID cliente|~Código;"
        "nl: Klantnummer|Klantnr|Klant-ID|Relatienummer|~Nummer; pl: Numer klienta|Nr klienta|ID klienta"
        "|Identyfikator klienta|~Numer; lt: Kliento numeris|Kliento Nr|Kliento ID|Kliento kodas|~Numeris;"
        "lv: Klienta numurs|Klienta Nr|Klienta ID|Klienta kods|~Numurs; et: Kliendinumber|Kliendi number|Kliendi nr"
        "|Kliendi ID|Kliendikood|Kliendi kood; sv: Kundnummer|Kundnr|Kund-ID|Medlemsnummer|~Nummer"
    ),
    "first_name": (
        "en: First name|Given name|Given names|Forename|FName|~First; de: Vorname|Vornamen|Rufname; fr: Prénom|Prénoms;"
        "es: Nombre|Nombres|Nombre de pila; it: Nome; pt: Nome|Nome próprio|Primeiro nome;"
        "nl: Voornaam|Voornamen|Roepnaam; pl: Imię|Imiona; lt: Vardas|Vardai; lv: Vārds|Vārdi; et: Eesnimi|Eesnimed;"
        "sv: Förnamn|Tilltalsnamn"
    ),
    "last_name": (
        "en: Last name|Surname|Family name|LName|~Last|~Name; de: Nachname|Familienname|Zuname|~Name;"
        "fr: Nom|Nom de famille|Nom d'usage; es: Apellido|Apellidos|Primer apellido; it: Cognome;"
        "pt: Apelido|Apelidos|Sobrenome|Último nome; nl: Achternaam|Familienaam|~Naam; pl: Nazwisko; lt: Pavardė;"
        "lv: Uzvārds; et: Perekonnanimi|Perenimi; sv: Efternamn|Släktnamn|~Namn"
    ),
    FULL_NAME: (
        "en: Full name|Customer name|Client name|>Name and surname|>First and last name|>First name last name"
        "|<Last name first name|<Surname, first name|Account holder|~Name;"
        "de: Vollständiger Name|Kundenname|Kontoinhaber|>Vor- und Nachname|>Vorname Nachname|>Vorname und Nachname"
        "|<Nachname, Vorname|<Name, Vorname|<Name Vorname|<Name und Vorname|~Name;"
        "fr: Nom complet|<Nom et prénom|<Nom prénom|>Prénom et nom|>Prénom nom|~Nom;"
        "es: Nombre completo|>Nombre y apellidos|>Nombre y apellido|<Apellidos y nombre|<Apellidos, nombre|~Nombre;"
        "it: Nome completo|Nominativo|>Nome e cognome|>Nome cognome|<Cognome e nome|<Cognome nome|~Nome;"
        "pt: Nome completo|>Nome e apelido|>Nome e sobrenome|~Nome; nl: Volledige naam|>Voor- en achternaam|~Naam;"
        "pl: >Imię i nazwisko|<Nazwisko i imię; lt: >Vardas ir pavardė|>Vardas, pavardė|<Pavardė, vardas;"
        "lv: >Vārds, uzvārds|>Vārds un uzvārds|<Uzvārds, vārds; et: Täisnimi|>Ees- ja perekonnanimi|~Nimi;"
        "sv: Fullständigt namn|>För- och efternamn|~Namn"
    ),
    "email": (
        "en: Email|E-Mail|Email address|Mail|Mail address; de: E-Mail|E-Mail-Adresse|Mailadresse|Mail;"
        "fr: Courriel|E-mail|Adresse e-mail|Adresse mail|Adresse électronique|Mél; es: Correo|Correo electrónico|E-mail"
        "|Dirección de correo electrónico; it: E-mail|Posta elettronica|Indirizzo e-mail;"
        "pt: E-mail|Correio eletrónico|Correio eletrônico|Endereço de e-mail; nl: E-mail|E-mailadres;"
        "pl: E-mail|Adres e-mail|Poczta elektroniczna; lt: El. paštas|El. pašto adresas|Elektroninis paštas;"
        "lv: E-pasts|E-pasta adrese; et: E-post|E-posti aadress|E-posti address|Meil|Meiliaadress;"
        "sv: E-post|E-postadress|Mejl|Mejladress"
    ),
    "phone": (
        "en: Phone|Phone number|Phone no|Telephone|Telephone number|Mobile|Mobile number|Mobile phone|Cell|Cell phone"
        "|Contact number|Tel|MSISDN; de: Telefon|Telefonnummer|Telefonnr|Tel|Tel.-Nr.|Handy|Handynummer|Mobil"
        "|Mobilnummer|Mobiltelefon|Rufnummer; fr: Téléphone|Numéro de téléphone|Téléphone portable|Téléphone mobile"
        "|Portable|Tél; es: Teléfono|Número de teléfono|Móvil|Teléfono móvil|Celular; it: Telefono|Numero di telefono"
        "|Cellulare|Numero di cellulare; pt: Telefone|Número de telefone|Telemóvel|Celular; nl: Telefoon"
        "|Telefoonnummer|Mobiel|Mobiel nummer|Gsm; pl: Telefon|Numer telefonu|Nr telefonu|Telefon komórkowy|Komórka;"
        "lt: Telefonas|Telefono numeris|Telefono Nr|Mobilusis telefonas; lv: Tālrunis|Tālruņa numurs|Telefons"
        "|Mobilais tālrunis; et: Telefon|Telefoninumber|Mobiil|Mobiiltelefon;"
        "sv: Telefon|Telefonnummer|Mobil|Mobilnummer|Mobiltelefon"
    ),
    "date_of_birth": (
        "en: Date of birth|Birth date|Birthday|DOB|Born|Born on; de: Geburtsdatum|Geburtstag|Geb.-Datum|Geb. am"
        "|Geboren am|GebDat; fr: Date de naissance|Né le|Née le|Né(e) le|DDN; es: Fecha de nacimiento|Fecha nacimiento"
        "|F. nacimiento; it: Data di nascita|Data nascita|Nato il; pt: Data de nascimento|Data nascimento;"
        "nl: Geboortedatum|Geboren op; pl: Data urodzenia|Data ur.; lt: Gimimo data|Gim. data;"
        "lv: Dzimšanas datums|Dzimšanas diena|Dzim. datums; et: Sünniaeg|Sünnikuupäev|Sünnipäev;"
        "sv: Födelsedatum|Födelsedag|Född"
    ),
    "nationality": (
        "en: Nationality|Nationality code|Citizenship|Country of citizenship|~Country|~Country code;"
        "de: Staatsangehörigkeit|Staatsbürgerschaft|Nationalität|Staatsang.|~Land|~Ländercode|~Staat;"
        "fr: Nationalité|Citoyenneté|~Pays|~Code pays; es: Nacionalidad|Ciudadanía|~País; it: Nazionalità|Cittadinanza"
        "|~Paese|~Nazione; pt: Nacionalidade|Cidadania|~País; nl: Nationaliteit|Staatsburgerschap|~Land|~Landcode;"
        "pl: Obywatelstwo|~Narodowość|~Kraj; lt: Pilietybė|~Šalis|~Valstybė; lv: Pilsonība|Valstspiederība|~Valsts;"
        "et: Kodakondsus|~Riik; sv: Nationalitet|Medborgarskap|~Land|~Landskod"
    ),
    "category": (
        "en: Category|Customer category|Customer type|Customer segment|Segment|Product|~Type|~Tier|~Plan;"
        "de: Kategorie|Kundenkategorie|Kundentyp|Kundenart|Kundengruppe|Kundensegment|Produkt|~Tarif|~Typ;"
        "fr: Catégorie|Catégorie de client|Type de client|Produit|~Segment; es: Categoría|Tipo de cliente|Producto"
        "|~Segmento; it: Categoria|Tipo cliente|Prodotto|~Segmento; pt: Categoria|Tipo de cliente|Produto|~Segmento;"
        "nl: Categorie|Klanttype|Klantcategorie|Product|~Segment; pl: Kategoria|Typ klienta|Produkt|~Segment;"
        "lt: Kategorija|Kliento tipas|Produktas; lv: Kategorija|Klienta tips|Produkts; et: Kategooria|Kliendi tüüp"
        "|Toode; sv: Kategori|Kundtyp|Produkt|~Segment"
    ),
    "gender": (
        "en: Gender|Sex|~Salutation; de: Geschlecht|~Anrede; fr: Sexe|Genre|~Civilité; es: Sexo|Género|~Tratamiento;"
        "it: Sesso|Genere|~Titolo; pt: Sexo|Género|Gênero|~Tratamento; nl: Geslacht|~Aanhef; pl: Płeć; lt: Lytis;"
        "lv: Dzimums; et: Sugu; sv: Kön"
    ),
    "place_of_birth": (
        "en: Place of birth|Birth place|City of birth|Town of birth; de: Geburtsort|Geburtsstadt;"
        "fr: Lieu de naissance|Ville de naissance; es: Lugar de nacimiento|Ciudad de nacimiento;"
        "it: Luogo di nascita|Comune di nascita; pt: Local de nascimento|Lugar de nascimento|Naturalidade;"
        "nl: Geboorteplaats; pl: Miejsce urodzenia; lt: Gimimo vieta; lv: Dzimšanas vieta; et: Sünnikoht;"
        "sv: Födelseort"
    ),
    "pincode": (
        "en: Postcode|Postal code|Zip|Zip code|Pin code; de: PLZ|Postleitzahl; fr: Code postal|CP; es: Código postal"
        "|CP; it: CAP|Codice postale; pt: Código postal|CEP; nl: Postcode; pl: Kod pocztowy; lt: Pašto kodas"
        "|Pašto indeksas; lv: Pasta indekss; et: Postiindeks|Sihtnumber; sv: Postnummer"
    ),
    "risk_level": (
        "en: Risk level|Risk|Risk class|Risk rating; de: Risikoklasse|Risikostufe|Risikoeinstufung|Risiko;"
        "fr: Niveau de risque|Risque; es: Nivel de riesgo|Riesgo; it: Livello di rischio|Rischio;"
        "pt: Nível de risco|Risco; nl: Risiconiveau|Risicoklasse|Risico; pl: Poziom ryzyka|Ryzyko;"
        "lt: Rizikos lygis|Rizika; lv: Riska līmenis|Risks; et: Riskitase|Risk; sv: Risknivå|Riskklass|Risk"
    ),
    "document_type": (
        "en: Document type|Type of document|ID type|ID document type|Identification type|Identity document type;"
        "de: Ausweisart|Ausweistyp|Art des Ausweises|Dokumenttyp|Dokumentart|Dokumentenart|Legitimationsart;"
        "fr: Type de document|Type de pièce|Type de pièce d'identité|Nature de la pièce; es: Tipo de documento"
        "|Tipo documento; it: Tipo documento|Tipo di documento; pt: Tipo de documento|Tipo documento;"
        "nl: Documenttype|Type document|Soort document|Documentsoort; pl: Typ dokumentu|Rodzaj dokumentu;"
        "lt: Dokumento tipas|Dokumento rūšis; lv: Dokumenta veids|Dokumenta tips; et: Dokumendi liik|Dokumendi tüüp;"
        "sv: Dokumenttyp|Legitimationstyp|Typ av legitimation|ID-typ"
    ),
    "document_number": (
        "en: Document number|Document no|ID number|ID card number|ID document number|Passport number|Passport no;"
        "de: Ausweisnummer|Ausweis-Nr|Dokumentnummer|Dokumentennummer|Passnummer|Reisepassnummer"
        "|Personalausweisnummer; fr: Numéro de document|N° de document|Numéro de pièce|N° pièce"
        "|Numéro de pièce d'identité|Numéro de passeport; es: Número de documento|Núm. documento"
        "|Número de pasaporte|~Documento;"
        "it: Numero documento|Numero di documento|Numero passaporto|~Documento; pt: Número do documento"
        "|Número de documento|Número do passaporte|~Documento; nl: Documentnummer|Paspoortnummer|Legitimatienummer;"
        "pl: Numer dokumentu|Seria i numer dokumentu|Numer dowodu|Numer paszportu; lt: Dokumento numeris|Dokumento Nr"
        "|Paso numeris; lv: Dokumenta numurs|Pases numurs; et: Dokumendi number|Passi number;"
        "sv: Dokumentnummer|Legitimationsnummer|Passnummer"
    ),
    "identity_document": (
        "en: Identity document|Identity document file|ID document|ID scan|ID copy|ID file|Passport copy|Passport scan;"
        "de: Ausweiskopie|Ausweisscan|Ausweisdatei|Ausweisdokument|Legitimationsdokument; fr: Pièce d'identité"
        "|Copie de la pièce d'identité|Justificatif d'identité; es: Documento de identidad|Copia del documento;"
        "it: Documento d'identità|Copia documento|Scansione documento; pt: Documento de identificação"
        "|Cópia do documento; nl: Identiteitsbewijs|Legitimatiebewijs|Kopie identiteitsbewijs; pl: Dokument tożsamości"
        "|Kopia dokumentu|Skan dokumentu; lt: Tapatybės dokumentas|Dokumento kopija; lv: Personas dokuments"
        "|Dokumenta kopija; et: Isikut tõendav dokument|Dokumendi koopia; sv: ID-handling|Legitimationskopia"
    ),
    "address_document": (
        "en: Proof of address|Address document|Address proof|Utility bill; de: Adressnachweis|Meldebescheinigung"
        "|Wohnsitznachweis|Adressdokument; fr: Justificatif de domicile; es: Justificante de domicilio"
        "|Comprobante de domicilio; it: Prova di residenza|Certificato di residenza; pt: Comprovativo de morada"
        "|Comprovante de residência; nl: Adresbewijs|Bewijs van adres; pl: Potwierdzenie adresu; lt: Adreso"
        " patvirtinimas; lv: Adreses apliecinājums; et: Aadressi tõend|Elukoha tõend; sv: Adressbevis|Adressintyg"
    ),
    "funds_document": (
        "en: Source of funds|Proof of funds|Funds document; de: Mittelherkunft|Mittelnachweis|Herkunftsnachweis"
        "|Nachweis der Mittelherkunft; fr: Origine des fonds|Justificatif de revenus; es: Origen de los fondos"
        "|Origen de fondos; it: Origine dei fondi|Provenienza dei fondi; pt: Origem dos fundos; nl: Herkomst van"
        " middelen|Herkomst vermogen; pl: Źródło środków|Pochodzenie środków; lt: Lėšų kilmė; lv: Līdzekļu izcelsme;"
        "et: Vahendite päritolu; sv: Medlens ursprung|Medlens härkomst"
    ),
    "identity_document_back": (
        "en: ID back|ID card back|ID copy back|Back of ID; de: Ausweis Rückseite|Ausweiskopie Rückseite"
        "|Rückseite Ausweis; fr: Verso pièce d'identité; es: Reverso DNI; it: Retro documento; pt: Verso do documento;"
        "nl: Achterkant ID; pl: Tył dowodu; lt: Dokumento antra pusė; lv: Dokumenta otra puse; et: Dokumendi tagakülg;"
        "sv: ID-kort baksida"
    ),
    "document_issued_on": (
        "en: Document issue date|ID issue date|Passport issue date; de: Ausweis ausgestellt am|Ausstellungsdatum"
        " Ausweis; fr: Date de délivrance; es: Fecha de expedición; it: Data di rilascio; pt: Data de emissão do"
        " documento; nl: Afgiftedatum; pl: Data wydania dokumentu; lt: Dokumento išdavimo data;"
        "lv: Dokumenta izdošanas datums; et: Dokumendi väljaandmise kuupäev; sv: ID utfärdat datum"
    ),
    "document_expires_on": (
        "en: Document expiry date|ID expiry date|Passport expiry date|Document valid until; de: Ausweis gültig bis"
        "|Ablaufdatum Ausweis; fr: Date d'expiration du document; es: Fecha de caducidad; it: Data di scadenza"
        " documento; pt: Data de validade do documento; nl: Document geldig tot; pl: Data ważności dokumentu;"
        "lt: Dokumentas galioja iki; lv: Dokuments derīgs līdz; et: Dokument kehtib kuni; sv: ID giltigt till"
    ),
    "street": (
        "en: Street|Street address|Address line 1; de: Straße|Straße und Hausnummer|Strasse Nr; fr: Rue; es: Calle;"
        "it: Via; pt: Rua|Morada; nl: Straat; pl: Ulica; lt: Gatvė; lv: Iela; et: Tänav; sv: Gata|Gatuadress"
    ),
    "city": (
        "en: City|Town; de: Ort|Stadt|Wohnort; fr: Ville; es: Ciudad; it: Città; pt: Cidade; nl: Woonplaats|Stad;"
        "pl: Miasto|Miejscowość; lt: Miestas; lv: Pilsēta; et: Linn; sv: Stad|Postort"
    ),
    "region": (
        "en: Region|State|County; de: Bundesland; fr: Région; es: Provincia; it: Provincia; pt: Distrito; "
        "nl: Provincie; pl: Województwo; lt: Apskritis; lv: Novads; et: Maakond; sv: Län"
    ),
    "postal_code": (
        "en: Address postal code|Address postcode; de: PLZ Wohnort|PLZ Adresse; fr: Code postal adresse;"
        "es: Código postal domicilio; it: CAP residenza; pt: Código postal morada; nl: Postcode adres;"
        "pl: Kod pocztowy adresu; lt: Adreso pašto kodas; lv: Adreses pasta indekss; et: Aadressi postiindeks;"
        "sv: Adress postnummer"
    ),
    "country": (
        "en: Country of residence|Residence country|Address country; de: Wohnsitzland; fr: Pays de résidence;"
        "es: País de residencia; it: Paese di residenza; pt: País de residência; nl: Woonland; pl: Kraj zamieszkania;"
        "lt: Gyvenamoji šalis; lv: Dzīvesvietas valsts; et: Elukohariik; sv: Bosättningsland"
    ),
    "consent_ip_address": (
        "en: Consent IP|Consent IP address; de: IP-Adresse Einwilligung; fr: IP du consentement; es: IP consentimiento;"
        "it: IP consenso; pt: IP consentimento; nl: IP toestemming; pl: IP zgody; lt: Sutikimo IP; lv: Piekrišanas IP;"
        "et: Nõusoleku IP; sv: Samtycke IP"
    ),
}
"""Column -> ``language: name|name; language: …``."""

CONSENT_TOPICS = {
    "terms": (
        "en: Terms|Terms and conditions|Terms of use|Terms of service|TOS; de: AGB|Geschäftsbedingungen"
        "|Nutzungsbedingungen; fr: CGU|CGV|Conditions générales; es: Términos|Condiciones|Términos y condiciones;"
        "it: Termini|Condizioni|Termini e condizioni; pt: Termos|Condições|Termos e condições; nl: Voorwaarden"
        "|Algemene voorwaarden; pl: Regulamin|Warunki; lt: Sąlygos|Taisyklės; lv: Noteikumi; et: Tingimused"
        "|Kasutustingimused; sv: Villkor|Användarvillkor"
    ),
    "privacy": (
        "en: Privacy|Privacy policy|Privacy notice; de: Datenschutz|Datenschutzerklärung|Datenschutzhinweise;"
        "fr: Confidentialité|Politique de confidentialité; es: Privacidad|Política de privacidad; it: Privacy"
        "|Informativa privacy; pt: Privacidade|Política de privacidade; nl: Privacy|Privacybeleid|Privacyverklaring;"
        "pl: Prywatność|Polityka prywatności; lt: Privatumas|Privatumo politika; lv: Privātums|Privātuma politika;"
        "et: Privaatsus|Privaatsuspoliitika; sv: Integritet|Integritetspolicy"
    ),
    "data_processing": (
        "en: Data processing|Personal data processing|Data processing consent|GDPR|GDPR consent; de: Datenverarbeitung"
        "|Einwilligung Datenverarbeitung|DSGVO; fr: Traitement des données|RGPD; es: Tratamiento de datos|RGPD;"
        "it: Trattamento dati|Trattamento dei dati|GDPR; pt: Tratamento de dados|RGPD|LGPD; nl: Gegevensverwerking|AVG;"
        "pl: Przetwarzanie danych|RODO; lt: Duomenų tvarkymas|BDAR; lv: Datu apstrāde|VDAR; et: Andmetöötlus"
        "|Andmete töötlemine; sv: Personuppgiftsbehandling|Databehandling"
    ),
}
CONSENT_PARTS = {
    "version": (
        "en: Version; de: Version|Fassung|Stand; fr: Version; es: Versión; it: Versione; pt: Versão; nl: Versie;"
        "pl: Wersja; lt: Versija; lv: Versija; et: Versioon; sv: Version"
    ),
    "accepted_at": (
        "en: Accepted|Accepted at|Accepted on|Acceptance date|Agreed at|Date|Timestamp; de: akzeptiert|akzeptiert am"
        "|angenommen am|zugestimmt am|bestätigt am|Zustimmung|Datum|Zeitpunkt; fr: accepté le|acceptées le|Date"
        "|Date d'acceptation; es: aceptado el|aceptados el|Fecha|Fecha de aceptación; it: accettato il|accettati il"
        "|Data|Data accettazione; pt: aceite em|aceites em|aceito em|Data; nl: geaccepteerd op|akkoord op|Datum;"
        "pl: zaakceptowano|Data akceptacji|Data; lt: patvirtinta|priimta|Data; lv: apstiprināts|pieņemts|Datums;"
        "et: nõustutud|aktsepteeritud|Kuupäev; sv: godkänd|godkänt|accepterad|Datum"
    ),
}

WITHOUT_MEANING = (
    "customer|customers|client|user|person|personal|applicant|primary|main|kunde|kunden|kundin|haupt|cliente|del|do|di"
    "|du|de|der|des|klant|klienta|kliento|kliendi|kund|the|of|1|one"
)
"""Words that do not change the meaning of a name that contains them."""

SOMEBODY_ELSES = (
    "mother|father|parent|guardian|spouse|emergency|company|employer|branch|bank|agent|advisor|manager|referr|previous"
    "|maiden|second|alternat|mutter|vater|ehe|notfall|firma|firmen|arbeitgeber|filial|berater|vermittler|betreuer"
    "|mädchen|zweit|frühere|mère|père|conjoint|urgence|entreprise|employeur|agence|conseiller|madre|padre|cónyuge"
    "|emergencia|empresa|sucursal|azienda|emergenza|filiale|coniuge|mãe|pai|agência|moeder|vader|nood|bedrijf"
    "|filiaal|matka|ojciec|firmy|oddział|įmonė|filialas|uzņēmum|filiāle|ettevõte|filiaal|företag|kontor"
)
"""Prefixes of words that say that a value belongs to somebody or something else."""
