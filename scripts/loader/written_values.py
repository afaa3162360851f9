"""Numbers and dates as people write them, read as PostgreSQL takes them.

    1,054.00   1.054,00   1 054,5   $900   50%   (12)        31.12.2024   12/31/2024 5:30 PM   2024-01-02T00:00:00Z

A value is read where it has one meaning, by itself or beside the other values of its column: where one of them is
31/12/2024, days come first. Where a rule of the mapping says how the column is written, that alone holds. What has two
meanings is refused with the rule to write.
"""

from __future__ import annotations

import ast
import json
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from itertools import product
from zoneinfo import ZoneInfo

from loader.csv_reader import Header, OpenFile, careful_records
from loader.export_files import Rule
from loader.raw_tables import (
    DELETED,
    INSTANT,
    KINDS,
    MISSING,
    NO_WHOLE_ID,
    NO_WORD,
    SHORT_ID,
    SHORTENED,
    Column,
    RawTable,
)

Readings = dict[str, str]  # how the value is written → what it then is
WHOLE = {"smallint", "integer", "bigint"}
NUMBERS = {"numeric", *WHOLE}
DATES = {"date", INSTANT}

# What spreadsheets of other languages write for true and false, and data frames where a value is missing.
TRUE = (
    "1.0 ja wahr oui vrai sí si sì verdadero vero sim verdadeiro waar tak prawda sant sand sann ano pravda evet doğru "
    "igen igaz kyllä tosi da adevărat ναι αληθης да так истина 是 はい 예 نعم כן ใช่ हाँ có ya benar checked"  # noqa: RUF001
)
FALSE = (
    "0.0 nein falsch non faux falso não nao nee onwaar nie fałsz nej falskt falsk nei usann ne nepravda "
    "hayır hayir yanlış yanliş nem hamis ei epätosi nu fals όχι ψευδης нет ні ложь 否 いいえ 아니요 아니오 لا לא "  # noqa: RUF001
    "ไม่ใช่ नहीं không tidak salah unchecked"
)
BOOLEANS = dict.fromkeys(TRUE.split(), "true") | dict.fromkeys(FALSE.split(), "false")

# The currencies that a sign stands for; a code stands for itself.
CURRENCIES = {
    "$": "USD AUD CAD NZD SGD HKD TWD MXN ARS CLP COP",
    "US$": "USD",
    "A$": "AUD",
    "C$": "CAD",
    "MX$": "MXN",
    "NT$": "TWD",
    "CA$": "CAD",
    "HK$": "HKD",
    "NZ$": "NZD",
    "R$": "BRL",
    "S$": "SGD",
    "\N{EURO SIGN}": "EUR",
    "\N{POUND SIGN}": "GBP",
    "\N{YEN SIGN}": "JPY CNY",
    "\N{FULLWIDTH YEN SIGN}": "JPY CNY",
    "CN\N{YEN SIGN}": "CNY",
    "\\": "JPY KRW",  # what programs in Japan and Korea show as their currency's sign
    "\N{INDIAN RUPEE SIGN}": "INR",
    "\N{WON SIGN}": "KRW",
    "\N{FULLWIDTH WON SIGN}": "KRW",
    "\N{RUBLE SIGN}": "RUB",
    "\N{TURKISH LIRA SIGN}": "TRY",
    "\N{HRYVNIA SIGN}": "UAH",
    "\N{NEW SHEQEL SIGN}": "ILS",
    "\N{DONG SIGN}": "VND",
    "\N{PESO SIGN}": "PHP",
    "\N{NAIRA SIGN}": "NGN",
    "\N{CEDI SIGN}": "GHS",
    "\N{TENGE SIGN}": "KZT",
    "\N{BENGALI RUPEE SIGN}": "BDT",
    "\N{THAI CURRENCY SYMBOL BAHT}": "THB",
    "R": "ZAR",
    "S/": "PEN",
    "kr": "SEK NOK DKK ISK",
    "kr.": "SEK NOK DKK ISK",
    "z\N{LATIN SMALL LETTER L WITH STROKE}": "PLN",
    "K\N{LATIN SMALL LETTER C WITH CARON}": "CZK",
    "Ft": "HUF",
    "Fr.": "CHF",
    "Rp": "IDR",
    "RM": "MYR",
    "Rs": "INR PKR LKR NPR",
    "Rs.": "INR PKR LKR NPR",
    "lei": "RON",
}
_MONEY = f"{'|'.join(map(re.escape, sorted(CURRENCIES, key=len, reverse=True)))}|[A-Z]{{3}}"
_MINUS = "[-+\N{MINUS SIGN}]?"
_SIGNED = re.compile(
    rf"(?P<minus>{_MINUS})\s*(?P<before>{_MONEY})?\s*(?P<inner>{_MINUS})"
    rf"(?P<number>[\d.,].*?)(?P<end>-)?\s*(?P<after>{_MONEY}|%)?"  # SAP writes 12.50-
)
_BLANKS = " '\N{RIGHT SINGLE QUOTATION MARK}"

