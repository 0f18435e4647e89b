"""Many cubes of the user's own, of any format that opens, kept as one small text file.

A :class:`~napari_udt.collection.contents.Collection` lists files, each with its domain, subject and split, and says for all
of them what structures are called, at which wavelengths they are compared and how spectra are preprocessed. Cubes are
read when they are needed, one at a time.
"""

from __future__ import annotations

from napari_udt.collection.contents import Collection, Member
from napari_udt.collection.gather import gather
from napari_udt.collection.toml_file import ENDING, is_collection, load_collection, save_collection

__all__ = [
    "ENDING",
    "Collection",
    "Member",
    "gather",
    "is_collection",
    "load_collection",
    "save_collection",
]
