"""The training loop: it learns, and a run that was stopped goes on as if it had not been."""

from __future__ import annotations

import copy
from dataclasses import replace

import pytest
import torch
from tokenizers import Tokenizer

from lab.training.config import TrainingConfig
from lab.training.data import Example
from lab.training.loop import Average, rate_factor, train
from lab.training.model import AttributionTagger, load_weights


def weights_of(model: AttributionTagger) -> dict[str, torch.Tensor]:
    return {name: value for name, value in model.state_dict().items() if value.is_floating_point()}


def same(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_stopped_run_goes_on_where_it_stopped(
    model: AttributionTagger, examples: list[Example], tokenizer: Tokenizer, config: TrainingConfig
) -> None:
    whole, parts = copy.deepcopy(model), copy.deepcopy(model)
    (config.out / "whole").mkdir()
    (config.out / "parts").mkdir()
    done = train(whole, examples, [], tokenizer, replace(config, out=config.out / "whole", steps=8))
    assert done["steps"] == 8
    train(parts, examples, [], tokenizer, replace(config, out=config.out / "parts", steps=5))
    again = copy.deepcopy(model)  # a new process knows the start and what was saved
    train(again, examples, [], tokenizer, replace(config, out=config.out / "parts", steps=8))
    assert same(weights_of(whole), weights_of(again))
    assert not same(weights_of(whole), weights_of(parts))


def test_a_folder_of_other_settings_is_refused(
    model: AttributionTagger, examples: list[Example], tokenizer: Tokenizer, config: TrainingConfig
) -> None:
    train(model, examples, [], tokenizer, replace(config, steps=1))
    with pytest.raises(ValueError, match="other settings"):
        train(model, examples, [], tokenizer, replace(config, steps=2, batch=1))


def test_the_loss_falls(
    model: AttributionTagger, examples: list[Example], tokenizer: Tokenizer, config: TrainingConfig
) -> None:
    done = train(
        model,
        examples,
        [],
        tokenizer,
        replace(config, epochs=(12,), encoder_rates=(3e-3,), head_rates=(1e-2,), masked=0.0),
    )
    assert float(str(done["last_loss"])) < 0.7 * float(str(done["first_loss"]))


def test_cycles_that_are_done_are_skipped(
    model: AttributionTagger, examples: list[Example], tokenizer: Tokenizer, config: TrainingConfig
) -> None:
    every = train(copy.deepcopy(model), examples, [], tokenizer, config)
    (config.out / "second").mkdir()
    second = train(model, examples, [], tokenizer, replace(config, out=config.out / "second", cycles_done=1))
    assert 0 < int(str(second["steps"])) < int(str(every["steps"]))


def test_the_kept_weights_are_a_mean(model: AttributionTagger) -> None:
    average = Average(model, 0.9)
    name = "tag.bias"
    for value in (1.0, 2.0, 6.0):
        with torch.no_grad():
            model.tag.bias.fill_(value)
        average.add(model)
    # a plain mean while there are few steps
    assert torch.allclose(average.weights[name], torch.full_like(model.tag.bias, 3.0))
    last = Average(model, 0.0)
    with torch.no_grad():
        model.tag.bias.fill_(7.0)
    last.add(model)
    last.add(model)
    last.give(model)
    assert torch.equal(model.tag.bias, torch.full_like(model.tag.bias, 7.0))


def test_rates_rise_and_fall_once_per_cycle() -> None:
    found = [rate_factor(step, [10, 20], 0.2) for step in range(30)]
    assert [cycle for cycle, _ in found] == [0] * 10 + [1] * 20
    first, second = (
        [factor for cycle, factor in found if cycle == 0],
        [factor for cycle, factor in found if cycle == 1],
    )
    for factors in (first, second):
        peak = factors.index(max(factors))
        assert max(factors) == 1.0
        assert factors[: peak + 1] == sorted(factors[: peak + 1])
        assert factors[peak:] == sorted(factors[peak:], reverse=True)
        assert factors[-1] < 0.2


def test_kept_weights_load_again(
    model: AttributionTagger, examples: list[Example], tokenizer: Tokenizer, config: TrainingConfig
) -> None:
    train(model, examples, [], tokenizer, replace(config, steps=2))
    kept = torch.load(config.out / "weights.pt", weights_only=True)
    assert kept.keys() == model.state_dict().keys()
    with pytest.raises(RuntimeError):
        load_weights(config.out / "weights.pt")  # of a smaller network than the one that is trained
