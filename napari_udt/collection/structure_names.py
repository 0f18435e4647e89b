"""What structures of a collection may be called, so that cubes of several sources have the same names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import SequenceMatcher

from napari_udt.models.classes import match_labels, plain_name

_LEAST_LIKE = 0.6  # ratio of equal letters, of 1, from which on a name is suggested
# Names of one tissue in English, Latin and German, as cubes have them.
_ONE_TISSUE = (
    {"liver", "hepar", "leber"},
    {"skin", "cutis", "haut"},
    {"spleen", "lien", "milz"},
    {"kidney", "ren", "niere"},
    {"stomach", "gaster", "magen"},
    {"small bowel", "small intestine", "jejunum", "dünndarm"},
    {"colon", "large bowel", "large intestine", "dickdarm", "kolon"},
    {"bladder", "urinary bladder", "vesica", "blase", "harnblase"},
    {"gallbladder", "gall bladder", "gallenblase"},
    {"pancreas", "bauchspeicheldrüse", "pankreas"},
    {"lung", "pulmo", "lunge"},
    {"heart", "cor", "herz"},
    {"muscle", "musculus", "muskel"},
    {"fat", "adipose tissue", "fett", "fettgewebe"},
    {"bone", "os", "knochen"},
    {"vein", "vena", "vene"},
    {"artery", "arteria", "arterie"},
    {"vessel", "blood vessel", "vas", "gefäß"},
    {"nerve", "nervus", "nerv"},
    {"peritoneum", "bauchfell"},
    {"omentum", "netz"},
)


def suggested_names(name: str, known: Iterable[str], classes: Sequence[str] = (), most: int = 5) -> list[str]:
    """Return names that a structure may be meant by, the likeliest first.

    Parameters
    ----------
    name : str
        As the file has it.
    known : iterable of str
        Names of other structures, such as those of the other domain.
    classes : sequence of str
        Names that a model knows; of equally near names they come first.
    most : int

    Returns
    -------
    list of str
        A class that is meant by the name ("vessel": vein, artery) comes first; then names with similar letters. Nothing for
        the name of a class.
    """
    classes, plain = [each.replace("_", " ") for each in classes], plain_name(name)
    if plain in map(plain_name, classes):
        return []
    meant = match_labels({0: name}, classes)[0].tolist() if classes else []
    share = max(meant, default=0.0)
    first = [each for each, own in zip(classes, meant, strict=False) if own == share and not _unknown(meant)]
    likeness = {other: _likeness(plain, plain_name(other)) for other in (*classes, *known)}
    near = sorted((o for o in likeness if likeness[o] >= _LEAST_LIKE), key=lambda o: -likeness[o])
    return [other for other in dict.fromkeys((*first, *near)) if other != name][:most]


def _unknown(shares: Sequence[float]) -> bool:
    """Whether a model knows nothing of a name: all classes are equally likely."""
    return len(shares) > 1 and min(shares) == max(shares)


def _likeness(a: str, b: str) -> float:
    """Return how alike two names are (0-1): the same tissue, letters in the same order, or all words of the shorter in the longer."""
    if any({a, b} <= names for names in _ONE_TISSUE):
        return 1.0
    words = sorted((set(a.split()), set(b.split())), key=len)
    return 1.0 if words[0] <= words[1] else SequenceMatcher(None, a, b).ratio()
