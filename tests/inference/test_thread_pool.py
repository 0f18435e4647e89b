"""Workers do every job once, in memory of their own, and tell when one fails."""

import threading

import pytest
import torch

from napari_udt.inference.thread_pool import thread_pool


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_every_job_is_done_once(threads):
    done = torch.zeros(40)
    with thread_pool(threads) as workers:
        workers.share(lambda job, scratch: done[job].add_(1), range(40))
    assert (done == 1).all()


def test_workers_run_side_by_side_with_one_thread_and_their_own_memory():
    met = threading.Barrier(2, timeout=20)
    found = []

    def work(job, scratch):
        met.wait()
        found.append((torch.get_num_threads(), torch.is_inference_mode_enabled(), scratch))

    before = torch.get_num_threads()
    with thread_pool(2) as workers:
        assert torch.get_num_threads() == 1
        workers.share(work, [0, 1])
    assert torch.get_num_threads() == before
    assert [entry[:2] for entry in found] == [(1, True)] * 2
    assert found[0][2] is not found[1][2]


@pytest.mark.parametrize("threads", [1, 2])
def test_a_failure_is_raised_and_torch_gets_its_threads_back(threads):
    def work(job, scratch):
        raise IndexError(job)

    before = torch.get_num_threads()
    with pytest.raises(IndexError), thread_pool(threads) as workers:
        workers.share(work, [0, 1, 2])
    assert torch.get_num_threads() == before
