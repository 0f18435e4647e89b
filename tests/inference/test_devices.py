"""What is said of the processor."""

import torch

from napari_udt.inference.devices import processor_features


def test_features_are_those_of_the_system_s_list_and_of_torch():
    used = f"torch uses {torch.backends.cpu.get_cpu_capability()}"
    assert processor_features("fpu fma avx2 avx512f amx_tile") == ("FMA", "AVX2", "AVX-512", "AMX", used)
    assert processor_features("") == (used,)
    assert processor_features()[-1] == used
