"""The six official languages of the United Nations: words from gettext catalogues, numbers and days by CLDR, own terms.

English is what the source says. The catalogues stand under locale/LANGUAGE/LC_MESSAGES: `secscan` has what reports say, `commands`
what the command line says, `content` the texts of checks, requirements and baselines; a content text that nobody has translated is
shown in English and marked as such.
"""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from secscan import places
from secscan.documents import Document, read_document
from secscan.errors import UsageError
from secscan.inert import fold
from secscan.wording import ENGLISH, Wording

if TYPE_CHECKING:
    from babel import Locale

LANGUAGES: Mapping[str, str] = {
    "ar": "العربية", "zh": "中文", "en": "English", "fr": "français", "ru": "русский", "es": "español",
}  # fmt: skip
"""Code and own name, in the order of the United Nations."""

_RIGHT_TO_LEFT = frozenset({"ar"})
_TAGS = {"zh": "zh_Hans"}  # CLDR's name where it is another
_MARKS = re.compile("[\u200e\u200f\u061c]")  # CLDR's direction marks; a sentence of ours isolates its values instead
_UNITS = ((86400, "day"), (3600, "hour"), (60, "minute"))
_ARABIC_MONTHS = (
    "كانون الثاني/يناير", "شباط/فبراير", "آذار/مارس", "نيسان/أبريل", "أيار/مايو", "حزيران/يونيه",
    "تموز/يوليه", "آب/أغسطس", "أيلول/سبتمبر", "تشرين الأول/أكتوبر", "تشرين الثاني/نوفمبر", "كانون الأول/ديسمبر",
)  # fmt: skip
"""Both names of each month, as documents of the United Nations write them; CLDR has one for each region."""


@dataclass(frozen=True, slots=True)
class CldrFigures:
    """Numbers, days and durations by the Unicode CLDR. Digits are 0 to 9 everywhere, as in the evidence beside them."""

    locale: Locale

    def number(self, number: float) -> str:
        """A count with the language's separators."""
        from babel.numbers import format_decimal  # noqa: PLC0415 - English reports do not need Babel

        return self._plain(format_decimal(number, locale=self.locale, numbering_system="latn"))

    def signed(self, number: float) -> str:
        """A number with its sign and one decimal."""
        return ("+" if number >= 0 else "\u2212") + self.decimal(abs(number))

    def decimal(self, number: float) -> str:
        """A number with one decimal."""
        from babel.numbers import format_decimal  # noqa: PLC0415 - as above

        return self._plain(format_decimal(number, format="#,##0.0", locale=self.locale, numbering_system="latn"))

    def percent(self, percent: float) -> str:
        """A number of per cent with one decimal and the language's sign and blank."""
        from babel.numbers import format_percent  # noqa: PLC0415 - as above

        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", "#,##0.0")
        return self._plain(format_percent(percent / 100, format=pattern, locale=self.locale, numbering_system="latn"))

    def date(self, moment: str) -> str:
        """The day in words."""
        from babel.dates import format_date  # noqa: PLC0415 - as above

        day = datetime.fromisoformat(moment).date()
        if self.locale.language == "ar":
            return f"{day.day} {_ARABIC_MONTHS[day.month - 1]} {day.year}"
        return self._plain(format_date(day, "long", locale=self.locale))

    def duration(self, seconds: float) -> str:
        """93600 -> 26 h, in the unit that checks write it in."""
        from babel.units import format_unit  # noqa: PLC0415 - as above

        size, unit = next(((size, unit) for size, unit in _UNITS if seconds >= size and seconds % size == 0), (1, "second"))
        return self._plain(
            format_unit(
                seconds / size, f"duration-{unit}", "short", format="#,##0.###", locale=self.locale, numbering_system="latn"
            )
        )

    @staticmethod
    def _plain(text: str) -> str:
        return _MARKS.sub("", text)


@dataclass(frozen=True, slots=True)
class Terms:
    """An organization's own words instead of ours. Names in braces and code between backticks stay as they are."""

    words: Mapping[str, str] = field(default_factory=dict)

    def apply(self, text: str) -> str:
        """The text with every term replaced; the longest first, each only as a whole word where words have blanks between."""
        return self._pattern().sub(lambda found: self.words.get(found[0], found[0]), text) if self.words else text

    def _pattern(self) -> re.Pattern[str]:
        return _compile(tuple(sorted(self.words, key=len, reverse=True)))