# Of other scripts: separators of numbers, and fullwidth signs, which stand in the order of ASCII.
_SIGNS = {0x066B: ".", 0x066C: ","} | {0xFEE0 + sign: chr(sign) for sign in range(0x21, 0x7F)}
# Days and halves of the day as they are written in China, Japan and Korea, and the halves in Arabic.
_WORDS = [
    (re.compile(r"(\d{4})[年년] ?(\d\d?)[月월] ?(\d\d?)[日일]", re.ASCII), r"\1-\2-\3 "),
    (re.compile(r"(?:上午|午前|오전) ?([\d:.]+)", re.ASCII), r"\1 AM"),
    (re.compile(r"(?:下午|午後|오후) ?([\d:.]+)", re.ASCII), r"\1 PM"),
    (re.compile(r"(?<=\d) ?ص\Z", re.ASCII), " AM"),
    (re.compile(r"(?<=\d) ?م\Z", re.ASCII), " PM"),
]
_HALF = re.compile(r"(?<=[\d ])([ap])\. ?m\b\.?", re.ASCII | re.IGNORECASE)


def _number(decimal: str, group: str) -> re.Pattern[str]:
    """Digits in groups of three (in India the first ones of two), or in none."""
    grouped = rf"[1-9]\d{{0,2}}(?P<mark>[{re.escape(group)}{_BLANKS}])\d{{3}}(?:(?P=mark)\d{{3}})*"
    indian = rf"[1-9]\d?(?:{re.escape(group)}\d\d)+{re.escape(group)}\d{{3}}"
    point = re.escape(decimal)
    return re.compile(rf"(?P<whole>{grouped}|{indian}|\d+|(?={point}\d))(?:{point}(?P<part>\d*))?", re.ASCII)


_BY_DECIMAL = {".": _number(".", ","), ",": _number(",", ".")}
_TIME = (
    r"(?P<end>\.?)(?:(?:,? +|T)(?P<hour>\d\d?)(?P<rest>:[0-5]\d(?::[0-5]\d(?:[.,]\d{1,6})?)?)(?:(?<=[.,]\d{6})\d+)?"
    r"(?: ?(?P<half>[AaPp])[Mm])?(?: ?(?P<utc>Z|UTC|GMT))?(?: ?(?P<sign>[+-])(?P<hours>\d\d?)(?::?(?P<minutes>\d\d))?)?"
    # The zone once more, by name: +05:30[Asia/Kolkata], GMT+0530 (India Standard Time), +0530 IST.
    r"(?P<zone>\[[\w/+-]+\]| \([\w ]+\)| (?![AP]M\b)[A-Z]{2,5}| [+-]\d\d)?)?"
)
# Digits beyond the sixth of a second are cut off: rounding could cross midnight.
_YEAR_FIRST = re.compile(r"(\d{4})(?:([-/]|\. ?)(\d\d?)\2(\d\d?)|()(\d\d)(\d\d))" + _TIME, re.ASCII)
_YEAR_LAST = re.compile(r"(\d\d?)([-/]|\. ?)(\d\d?)\2(\d{4})" + _TIME, re.ASCII)


# Formats that strptime does not have, and how many of their units are a second: moments since 1970-01-01 in UTC.
EPOCHS = {"epoch": 1, "epoch_ms": 1000}
# Days since 1899-12-30, as Excel and other spreadsheets keep dates, in the zone of the source; before March 1900 Excel
# counts a day that never was.
EXCEL, EXCEL_START, EXCEL_FIRST = "excel", datetime(1899, 12, 30), 61
# From 2001 to 2065. Ten digits may also be a year of two, month, day, hour and minute.
EPOCH_DIGITS = {"epoch": re.compile(r"[12]\d{9}", re.ASCII), "epoch_ms": re.compile(r"[12]\d{12}", re.ASCII)}
# From 1990 to 2064.
EXCEL_DAY = re.compile(r"(?:3[3-9]|[45]\d)\d{3}(?:[.,]\d*)?", re.ASCII)

