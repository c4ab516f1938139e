"""Words of a ledger's cells into codes of the lists that were in force on the row's day of issue. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from services.intake.domain.code_list import AREA, MANIFESTATION, SOURCE_L2, CodeBook, Version
from services.intake.domain.codes import Source
from services.intake.domain.ledger import SPLIT, Wrong, plain

_LISTS = {"areas": AREA, "manifestations": MANIFESTATION, "source_l2": SOURCE_L2}


class LedgerCodes:
    """What the words of a superior's ledger mean on a day."""

    def __init__(self, book: CodeBook) -> None:
        self.book = book
        self._known: dict[tuple[str, str], dict[str, str]] = {}

    def __call__(
        self, day: date, words: Mapping[str, Sequence[str]]
    ) -> tuple[dict[str, tuple[str, ...]], dict[str, Wrong]]:
        """Codes by column, and for each column whose words are in no list of that day the refusal of the first."""
        version = self.book.on(day)
        codes: dict[str, dict[str, None]] = {column: {} for column in words}
        wrong: dict[str, Wrong] = {}
        for column, word in self._each(words, version):
            if code := self._code(version, _LISTS[column], word):
                codes[column][code] = None
            elif column not in wrong:
                wrong[column] = self._refused(version, _LISTS[column], word)
        return {column: tuple(found) for column, found in codes.items()}, wrong

    def _each(self, words: Mapping[str, Sequence[str]], version: Version) -> Iterator[tuple[str, str]]:
        for column, cells in words.items():
            for cell in cells:
                # the wording of one holds commas itself: a cell is one if it is known as one, else it is several
                one = column != "manifestations" or self._code(version, MANIFESTATION, cell)
                for word in (cell,) if one else filter(None, SPLIT.split(cell)):
                    yield column, word

    def _code(self, version: Version, name: str, word: str) -> str | None:
        """The code of a word: of its own words, or of the code, however its zeros and capitals are written."""
        words = self._known.get((version.version, name))
        if words is None:
            entries = [each for each in version.entries(name) if name != SOURCE_L2 or each.parent == Source.SUPERIOR]
            words = {_bare(each.code): each.code for each in entries}
            words |= {plain(each.zh): each.code for each in entries}
            self._known[version.version, name] = words
        return words.get(word) or words.get(_bare(word))

    def _refused(self, version: Version, name: str, word: str) -> Wrong:
        # the code that another version has for it, so that the refusal can tell since when it is gone; never the cell's own words
        found = (self._code(each, name, word) for each in reversed(self.book.versions))
        parent = Source.SUPERIOR if name == SOURCE_L2 else None
        reason = self.book.refusal(version, name, next(filter(None, found), ""), parent=parent)
        zh, _, en = reason.partition(" / ")
        return Wrong(zh, en)


def _bare(code: str) -> str:
    return code.lower().lstrip("0")
