"""The training loop: resumable, with fixed seeds and visible progress."""

from __future__ import annotations

import math
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional

from lab.training.augment import Disguise
from lab.training.claims import ClaimBatch, Sentence, make_claim_batch, pack, sentence_scores
from lab.training.config import TrainingConfig
from lab.training.data import IGNORED, Batch, Example, epoch_windows, make_batch
from lab.training.dropout import use_pooled_dropout
from lab.training.model import AttributionTagger

_REPORT_EVERY = 20  # steps


def half_precision(device: str) -> bool:
    """Whether to compute in bfloat16. A processor that lacks its instructions emulates them, ten times slower
    than float."""
    if device != "cpu":
        return True
    return any(
        getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported")
    )


def batch_loss(model: AttributionTagger, batch: Batch, config: TrainingConfig) -> Tensor:
    """Cross entropy of role tags, entity tags, links, sources and ends of contents, weighted."""
    device = batch.ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=half_precision(device)):
        scores = model(batch.ids, batch.case, batch.mask)
    hidden = batch.mask[:, None] == 0
    inside = batch.ends != IGNORED
    return (
        _entropy(scores.tag, batch.roles)
        + config.entity_weight * _entropy(scores.ner, batch.entities)
        + config.link_weight * _entropy(scores.link.float().masked_fill(hidden, -1e4), batch.links)
        + config.source_weight * _entropy(scores.source.float().masked_fill(hidden, -1e4), batch.sources)
        + config.end_weight * _binary(scores.end[inside], batch.ends[inside].float())
    )


def claim_loss(model: AttributionTagger, batch: ClaimBatch) -> Tensor:
    """Binary cross entropy of the sentences' check-worthiness."""
    device = batch.ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=half_precision(device)):
        claim = model(batch.ids, batch.case, batch.mask).claim
    return _binary(sentence_scores(claim, batch), batch.labels)


def _entropy(scores: Tensor, labels: Tensor) -> Tensor:
    if not bool((labels != IGNORED).any()):  # a mean over nothing is not a number
        return scores.new_zeros(())
    return functional.cross_entropy(scores.float().flatten(0, 1), labels.flatten(), ignore_index=IGNORED)


def _binary(scores: Tensor, labels: Tensor) -> Tensor:
    return (
        functional.binary_cross_entropy_with_logits(scores.float(), labels)
        if len(labels)
        else scores.new_zeros(())
    )


def rate_factor(step: int, cycles: Sequence[int], warmup: float) -> tuple[int, float]:
    """The cycle ``step`` lies in, and the share of that cycle's peak rate: a linear rise over ``warmup`` of
    it, then a linear fall."""
    for cycle, steps in enumerate(cycles):
        if step < steps or cycle == len(cycles) - 1:
            rising = max(1, round(warmup * steps))
            if step < rising:
                return cycle, (step + 1) / rising
            return cycle, max(0.0, (steps - step) / max(1, steps - rising))
        step -= steps
    raise ValueError("there are no cycles")


