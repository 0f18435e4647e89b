import json
import subprocess
import sys

import numpy as np

from napari_udt.cube import SpectralCube
from napari_udt.io import describe, format_text, open_cube, save_cube


def saved_cube(path):
    labels = np.zeros((70, 6), int)
    labels[3:5] = 5
    oxygenation = np.full((70, 6), np.nan)
    oxygenation[3, :4] = [0.6, 0.7, 0.8, 0.9]
    data = np.arange(70 * 6 * 3, dtype=np.float32).reshape(70, 6, 3)
    data[0, 0, 0] = np.nan
    cube = SpectralCube(
        data,
        [700, 750, 800],
        "PAT",
        domain="simulated",
        labels=labels,
        label_names={5: "vein"},
        oxygenation=oxygenation,
        pixel_size_mm=(0.1, 0.2),
        quantity="initial pressure [a.u.]",
        provenance={"model": "m"},
        name="arm",
    )
    save_cube(cube, path)
    return path


def test_a_description_says_what_is_known_and_is_json(tmp_path):
    path = saved_cube(tmp_path / "arm.udt.h5")
    reported = describe(open_cube(path))
    assert json.loads(json.dumps(reported, allow_nan=False)) == reported
    assert (reported["path"], reported["format"], reported["name"]) == (str(path), "udt", "arm")
    assert reported["shape"] == {"rows": 70, "columns": 6, "channels": 3}
    assert reported["wavelengths_nm"] == {"first": 700, "last": 800, "count": 3, "values": [700, 750, 800]}
    assert reported["labels"] == [
        {"number": 0, "name": "label 0", "pixels": 408},
        {"number": 5, "name": "vein", "pixels": 12},
    ]
    assert reported["values"] == {"min": 1, "max": 1259, "non_finite": 1, "sampled_values": None}
    assert reported["oxygenation"]["pixels"] == 4
    assert reported["metadata"] == {"non_finite": 1}


def test_a_lazy_cube_is_sampled(tmp_path):
    reported = describe(open_cube(saved_cube(tmp_path / "arm.udt.h5"), memory_limit_mb=0))
    assert reported["values"] == {"min": 1, "max": 1259, "non_finite": 1, "sampled_values": None}
    assert not reported["in_memory"]


def test_the_text_carries_units_and_leaves_out_what_is_unknown(tmp_path):
    text = format_text(describe(open_cube(saved_cube(tmp_path / "arm.udt.h5"))))
    assert "3, 700 to 800 nm" in text
    assert "0.1 x 0.2 mm (height x width)" in text
    assert "initial pressure [a.u.], 1 to 1259, 1 not finite" in text
    assert "vein (5): 12 pixels" in text
    bare = format_text(describe(SpectralCube(np.full((2, 2, 2), np.nan), [500, 600], "HSI")))
    assert "pixel size" not in bare
    assert "none finite" in bare


def test_importing_the_package_needs_no_hdf5():
    code = "import sys, napari_udt, napari_udt.io; print(sorted({'h5py', 'torch', 'scipy', 'yaml'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
