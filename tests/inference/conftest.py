import pytest
from transfer_samples import make_model


@pytest.fixture
def spectral_model():
    return make_model("HSI", 12)


@pytest.fixture
def image_model():
    return make_model("PAT", 4)