def wording(language: str, terms: Path | None = None) -> Wording:
    """The words of a language. Raises UsageError for another language, InputError for what is wrong in the file of terms."""
    if language not in LANGUAGES:
        raise UsageError("no language is named {language!r}; allowed: {allowed}", language=language, allowed=list(LANGUAGES))
    found = _read_language(language)
    words = Terms(read_terms(terms).get(language, {})) if terms else Terms()
    return _with_terms(found, words) if words.words else found


def read_terms(path: Path) -> dict[str, dict[str, str]]:
    """A file of terms: languages, in each the words of ours and what the organization says instead.

    A term that begins with a small letter is replaced at the beginning of a sentence too.
    """
    if not path.is_file():
        raise UsageError("there is no file of terms {path!r}; allowed: a YAML file of languages and their words", path=str(path))
    document = read_document(path)
    data = document.data if isinstance(document.data, dict) else {}
    if not isinstance(document.data, dict) and not document.problems:
        document.report((), "terms must be a mapping of languages", ", ".join(LANGUAGES))
    document.reject_unknown((), data, LANGUAGES)
    found = {language: _read_words(document, language, data[language]) for language in LANGUAGES if language in data}
    document.raise_problems()
    return found


def _read_words(document: Document, language: str, data: object) -> dict[str, str]:
    if not isinstance(data, dict):
        document.report((language,), f"the terms of {language!r} must be a mapping", "our word: the organization's")
        return {}
    words = {}
    for ours, theirs in data.items():
        if not (isinstance(ours, str) and isinstance(theirs, str) and ours.strip() and theirs.strip()) or set(ours + theirs) & set(
            "{}`"
        ):
            document.report((language, ours), f"{ours!r} must be replaced by text", "texts without braces and backticks")
            continue
        words[ours] = theirs
        words.setdefault(ours[0].upper() + ours[1:], theirs[0].upper() + theirs[1:])
    return words


@cache
def _compile(terms: tuple[str, ...]) -> re.Pattern[str]:
    whole = [rf"(?<!\w){re.escape(term)}(?!\w)" if _has_blanks(term) else re.escape(term) for term in terms]
    return re.compile("|".join([r"\{[^}]*\}", r"`[^`]*`", *whole]))


def _has_blanks(term: str) -> bool:
    """Whether the term's script puts blanks between words: Chinese does not."""
    return not any("\u2e80" <= character <= "\u9fff" for character in term)


def _with_terms(found: Wording, terms: Terms) -> Wording:
    """The same language with an organization's words."""
    plural, content = found.translate_plural, found.translate_content

    @cache
    def translate_content(text: str) -> str | None:
        said = content(text)
        return None if said is None else terms.apply(said)

    return replace(
        found,
        translate=_after(found.translate, terms),
        translate_plural=lambda one, many, count: terms.apply(plural(one, many, count)),
        translate_content=translate_content,
    )


def _after(translate: Callable[[str], str], terms: Terms) -> Callable[[str], str]:
    return cache(lambda text: terms.apply(translate(text)))


@cache
def _read_language(language: str) -> Wording:
    if language == "en":
        return ENGLISH
    return _of_catalogue(language, gettext.translation("secscan", places.locale(), [language]))


@cache
def spoken(language: str) -> Wording:
    """The words of the command line in one of LANGUAGES: what commands say, else what reports say.

    Where the language is written from right to left, values are set apart.
    """
    if language == "en":
        return ENGLISH
    said = gettext.translation("commands", places.locale(), [language])
    said.add_fallback(gettext.translation("secscan", places.locale(), [language]))
    return replace(_of_catalogue(language, said), isolates=language in _RIGHT_TO_LEFT)


def _of_catalogue(language: str, said: gettext.NullTranslations) -> Wording:
    from babel import Locale  # noqa: PLC0415 - English does not need it

    content = gettext.translation("content", places.locale(), [language])

    @cache
    def translate_content(text: str) -> str | None:
        folded = fold(text)
        if not folded:
            return ""
        written = content.gettext(folded)
        return None if written == folded else written

    return Wording(
        lambda text: said.gettext(text) if text else "",  # a catalogue's own head stands under the empty text
        said.ngettext,
        translate_content,
        CldrFigures(Locale.parse(_TAGS.get(language, language))),
        _TAGS.get(language, language).replace("_", "-"),
        "rtl" if language in _RIGHT_TO_LEFT else "ltr",
    )
