"""What pyproject.toml cannot say: beside the packages that are found, the folder of the samples becomes one."""

from setuptools import find_namespace_packages, setup

setup(packages=[*find_namespace_packages(include=["napari_udt*"]), "napari_udt.sample_data"])
