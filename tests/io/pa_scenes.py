"""Small photoacoustic scenes, recorded exactly, and writers of the formats that have no writing library at hand."""

from xml.etree.ElementTree import Element, SubElement, tostring

import h5py
import numpy as np
import pacfish

RATE_MHZ, SPEED = 40.0, 1500.0
WAVELENGTHS = np.array([700.0, 750.0, 800.0])
AMPLITUDES = np.array([1.0, 2.0, 0.5])  # of the sources, one per wavelength
SAMPLES = 1800


def arc_mm(start=30, stop=150, count=48, axes=(0, 1), radius_mm=40.0):
    """Detectors on an arc around the origin (degrees, 90 is up along the second axis)."""
    angles = np.deg2rad(np.linspace(start, stop, count))
    points = np.zeros((count, 3))
    points[:, axes[0]], points[:, axes[1]] = radius_mm * np.cos(angles), radius_mm * np.sin(angles)
    return points


def line_mm(count=40):
    places = np.zeros((count, 3))
    places[:, 0] = np.linspace(-8, 8, count)
    return places


def recorded(detectors_mm, places_mm, frames=1, speed=SPEED):
    """Sound of heated spheres (Wang and Wu 2007, equation 12.30), shape (frames, wavelengths, detectors, samples).

    In frame number f it is f + 1 times as loud.
    """
    travelled = np.arange(SAMPLES) / RATE_MHZ * speed / 1e3
    sound = np.zeros((len(detectors_mm), SAMPLES))
    for place in places_mm:
        distance = np.linalg.norm(detectors_mm - np.asarray(place), axis=1)[:, None]
        sound += np.where(np.abs(distance - travelled) < 0.2, (distance - travelled) / (2 * distance), 0)
    loudness = (np.arange(frames) + 1)[:, None] * AMPLITUDES
    return (sound * loudness[:, :, None, None]).astype(np.float32)


def brightest_mm(cube, channel=0):
    """Column and row of the brightest pixel, in mm right of and below the middle of the picture."""
    picture = np.asarray(cube.data[:, :, channel])
    row, column = np.unravel_index(np.argmax(picture), picture.shape)
    height, width = cube.pixel_size_mm
    rows, columns = picture.shape
    return (column - (columns - 1) / 2) * width, (row - (rows - 1) / 2) * height


def write_ipasc(
    path, series, detectors_mm, *, bounds_mm=None, wavelengths_m=WAVELENGTHS * 1e-9, **acquisition
):
    """Write with pacfish, the format's own library; ``series`` is (detectors, samples, wavelengths, frames)."""
    device = pacfish.DeviceMetaDataCreator()
    bounds = np.zeros(6) if bounds_mm is None else np.asarray(bounds_mm).reshape(-1) * 1e-3
    device.set_general_information(uuid="scanner", fov=bounds)
    for place in detectors_mm:
        element = pacfish.DetectionElementCreator()
        element.set_detector_position(np.asarray(place) * 1e-3)
        device.add_detection_element(element.get_dictionary())
    tags = pacfish.MetadataAcquisitionTags
    data = pacfish.PAData(np.asarray(series))
    data.meta_data_device = device.finalize_device_meta_data()
    data.meta_data_acquisition = {
        tags.UUID.tag: "recording",
        tags.AD_SAMPLING_RATE.tag: RATE_MHZ * 1e6,
        tags.ACQUISITION_WAVELENGTHS.tag: wavelengths_m,
        tags.SPEED_OF_SOUND.tag: SPEED,
        tags.ACOUSTIC_COUPLING_AGENT.tag: "water",
        tags.SCANNING_METHOD.tag: None,
        **acquisition,
    }
    pacfish.write_data(str(path), data)
    return path


