"""Files whose packed parts unpack to far more than they declare are refused before that is held."""

from __future__ import annotations

import bz2
import io
import lzma
import struct
import zipfile
import zlib

import h5py
import numpy as np
import pytest
import tifffile

from napari_udt import open_cube
from napari_udt.errors import CubeError
from napari_udt.io.packed_sizes import HARMLESS, stated_size, unpacks_beyond

LARGE = 80_000_000  # bytes that a bomb unpacks to
WAVELENGTHS = [500.0, 600.0, 700.0]


def _zstd_head(size: int) -> bytes:
    """The first bytes of a Zstandard frame of one segment that states its size in 8 bytes."""
    return b"\x28\xb5\x2f\xfd\xe0" + struct.pack("<Q", size) + bytes(20)


@pytest.mark.parametrize(
    ("packing", "pack"), [("deflate", zlib.compress), ("bzip2", bz2.compress), ("lzma", lzma.compress)]
)
def test_unpacking_ends_at_the_limit(packing, pack):
    packed = pack(bytes(5_000_000))
    assert unpacks_beyond(io.BytesIO(packed).read, packing, 4_999_999)
    assert not unpacks_beyond(io.BytesIO(packed).read, packing, 5_000_000)
    assert not unpacks_beyond(io.BytesIO(packed[: len(packed) // 2]).read, packing, 5_000_000)
    assert not unpacks_beyond(io.BytesIO(b"not packed at all").read, packing, 0)


def test_sizes_in_the_first_bytes():
    assert stated_size(_zstd_head(12_345_678_901), "zstd") == 12_345_678_901
    assert stated_size(b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", 44) + bytes(9), "zstd") == 300
    assert stated_size(b"\x28\xb5\x2f\xfd\x00" + bytes(20), "zstd") is None
    assert stated_size(b"\x02\x01\x21\x04" + struct.pack("<I", 77) + bytes(8), "blosc") == 77
    assert stated_size(struct.pack(">QI", 99, 8), "lz4") == 99


def test_the_packages_of_others_state_their_sizes_as_we_read_them():
    codecs = pytest.importorskip("numcodecs")
    values = np.arange(100_000, dtype=np.float32)
    assert stated_size(bytes(codecs.Zstd().encode(values))[:32], "zstd") == values.nbytes
    assert stated_size(bytes(codecs.Blosc().encode(values))[:32], "blosc") == values.nbytes


@pytest.mark.parametrize("code", [307, 32001, 32004, 32015])
def test_chunks_of_other_filters_that_unpack_to_more_are_refused(tmp_path, code):
    pytest.importorskip("hdf5plugin")
    bomb = {
        307: bz2.compress(bytes(LARGE)),
        32001: b"\x02\x01\x21\x04" + struct.pack("<I", LARGE) + bytes(100),
        32004: struct.pack(">QI", LARGE, 1 << 20) + bytes(100),
        32015: _zstd_head(LARGE),
    }[code]
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", (40, 10, 3), "f4", chunks=(40, 10, 3), compression=code)
        data.id.write_direct_chunk((0, 0, 0), bomb)
        file["wavelengths"] = WAVELENGTHS
    with pytest.raises(CubeError, match=r"unpacks to more than its 4,800 bytes of numbers; it is damaged"):
        open_cube(path)


def test_a_gzip_chunk_that_begins_harmlessly_is_refused(tmp_path):
    """100 kB of numbers first, in bytes that cannot be packed, then zeros."""
    path = tmp_path / "a.h5"
    noise = np.random.default_rng(0).bytes(100_000)
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", (400, 100, 3), "f4", chunks=(400, 100, 3), compression="gzip")
        data.id.write_direct_chunk((0, 0, 0), zlib.compress(noise + bytes(LARGE)))
        file["wavelengths"] = WAVELENGTHS
    with pytest.raises(CubeError, match="unpacks to more than its 480,000 bytes of numbers"):
        open_cube(path)


def test_a_long_header_of_an_array_is_refused(tmp_path):
    """numpy reads up to 4 GB of header before it looks at it."""
    head = b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**32 - 1)
    with zipfile.ZipFile(tmp_path / "a.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("cube.npy", head + bytes(LARGE))
    with pytest.raises(CubeError, match=r"the header of the array has 4,294,967,295 bytes; expected at most"):
        open_cube(tmp_path / "a.npz")
    (tmp_path / "a.npy").write_bytes(head + bytes(1000))
    with pytest.raises(CubeError, match=r"the header of the array has"):
        open_cube(tmp_path / "a.npy", wavelengths_nm=WAVELENGTHS)


def test_a_strip_of_a_tiff_that_unpacks_to_more_is_refused(tmp_path):
    path, packed = tmp_path / "a.tif", zlib.compress(bytes(LARGE), 9)
    values = np.random.default_rng(0).random((3, 100, 300), dtype=np.float32)
    tifffile.imwrite(
        path,
        values,
        compression="zlib",
        photometric="minisblack",
        rowsperstrip=100,
        metadata={"wavelengths": WAVELENGTHS},
    )
    np.testing.assert_array_equal(open_cube(path, modality="HSI").data[..., 1], values[1])
    with tifffile.TiffFile(path) as file:
        page = file.pages[1]
        places = [page.tags[name].valueoffset for name in ("StripOffsets", "StripByteCounts")]
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, places[0], len(content))
    struct.pack_into("<I", content, places[1], len(packed))
    path.write_bytes(bytes(content) + packed)
    with pytest.raises(CubeError, match="a part of a page unpacks to more than its 120,000 bytes of numbers"):
        open_cube(path, modality="HSI")


def test_a_chunk_of_zarr_that_unpacks_to_more_is_refused(tmp_path):
    zarr = pytest.importorskip("zarr")
    values = np.random.default_rng(0).random((20, 30, 3), dtype=np.float32)
    array = zarr.create_array(
        tmp_path / "a.zarr",
        data=values,
        chunks=(20, 30, 3),
        compressors=zarr.codecs.GzipCodec(),
        attributes={"wavelengths_nm": WAVELENGTHS},
    )
    np.testing.assert_array_equal(open_cube(tmp_path / "a.zarr", modality="HSI").data, values)
    (chunk,) = [
        path for path in (tmp_path / "a.zarr").rglob("*") if path.is_file() and path.name != "zarr.json"
    ]
    pack = zlib.compressobj(9, zlib.DEFLATED, 31)
    chunk.write_bytes(pack.compress(bytes(30_000_000)) + pack.flush())
    with pytest.raises(CubeError, match="it unpacks to more than its 7,200 bytes of numbers"):
        open_cube(tmp_path / "a.zarr", modality="HSI")
    chunk.write_bytes(bytes(200_000))
    with pytest.raises(CubeError, match="200,000 packed bytes for 7,200 bytes of numbers"):
        open_cube(tmp_path / "a.zarr", modality="HSI")
    del array


def test_a_chunk_of_lzf_that_unpacks_to_more_is_refused(tmp_path):
    path, values = (
        tmp_path / "a.h5",
        np.random.default_rng(0).integers(0, 9, (700, 700, 3)).astype(np.float32),
    )
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", data=values, chunks=values.shape, compression="lzf")
        packed = data.id.read_direct_chunk((0, 0, 0))[1]
        file["wavelengths"] = WAVELENGTHS
    assert len(packed) > HARMLESS["lzf"]
    assert not unpacks_beyond(io.BytesIO(packed).read, "lzf", values.nbytes)
    assert unpacks_beyond(io.BytesIO(packed).read, "lzf", values.nbytes - 1)
    np.testing.assert_array_equal(open_cube(path, modality="HSI").data, values)
    with h5py.File(path, "r+") as file:
        file["cube"].id.write_direct_chunk((0, 0, 0), b"\x00\x00" + b"\xe0\xff\x00" * 400_000)
    with pytest.raises(CubeError, match="unpacks to more than its 5,880,000 bytes of numbers"):
        open_cube(path)


@pytest.mark.parametrize("packing", ["szip", "blosc2"])
def test_what_szip_and_blosc2_say_of_their_size_is_compared(tmp_path, packing):
    path, values = tmp_path / "a.h5", np.random.default_rng(0).integers(0, 9, (40, 50, 3)).astype(np.float32)
    if packing == "szip":
        how = {"compression": "szip"}
        if not h5py.h5z.filter_avail(h5py.h5z.FILTER_SZIP):
            pytest.skip("this HDF5 has no szip")
    else:
        how = dict(pytest.importorskip("hdf5plugin").Blosc2())
    with h5py.File(path, "w") as file:
        data = file.create_dataset("cube", data=values, chunks=values.shape, **how)
        packed = bytearray(data.id.read_direct_chunk((0, 0, 0))[1])
        file["wavelengths"] = WAVELENGTHS
    assert stated_size(bytes(packed[:64]), packing) == values.nbytes
    np.testing.assert_array_equal(open_cube(path, modality="HSI").data, values)
    if packing == "szip":
        packed[:4] = struct.pack("<I", LARGE)
    else:
        packed[30:38] = struct.pack(">q", LARGE)
    with h5py.File(path, "r+") as file:
        file["cube"].id.write_direct_chunk((0, 0, 0), bytes(packed))
    with pytest.raises(CubeError, match="unpacks to more than its 24,000 bytes of numbers"):
        open_cube(path)


def test_a_strip_of_lzw_that_unpacks_to_more_is_refused(tmp_path):
    codecs = pytest.importorskip("imagecodecs")
    path, packed = tmp_path / "a.tif", codecs.lzw_encode(bytes(LARGE))
    assert len(packed) > HARMLESS["lzw"]
    values = np.random.default_rng(0).integers(0, 9, (3, 100, 300)).astype(np.float32)
    tifffile.imwrite(
        path,
        values,
        compression="lzw",
        photometric="minisblack",
        rowsperstrip=100,
        metadata={"wavelengths": WAVELENGTHS},
    )
    np.testing.assert_array_equal(open_cube(path, modality="HSI").data[..., 1], values[1])
    with tifffile.TiffFile(path) as file:
        places = [file.pages[1].tags[name].valueoffset for name in ("StripOffsets", "StripByteCounts")]
    content = bytearray(path.read_bytes())
    for place, number in zip(places, (len(content), len(packed)), strict=True):
        struct.pack_into("<I", content, place, number)
    path.write_bytes(bytes(content) + packed)
    with pytest.raises(CubeError, match="a part of a page unpacks to more than its 120,000 bytes of numbers"):
        open_cube(path, modality="HSI")


@pytest.mark.parametrize(("name", "module"), [("bz2", bz2), ("lzma", lzma), ("zlib", zlib)])
def test_chunks_of_zarr_s_older_codecs_that_unpack_to_more_are_refused(tmp_path, name, module):
    zarr = pytest.importorskip("zarr")
    codec = pytest.importorskip("numcodecs").get_codec({"id": name})
    values = np.random.default_rng(0).random((20, 30, 3), dtype=np.float32)
    zarr.create_array(
        tmp_path / "a.zarr",
        data=values,
        chunks=values.shape,
        compressors=codec,
        zarr_format=2,
        attributes={"wavelengths_nm": WAVELENGTHS},
    )
    np.testing.assert_array_equal(open_cube(tmp_path / "a.zarr", modality="HSI").data, values)
    (tmp_path / "a.zarr" / "0.0.0").write_bytes(module.compress(bytes(20_000_000)))
    with pytest.raises(CubeError, match="7,200 bytes of numbers"):
        open_cube(tmp_path / "a.zarr", modality="HSI")