# What a date may be written by that needs a rule, to name it: years of two digits and months by their names.
_NAMED_DATES = (
    "%d.%m.%y|%d/%m/%y|%m/%d/%y|%d-%m-%y|%y-%m-%d|%d %b %Y|%d-%b-%Y|%d-%b-%y|%d/%b/%Y|"
    "%d %B %Y|%b %d, %Y|%b %d %Y|%B %d, %Y|%d. %B %Y|%a %b %d %Y"
)
_NAMED_CLOCKS = "| %H:%M| %H:%M:%S| %I:%M %p| %I:%M:%S %p|, %H:%M|, %I:%M %p| %H:%M:%S GMT%z"
NAMED_FORMATS = [day + clock for day in _NAMED_DATES.split("|") for clock in _NAMED_CLOCKS.split("|")]
# 10:00 IST, which may be India, Israel or Ireland; 10:00:00[Europe/Berlin]; and with a day that needs a rule
# 10:00:00 GMT+0530 (India Standard Time), as JavaScript has it.
_ZONE = re.compile(
    r"(?P<time>.*:.*\d(?: ?[AaPp][Mm])?)(?P<zone> (?![AP]M\b)[A-Z]{2,5}| \([\w ]+\)|\[[\w/+-]+\])"
)
NAMED_TRIES = 100  # values of a file for which they are tried; the first few are told

# Where an API writes an object in place of an id, these members are the id: {"id": 7, "name": "Ann"}.
IDS = ("value", "id")

_SHORT_ID, _SHORTENED = re.compile(SHORT_ID, re.ASCII), re.compile(SHORTENED)


class NotPlain(Exception):
    """Why a value cannot be read; what follows the value in a message."""


def in_ascii(text: str) -> str:
    """With the digits, blanks and separators of ASCII in place of those of other scripts that mean the same, without
    marks of the direction of writing, which mean nothing, and with AM and PM for a. m. and p. m."""
    if not text.isascii():
        text = "".join(
            str(unicodedata.decimal(sign)) if sign.isdecimal() else " " if sign.isspace() else sign
            for sign in text.translate(_SIGNS)
            if unicodedata.category(sign) != "Cf"
        )
        for word, plain in _WORDS:
            text = word.sub(plain, text)
    return _HALF.sub(r"\1m", text.strip())


def number_readings(text: str, is_whole: bool = False) -> Readings:
    """Of digits with separators, by decimal sign. Nothing where it is no number."""
    readings = {}
    for decimal, pattern in _BY_DECIMAL.items():
        if match := pattern.fullmatch(text):
            whole = re.sub(r"\D", "", match["whole"]) or "0"
            part = (match["part"] or "").rstrip("0") if is_whole else match["part"]
            if not (is_whole and part):
                readings[decimal] = f"{whole}.{part}" if part else whole
    if len(set(readings.values())) == 1 and text.isdecimal():
        return {"": text}
    return readings


def signed_number(text: str) -> tuple[str, str, str]:
    """A number without its signs; its minus; and its currency or percent sign. Without a number all are empty."""
    text = in_ascii(text)
    if text.startswith("(") and text.endswith(")"):
        number, minus, unit = signed_number(text[1:-1])
        return ("", "", "") if minus else (number, "-", unit)
    match = _SIGNED.fullmatch(text)
    if not match or (match["before"] and match["after"]):
        return "", "", ""
    signs = [match[sign] for sign in ("minus", "inner", "end") if match[sign]]
    if len(signs) > 1:
        return "", "", ""
    minus = "-" if signs and signs != ["+"] else ""
    return match["number"], minus, match["before"] or match["after"] or ""