def write_patato(
    path,
    *,
    recons=None,
    raw=None,
    detectors_mm=None,
    so2=None,
    rois=None,
    fov_m=(0.02, 0.02, 0.02),
    stage=None,
    stamps=None,
    wavelengths=WAVELENGTHS,
):
    """Write PATATO's layout from its documentation; pictures are (frames, wavelengths, z, y, x).

    ``recons`` and ``so2`` map (algorithm, number) to arrays, ``rois`` (name, number) to (vertices, attributes).
    """
    with h5py.File(path, "w") as file:
        file.attrs.update({"name": "Scan_1", "date": b"2022-11-23T15:50:22", "version": "0.1", "comment": ""})
        file["wavelengths"] = wavelengths
        for group, images in (("recons", recons or {}), ("so2", so2 or {})):
            for (algorithm, number), image in images.items():
                dataset = file.create_dataset(f"{group}/{algorithm}/{number}", data=image)
                for name, length, size in zip("XYZ", image.shape[:1:-1], fov_m, strict=True):
                    dataset.attrs[f"RECONSTRUCTION_N{name}"] = length
                    if size is not None:
                        dataset.attrs[f"RECONSTRUCTION_FIELD_OF_VIEW_{name}"] = size
        if raw is not None:
            series = file.create_dataset("raw_data", data=raw)
            series.attrs.update({"fs": RATE_MHZ * 1e6, "speedofsound": SPEED})
        if detectors_mm is not None:
            file["GEOMETRY"] = np.asarray(detectors_mm) * 1e-3
        if stage is not None:
            file["Z-POS"] = stage
        if stamps is not None:
            file["timestamp"] = stamps
        for (name, number), (vertices, attributes) in (rois or {}).items():
            polygon = file.create_dataset(f"rois/{name}/{number}", data=vertices)
            polygon.attrs.update(attributes)
    return path


def write_ithera(
    folder, *, detectors_mm, raw=None, pictures=(), frames=1, order=None, energy=None, extra="", **facts
):
    """Write a scan folder as iThera's scanners do (data model 2.2); ``raw`` is (frames, wavelengths, detectors, samples).

    ``order`` lists (frame, wavelength) as they were recorded, ``pictures`` (GUID, array, elements of its node).
    """
    folder.mkdir()
    root = Element("DataModelMsotProject")
    _texts(root, {"FriendlyName": folder.name, "CreationTime": "2022-11-09T11:18:28+00:00"})
    hardware = SubElement(root, "HARDWARE-DESC", xmlns="Header_Schema")
    _texts(hardware, {"SAMPLING-FREQUENCY": RATE_MHZ, "SPEED-OF-SOUND-BASE": facts.get("base", 0)})
    description = SubElement(hardware, "FRAME-DESC")
    for number, place in enumerate(detectors_mm):
        projection = SubElement(description, "PROJECTION", number=str(number + 1))
        for axis in range(3):
            SubElement(projection, "VALUE", {"axis-ref": str(axis + 1)}).text = repr(float(place[axis]) / 1e3)
    measurement = SubElement(root, "MEASUREMENT-DESC", xmlns="Header_Schema")
    _texts(measurement, {"RECORDED-LENGTH": SAMPLES})
    listed = SubElement(measurement, "WAVELENGTHS")
    for wavelength in WAVELENGTHS:
        SubElement(listed, "WAVELENGTH", {"unit": "m", "unit-modifier": "n"}).text = f"{wavelength:g}"
    node = SubElement(root, "ScanNode")
    _texts(node, {"Name": "mouse", "TrimSpeedOfSound": facts.get("trim", 0)})
    order = order or [(f, w) for f in range(frames) for w in range(len(WAVELENGTHS))]
    scans = SubElement(node, "ScanFrames")
    stamps = facts.get("stamps", np.ones((99, len(WAVELENGTHS)), int))
    for frame, wavelength in order:
        item = SubElement(
            SubElement(scans, "DataModelScanFrame"), "Frame", timestamp=str(stamps[frame][wavelength])
        )
        values = {"TEMPERATURE": facts.get("temperature", 25.0), "WAVELENGTH": WAVELENGTHS[wavelength]}
        _texts(item, values if energy is None else {**values, "POWER": energy[frame][wavelength]})
    nodes = SubElement(root, "ReconNodes")
    for guid, array, elements in pictures:
        picture = SubElement(nodes, "DataModelNewReconstructionNode")
        _texts(picture, {"Name": "BP", "GUID": guid, **elements})
        (folder / "RECONs").mkdir(exist_ok=True)
        (folder / "RECONs" / f"{guid}.bin").write_bytes(array.tobytes())
    header = b'<?xml version="1.0" encoding="utf-8"?>\n' + extra.encode() + tostring(root)
    (folder / f"{folder.name}.msot").write_bytes(header)
    if raw is not None:
        (folder / f"{folder.name}.bin").write_bytes(_counts(raw[tuple(np.transpose(order))]).tobytes())
    return folder


def _counts(signals):
    """Signals as an analogue-digital converter delivers them, around the middle of its range."""
    return (2048 + 1500 * signals / np.abs(signals).max()).round().astype("<u2")


def _texts(element, values):
    for name, value in values.items():
        target = element
        *above, last = name.split("/")
        for step in above:
            found = target.find(step)
            target = SubElement(target, step) if found is None else found
        SubElement(target, last).text = str(value)