def _optimiser(
    model: AttributionTagger, config: TrainingConfig, cycles: Sequence[int]
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    heads = [value for name, value in model.named_parameters() if not name.startswith("bert.")]
    groups = [{"params": list(model.bert.parameters()), "lr": 1.0}, {"params": heads, "lr": 1.0}]
    optimiser = torch.optim.AdamW(groups, weight_decay=config.weight_decay)

    def encoder(step: int) -> float:
        cycle, factor = rate_factor(step, cycles, config.warmup)
        return config.encoder_rates[config.cycles_done + cycle] * factor

    def head(step: int) -> float:
        cycle, factor = rate_factor(step, cycles, config.warmup)
        return config.head_rates[config.cycles_done + cycle] * factor

    return optimiser, torch.optim.lr_scheduler.LambdaLR(optimiser, [encoder, head])


def train(
    model: AttributionTagger,
    examples: Sequence[Example],
    sentences: Sequence[Sentence],
    tokenizer: Tokenizer,
    config: TrainingConfig,
) -> dict[str, object]:
    """Train ``model`` in place and leave its weights in ``out/weights.pt``; returns what happened.

    The state is saved to ``out/state.pt`` every ``save_every`` steps; a run that finds it goes on from there,
    window for window.
    """
    random.seed(config.seed)
    np.random.seed(config.seed)
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    use_pooled_dropout(model.bert, config.dropout)
    model.to(device).train()
    first_epoch = sum(config.epochs[: config.cycles_done])
    epochs = [
        epoch_windows(examples, config.window, config.seed, epoch)
        for epoch in range(first_epoch, sum(config.epochs))
    ]
    plan = [
        windows[place : place + config.batch]
        for windows in epochs
        for place in range(0, len(windows), config.batch)
    ]
    lengths = [-(-len(windows) // config.batch) for windows in epochs]
    cycles, place = [], 0
    for count in config.epochs[config.cycles_done :]:
        cycles.append(sum(lengths[place : place + count]))
        place += count
    steps = min(config.steps, len(plan)) if config.steps else len(plan)
    # the rates are those of the whole run: a run stopped early can go on
    optimiser, schedule = _optimiser(model, config, cycles)
    average = Average(model, config.average)
    done, losses = _resume(config, model, average, optimiser, schedule)
    begun, first = time.monotonic(), done
    for number in range(done, steps):
        # a generator for each step: a run that goes on sees what an unbroken one would have seen
        disguise = Disguise(tokenizer, config.masked, config.seed * 1_000_003 + number)
        loss = batch_loss(model, make_batch(examples, plan[number], device, disguise), config)
        optimiser.zero_grad()
        loss.backward()
        if sentences:
            claims = config.claim_weight * claim_loss(model, _claim_batch(sentences, number, config, device))
            claims.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        schedule.step()
        average.add(model)
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise FloatingPointError(f"the loss is {losses[-1]} at step {number + 1}: lower the rates")
        if (number + 1) % _REPORT_EVERY == 0 or number + 1 == steps:
            rate = (time.monotonic() - begun) / (number + 1 - first)
            recent = sum(losses[-_REPORT_EVERY:]) / len(losses[-_REPORT_EVERY:])
            print(
                f"step {number + 1}/{steps}  loss {recent:.3f}  {rate:.2f} s/step "
                f" {rate * (steps - number - 1):.0f} s left",
                flush=True,
            )
        if (number + 1) % config.save_every == 0 or number + 1 == steps:
            _save(config, number + 1, losses, model, average, optimiser, schedule)
    average.give(model)
    model.eval().to("cpu")
    torch.save(
        {
            name: value.half() if value.is_floating_point() else value
            for name, value in model.state_dict().items()
        },
        config.out / "weights.pt",
    )
    return {
        "steps": steps,
        "examples": len(examples),
        "pieces": sum(len(example.pieces) for example in examples),
        "claim_sentences": len(sentences),
        "device": device.type,
        "first_loss": round(losses[0], 4) if losses else None,
        "last_loss": round(sum(losses[-_REPORT_EVERY:]) / max(1, len(losses[-_REPORT_EVERY:])), 4),
        "seconds": round(time.monotonic() - begun, 1),
    }


class Average:
    """A running mean of a model's weights (Polyak and Juditsky 1992): what the last steps jump about, it does
    not. While there are fewer steps than the decay looks back on, the plain mean of them."""

    def __init__(self, model: AttributionTagger, decay: float) -> None:
        """``decay``: share of the mean that stays at a step; 0 keeps the last step's weights."""
        self._decay = decay
        self.weights = {name: value.detach().clone() for name, value in model.state_dict().items()}
        self.steps = 0

    def add(self, model: AttributionTagger) -> None:
        """Take in the weights after a step."""
        self.steps += 1
        fresh = 1 - min(self._decay, (self.steps - 1) / self.steps)
        for name, value in model.state_dict().items():
            if value.is_floating_point():
                self.weights[name].lerp_(value.detach(), fresh)

    def give(self, model: AttributionTagger) -> None:
        """Put the mean in the model's place."""
        model.load_state_dict(self.weights)


def _claim_batch(
    sentences: Sequence[Sentence], step: int, config: TrainingConfig, device: torch.device
) -> ClaimBatch:
    generator = random.Random(f"{config.seed}/{step}")
    # as many as so many windows can hold
    chosen = generator.sample(sentences, min(len(sentences), 12 * config.claim_windows))
    return make_claim_batch(pack(chosen, config.window, generator)[: config.claim_windows], device)


def _state_file(config: TrainingConfig) -> Path:
    return config.out / "state.pt"


def _save(
    config: TrainingConfig,
    done: int,
    losses: list[float],
    model: AttributionTagger,
    average: Average,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """Write the state beside the old one and swap them: a run killed while saving keeps the old one."""
    state = {
        "config": {name: value for name, value in config.describe().items() if name != "steps"},
        "done": done,
        "losses": losses,
        "model": model.state_dict(),
        "average": average.weights,
        "optimiser": optimiser.state_dict(),
        "schedule": schedule.state_dict(),
        "random": torch.get_rng_state(),
    }
    fresh = _state_file(config).with_suffix(".new")
    torch.save(state, fresh)
    os.replace(fresh, _state_file(config))


def _resume(
    config: TrainingConfig,
    model: AttributionTagger,
    average: Average,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[int, list[float]]:
    if not _state_file(config).exists():
        return 0, []
    state = torch.load(_state_file(config), map_location=next(model.parameters()).device, weights_only=True)
    if state["config"] != {name: value for name, value in config.describe().items() if name != "steps"}:
        raise ValueError(
            f"{_state_file(config)} is of a run with other settings: name another --out, or delete it"
        )
    model.load_state_dict(state["model"])
    average.weights, average.steps = state["average"], int(state["done"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"].cpu())
    print(f"going on from step {state['done']}", flush=True)
    return int(state["done"]), list(state["losses"])