def long_id(text: str) -> str:
    """An id of Salesforce with its last three characters, which tell the capitals among the others."""
    places = [[character.isupper() for character in text[start : start + 5]] for start in (0, 5, 10)]
    numbers = (sum(is_upper << place for place, is_upper in enumerate(five)) for five in places)
    return text + "".join("ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[number] for number in numbers)


def date_readings(text: str, keeps_time: bool) -> Readings:
    """Of a day with or without its time of day, by order and separator. Nothing where it is no date."""
    text = in_ascii(text)
    orders: dict[str, tuple[str, str, str]] = {}
    if match := _YEAR_FIRST.fullmatch(text):
        year, sign, *parts = match.groups()[:7]
        month, day = parts[:2] if sign else parts[3:5]
        orders[f"%Y{sign or ''}%m{sign or ''}%d{match['end']}"] = (year, month, day)
    elif match := _YEAR_LAST.fullmatch(text):
        first, sign, second, year = match.groups()[:4]
        orders[f"%d{sign}%m{sign}%Y{match['end']}"] = (year, second, first)
        orders[f"%m{sign}%d{sign}%Y{match['end']}"] = (year, first, second)
    if not match or (clock := _clock(match)) is None:
        return {}
    readings = {}
    for order, (year, month, day) in orders.items():
        try:
            iso = date(int(year), int(month), int(day)).isoformat()
        except ValueError:
            continue
        readings[order] = f"{iso}{clock}" if keeps_time else iso
    return readings


def _clock(match: re.Match[str]) -> str | None:
    """The time of day as ISO 8601 has it; None where it is none, or of a zone that a name alone tells."""
    if match["hour"] is None:
        return ""
    hour, half = int(match["hour"]), (match["half"] or "").lower()
    if (half and not 1 <= hour <= 12) or hour > 23:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    utc, sign, hours, minutes, zone = match.group("utc", "sign", "hours", "minutes", "zone")
    if (zone and not (utc or sign)) or (sign and (utc == "Z" or (not utc and len(hours) == 1))):
        return None
    offset = f"{sign}{int(hours):02}:{minutes or '00'}" if sign else "Z" if utc else ""
    return f" {hour:02}{match['rest'].replace(',', '.')}{offset}"


def by_formats(
    text: str, formats: Iterable[str], keeps_time: bool | None = None, zone: str = "UTC"
) -> str | None:
    """The date by the first format that fits; None where none does. Without `keeps_time` the format says whether there
    is a time of day. An epoch time is a day in the zone."""
    ways = dict.fromkeys((text.strip(), in_ascii(text)))  # a format may have the words of its script
    for date_format, way in product(formats, ways):
        try:
            moment = _moment(way, date_format, zone)
        except (ValueError, OverflowError, OSError):
            continue
        has_time = date_format in (*EPOCHS, EXCEL) or any(
            sign in date_format for sign in ("%H", "%I", "%X", "%c")
        )
        keeps = has_time if keeps_time is None else keeps_time and has_time
        return moment.isoformat() if keeps else moment.date().isoformat()
    return None


def _moment(text: str, date_format: str, zone: str) -> datetime:
    """Raises ValueError or, for a time beyond the years, OverflowError."""
    if date_format not in (*EPOCHS, EXCEL):
        return datetime.strptime(text, date_format)
    if date_format == EXCEL:
        text = text.replace(",", ".")
    if not re.fullmatch(r"-?\d+(\.\d*)?", text, re.ASCII):
        raise ValueError("no number")
    if date_format == EXCEL:
        if (days := Decimal(text)) < EXCEL_FIRST:
            raise ValueError("before Excel's days are days")
        # A fraction of a day is seldom a whole second in binary.
        return EXCEL_START + timedelta(milliseconds=round(days * 86_400_000))
    seconds = Decimal(text) / EPOCHS[date_format]
    moment = datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(microseconds=int(seconds * 10**6))
    return moment.astimezone(_zone_of(zone))


def _zone_of(name: str) -> tzinfo:
    """UTC also where the machine has no table of zones."""
    return timezone.utc if name == "UTC" else ZoneInfo(name)


def _instant(iso: str) -> datetime:
    return datetime.fromisoformat(iso.replace("Z", "+00:00"))


def rank(text: str, formats: Iterable[str]) -> tuple[str, object] | None:
    """What tells of two dates or numbers, written in one way, which comes first; None where it is not clear. A time
    without an offset counts as one in UTC."""
    if not text:
        return "", ""
    iso = set(filter(None, [by_formats(text, formats, True)])) or set(date_readings(text, True).values())
    if len(iso) == 1:
        moment = _instant(iso.pop())
        return "date", moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    number, minus, _ = signed_number(text)
    readings = set(number_readings(number).values())
    return ("number", Decimal(minus + readings.pop())) if len(readings) == 1 else None


def multiplied(number: str, factor: float) -> str:
    """Without an exponent, which no number of a file has."""
    return f"{Decimal(number) * Decimal(str(factor)):f}"


def by_decimal(text: str, decimal: str, is_whole: bool = False) -> str | None:
    """The number by a decimal sign, whatever currency or percent sign stands beside it; None where it is none."""
    number, minus, _ = signed_number(text)
    readings = number_readings(number, is_whole)
    reading = readings.get(decimal, readings.get(""))
    return None if reading is None else minus + reading


def member_of(text: str, members: Iterable[str]) -> str:
    """Of an object in a cell, as JSON or as Python writes it, the first of these members that is there and holds
    something; '' where none does. Any other text is itself."""
    if not text.startswith("{"):
        return text
    try:
        held = json.loads(text)
    except ValueError:
        try:
            held = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            return text
    found = (held.get(member) for member in members) if isinstance(held, dict) else ()
    return next((str(value) for value in found if value not in (None, "")), "")


class ValueReader:
    """Reads the typed values of one file, row by row."""

    def __init__(
        self,
        table: RawTable,
        header: Header,
        rules: dict[str, Rule],
        zone: str,
        reopen: Callable[[], OpenFile],
    ) -> None:
        self.header, self.rules, self.zone, self.reopen = header, rules, zone, reopen
        self.has_shares = table.name.startswith("hubspot_")  # of 1, where the other CRMs have percent
        self.places = {name: place for place, name in enumerate(header.positions)}
        self.typed = [
            (self.places[column.name], column, _plain(column, rules.get(column.name)))
            for column in table.columns
            if column.name in self.places and column.type in NUMBERS | DATES
        ]
        self.booleans = [
            (self.places[column.name], column.name)
            for column in [*table.columns, DELETED]
            if column.name in self.places and column.type == "boolean"
        ]
        self.objects = [
            self.places[column.name]
            for column in table.columns
            if column.name in self.places and column.is_id
        ]
        self.ids = [
            (self.places[column.name], column.name, table.is_any_id(column))
            for column in table.columns
            if column.name in self.places and table.is_salesforce_id(column)
        ]
        known = {column.name: column for column in [*table.columns, DELETED]}
        self.optional = [
            (place, name, _certainly_missing(table, known.get(name)))
            for name, place in self.places.items()
            if name not in known or not known[name].required
        ]
        self.written: dict[
            str, str
        ] = {}  # of the row that was read, what stands in the file in place of its values
        self._written: dict[str, set[str]] | None = None
        self._markers: set[str] | None = None
        self.missing: Counter[str] = Counter()  # what stood for no value, and how often
        self.tries_left = NAMED_TRIES

    def read(self, values: list[str]) -> tuple[str, str, str] | None:
        """Write the values as PostgreSQL takes them. The column, value and reason of the first that cannot be read."""
        self.written = {}
        for place, name, certain in self.optional:
            if values[place]:
                text = values[place].strip()
                marker = text.lower()
                if marker in certain or text in NO_WORD or (marker in MISSING and marker in self._missing()):
                    self.missing.update([text] if text else [])
                    self.written[name], values[place] = values[place], ""
        for place in self.objects:
            values[place] = member_of(values[place].strip(), IDS)
        for place, name, is_id in self.ids:
            text = values[place].strip()
            if is_id and _SHORTENED.match(text):
                return name, text, NO_WHOLE_ID
            is_short = _SHORT_ID.fullmatch(text) and not text.isdecimal()
            values[place] = long_id(text) if is_short else text if is_id else values[place]
        for place, name in self.booleans:
            text = in_ascii(values[place])
            if (read := BOOLEANS.get(text.lower(), text)) != values[place]:
                self.written[name], values[place] = values[place], read
        for place, column, plain in self.typed:
            text = values[place]
            if not text or plain.fullmatch(text):
                continue
            try:
                values[place] = self._read(text, column, values)
            except NotPlain as reason:
                return column.name, text, str(reason)
            if self.has_shares and column.name.endswith("probability") and text.strip().endswith("%"):
                values[place] = _hundredth(values[place])
            self.written[column.name] = text
        return None

    def _read(self, text: str, column: Column, values: list[str]) -> str:
        """Raises NotPlain. What is no number or date at all stays: the check of its type says so."""
        rule = self.rules.get(column.name, Rule())
        if column.type in NUMBERS and rule.decimal:
            number = by_decimal(text, rule.decimal, column.type in WHOLE)
            if number is None:
                raise NotPlain(f'is not a number by the rule "decimal": "{rule.decimal}" of the mapping')
            return number
        if column.type in DATES and rule.date_formats:
            readings = date_readings(text, column.type == INSTANT)
            iso = next((day for order, day in readings.items() if order.startswith("%Y-")), None)
            day = by_formats(text, rule.date_formats, column.type == INSTANT, self.zone) or iso
            if day is None:
                raise NotPlain(
                    f'is not a date by the rule "date_format": {_quoted(rule.date_formats)} of the mapping'
                )
            return day
        if column.type in NUMBERS:
            number, minus, unit = signed_number(text)
            readings = number_readings(number, column.type in WHOLE)
            if readings:
                self._check_unit(unit, column, values)
                default = "." if self.header.delimiter != ";" and not unit and "," not in number else ""
                return minus + self._choose(readings, column, "decimal", default)
            return text
        readings = date_readings(text, column.type == INSTANT)
        if readings and column.type == "date":
            self._check_day(text, readings)
        if not readings:
            return self._epoch(text, column)
        return self._choose(readings, column, "date_format", clock=clock_format(text))

    def _epoch(self, text: str, column: Column) -> str:
        """Thirteen digits are milliseconds since 1970, as HubSpot writes them; ten may be seconds, five days of Excel.
        Raises NotPlain."""
        if EXCEL_DAY.fullmatch(text.strip()):
            raise NotPlain(
                'may be a day as Excel counts them: write the rule "date_format": "excel" into a mapping, see '
                "docs/mapping.md"
            )
        if EPOCH_DIGITS["epoch"].fullmatch(text.strip()):
            raise NotPlain(
                'may be the seconds since 1970: write the rule "date_format": "epoch" into a mapping, see '
                "docs/mapping.md"
            )
        if not EPOCH_DIGITS["epoch_ms"].fullmatch(text.strip()):
            self._name_format(text)
            return text
        return by_formats(text, ["epoch_ms"], column.type == INSTANT, self.zone) or text

    def _name_format(self, text: str) -> None:
        """Raises NotPlain for a date of which the rule can be told."""
        self.tries_left -= 1
        if self.tries_left < 0:
            return
        match = _ZONE.fullmatch(text.strip())
        time, zone = match.groups() if match else (text, "")
        days = date_readings(time, keeps_time=True) if zone else {}
        formats = [
            *NAMED_FORMATS,
            *(day + clock_format(time) + offset for day in days for offset in ("", "%z", " %z")),
        ]
        fitting = [form + zone for form in formats if by_formats(text, [form + zone], keeps_time=True)]
        if fitting:
            hint = (
                ", and name the zone that this is by --source-timezone"
                if zone and "%z" not in fitting[0]
                else ""
            )
            raise NotPlain(
                f'is a date that is not read without a rule: write "date_format": {_quoted(fitting)} into a mapping'
                f"{hint}, see docs/mapping.md"
            )

    def _choose(
        self, readings: Readings, column: Column, rule: str, default: str = "", clock: str = ""
    ) -> str:
        """The one reading, or that of the way in which all other values of the column are written. Dates of which some
        are in another way were changed by a program that took part of them for something else."""
        meanings = sorted(set(readings.values()))
        if len(meanings) > 1:
            written = self._evidence()[column.name]
            way = next(iter(written or {default})) if len(written) < 2 else ""
            if way not in readings:
                raise NotPlain(
                    f'is {meanings[0]} or {meanings[1]}: write the rule "{rule}": '
                    f"{_quoted(way + clock for way in readings)} into a mapping, see docs/mapping.md"
                )
            return readings[way]
        return meanings[0]

    def _missing(self) -> set[str]:
        """What stands for no value in a column of numbers, dates, booleans or ids of this file: it does so in its
        texts, too. Of a file without such a value a text may be a reason called None. One more pass over the file."""
        if self._markers is None:
            with self.reopen() as file:
                self._markers = {
                    marker
                    for record in careful_records(file, self.header)
                    for place, _, certain in self.optional
                    if record.values and (marker := record.values[place].strip().lower()) in certain
                }
        return self._markers

    def _evidence(self) -> dict[str, set[str]]:
        """How the values of each column are written that have one reading only; one more pass over the file."""
        if self._written is None:
            self._written = {column.name: set() for _, column, _ in self.typed}
            with self.reopen() as file:
                for record in careful_records(file, self.header):
                    for place, column, _ in self.typed if record.values else ():
                        text = record.values[place] if record.values else ""
                        if column.type in NUMBERS:
                            readings = number_readings(signed_number(text)[0], column.type in WHOLE)
                        else:
                            readings = date_readings(text, keeps_time=True)
                        if len(readings) == 1:
                            self._written[column.name].update(filter(None, readings))
        return self._written

    def _check_unit(self, unit: str, column: Column, values: list[str]) -> None:
        """A percent sign is right where the column holds percent, a currency where the row says the same one. Raises
        NotPlain."""
        if unit == "%" and not column.name.endswith("probability"):
            raise NotPlain("has a percent sign, and the column holds no percentages")
        if unit in ("", "%"):
            return
        given = "USD" if column.name.endswith("_usd") else ""
        for name in ("currencyisocode", "currency"):
            if name in self.places:
                given = values[self.places[name]].strip().upper() or given
        if not given or given not in CURRENCIES.get(unit, unit).split():
            said = f"the row says {given}" if given else "the row does not say the currency"
            raise NotPlain(
                f'has the sign {unit}, and {said}: write the rule "decimal": "." or "," for {column.name} and '
                'the currency, such as {"constant": "USD"}, into a mapping, see docs/mapping.md'
            )

    def _check_day(self, text: str, readings: Readings) -> None:
        """A time with an offset is a day where it is the same day in the zone of the source. Raises NotPlain."""
        for order, moment in date_readings(text, keeps_time=True).items():
            try:
                instant = _instant(moment)
                there = instant.astimezone(_zone_of(self.zone)) if instant.tzinfo else instant
            except (ValueError, OverflowError, KeyError, OSError):
                continue
            if (day := there.date().isoformat()) != readings[order]:
                clock = clock_format(text) + ".%f" * bool(re.search(r":\d\d\.\d", text))
                blank = " " * bool(re.search(r" (?:Z|UTC|[+-][\d:]+)\s*$", text))
                raise NotPlain(
                    f"is {readings[order]} as written and {day} in {self.zone}: give the right --source-timezone, or "
                    f'write the rule "date_format": "{order}{clock}{blank}%z" into a mapping, which takes it as written'
                )


def _certainly_missing(table: RawTable, column: Column | None) -> frozenset[str]:
    """What stands for no value there whatever the rest of the file holds, in lower case. A column that is kept as it is
    has texts."""
    is_typed = column and (column.type != "text" or table.is_any_id(column))
    return MISSING | {""} if is_typed else frozenset()


def _hundredth(number: str) -> str:
    return f"{Decimal(number).scaleb(-2):f}" if re.fullmatch(r"-?\d+(\.\d+)?", number) else number


def _plain(column: Column, rule: Rule | None) -> re.Pattern[str]:
    """What needs no thought."""
    if rule and rule.decimal and column.type in NUMBERS:
        return re.compile(r"(?!)")
    plain = KINDS[column.type].plain or b"(?!)"
    lookahead = r"(?!\s*[+-]?[1-9]\d{0,2}\.\d{3}\s*\Z)" if column.type == "numeric" else ""
    return re.compile(lookahead + plain.decode(), re.ASCII)


def clock_format(text: str) -> str:
    """The part of a format that is the time of day of a text."""
    clock = re.search(r"(,? +|T)\d\d?:\d\d(:\d\d)?( ?[AaPp][Mm])?", in_ascii(text))
    if not clock:
        return ""
    hour, half = ("%I", "%p") if clock[3] else ("%H", "")
    return f"{clock[1]}{hour}:%M{':%S' if clock[2] else ''}{' ' if half and ' ' in clock[3] else ''}{half}"


def _quoted(texts: Iterable[str]) -> str:
    return " or ".join(f'"{text}"' for text in texts)
