"""The number type of training: bfloat16 only where the processor has instructions for it."""

import pytest
import torch

from fluoropose.train.precision import autocast, choose_dtype, describe_choice, processor_capabilities


@pytest.mark.parametrize("name", ["avx512_bf16", "amx_bf16", "bf16", "sve_bf16"])
def test_a_processor_with_bfloat16_instructions_trains_in_bfloat16(name):
    assert choose_dtype({"avx2": True, name: True}) is torch.bfloat16


@pytest.mark.parametrize("capabilities", [{}, {"avx2": True, "avx512_f": True, "avx512_bf16": False}])
def test_another_processor_trains_in_float32(capabilities):
    assert choose_dtype(capabilities) is torch.float32


def test_this_processor_is_described():
    assert "architecture" in processor_capabilities()


def test_a_pytorch_that_cannot_describe_the_processor_trains_in_float32(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert choose_dtype(processor_capabilities()) is torch.float32


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_products_are_computed_in_the_chosen_type(dtype):
    with autocast(dtype):
        assert (torch.ones(2, 2) @ torch.ones(2, 2)).dtype is dtype


def test_the_choice_is_said_with_its_reason():
    assert describe_choice(torch.bfloat16) == "training computes in bfloat16, for which this processor has instructions"
    assert "float32: this processor has no instructions" in describe_choice(torch.float32)
