"""Arrows of a deformed transfer over its picture, in napari's viewer model."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel
from napari.layers import Vectors

from napari_udt.inference.deformation import with_offsets
from napari_udt.viewer.context import context_of


def test_arrows_lead_from_where_tissue_lay_and_go_with_their_cube(pat):
    viewer = ViewerModel()
    context = context_of(viewer)
    offsets = np.zeros((2, 32, 64), np.float32)
    offsets[0], offsets[1] = 1.5, -2.0
    context.session.add(pat())
    key = context.session.add(with_offsets(pat("bent", domain="transferred"), offsets))
    key = getattr(key, "key", key)
    layer = viewer.layers[f"{key} · deformation"]
    assert isinstance(layer, Vectors)
    assert "forearm · deformation" not in viewer.layers
    start, way = layer.data[0]
    np.testing.assert_allclose(start, [4 + 1.5, 4 - 2.0])
    np.testing.assert_allclose(start + way, [4, 4])
    np.testing.assert_allclose(layer.scale, context.adapter[key].image.scale[-2:])
    context.side_by_side.set_active(True)
    assert layer in viewer.layers
    context.side_by_side.set_active(False)
    context.session.rename(key, "other")
    assert layer.name == "other · deformation"
    viewer.layers.remove(layer)  # by the user: the cube stays
    assert "other" in context.session
    context.session.remove("other")
    assert "other" not in [known.name for known in viewer.layers]
