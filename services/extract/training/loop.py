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
from torch import Tensor, nn
from torch.nn import functional

from services.extract.training.config import TrainingConfig
from services.extract.training.data import IGNORED, Batch, Example, epoch_windows, make_batch
from services.extract.training.model import AttributionTagger

_REPORT_EVERY = 20  # steps


def half_precision(device: str) -> bool:
    """Whether to compute in bfloat16. A processor that lacks its instructions emulates them, ten times slower than float."""
    if device != "cpu":
        return True
    return any(getattr(torch.cpu, name, bool)() for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"))


def batch_loss(model: AttributionTagger, batch: Batch, config: TrainingConfig) -> Tensor:
    """Cross entropy of role tags, entity tags and links, weighted."""
    device = batch.ids.device.type
    with torch.autocast(device, torch.bfloat16, enabled=half_precision(device)):
        roles, entities, links = model(batch.ids, batch.case, batch.mask)

    def entropy(scores: Tensor, labels: Tensor) -> Tensor:
        if not bool((labels != IGNORED).any()):  # a mean over nothing is not a number
            return scores.new_zeros(())
        return functional.cross_entropy(scores.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)

    links = links.float().masked_fill(batch.mask[:, None] == 0, -1e4)
    return (
        entropy(roles.float(), batch.roles)
        + config.entity_weight * entropy(entities.float(), batch.entities)
        + config.link_weight * entropy(links, batch.links)
    )


def _optimiser(
    model: AttributionTagger, config: TrainingConfig, steps: int
) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    heads = [value for name, value in model.named_parameters() if not name.startswith("bert.")]
    groups = [{"params": list(model.bert.parameters()), "lr": config.encoder_rate}, {"params": heads, "lr": config.head_rate}]
    optimiser = torch.optim.AdamW(groups, weight_decay=config.weight_decay)
    rates = [config.encoder_rate, config.head_rate]
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, rates, total_steps=steps + 1, pct_start=config.warmup, anneal_strategy="linear"
    )
    return optimiser, schedule


def train(model: AttributionTagger, examples: Sequence[Example], config: TrainingConfig) -> dict[str, object]:
    """Train ``model`` in place and leave its weights in ``out/weights.pt``; returns what happened.

    The state is saved to ``out/state.pt`` every ``save_every`` steps; a run that finds it goes on from there, window for window.
    """
    random.seed(config.seed)
    np.random.seed(config.seed)
    torch.manual_seed(config.seed)
    torch.set_num_threads(config.threads)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device).train()
    epochs = [epoch_windows(examples, config.window, config.seed, epoch) for epoch in range(config.epochs)]
    plan = [windows[place : place + config.batch] for windows in epochs for place in range(0, len(windows), config.batch)]
    steps = min(config.steps, len(plan)) if config.steps else len(plan)
    optimiser, schedule = _optimiser(model, config, len(plan))  # of the whole run: a run stopped early can go on
    done, losses = _resume(config, model, optimiser, schedule)
    begun, first = time.monotonic(), done
    for number in range(done, steps):
        loss = batch_loss(model, make_batch(examples, plan[number], device), config)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), config.clip)
        optimiser.step()
        schedule.step()
        losses.append(float(loss.detach()))
        if not math.isfinite(losses[-1]):
            raise FloatingPointError(f"the loss is {losses[-1]} at step {number + 1}: lower the rates")
        if (number + 1) % _REPORT_EVERY == 0 or number + 1 == steps:
            rate = (time.monotonic() - begun) / (number + 1 - first)
            recent = sum(losses[-_REPORT_EVERY:]) / len(losses[-_REPORT_EVERY:])
            print(f"step {number + 1}/{steps}  loss {recent:.3f}  {rate:.2f} s/step  {rate * (steps - number - 1):.0f} s left", flush=True)
        if (number + 1) % config.save_every == 0 or number + 1 == steps:
            _save(config, number + 1, losses, model, optimiser, schedule)
    model.eval().to("cpu")
    torch.save(
        {name: value.half() if value.is_floating_point() else value for name, value in model.state_dict().items()},
        config.out / "weights.pt",
    )
    return {
        "steps": steps,
        "examples": len(examples),
        "pieces": sum(len(example.pieces) for example in examples),
        "device": device.type,
        "first_loss": round(losses[0], 4) if losses else None,
        "last_loss": round(sum(losses[-_REPORT_EVERY:]) / max(1, len(losses[-_REPORT_EVERY:])), 4),
        "seconds": round(time.monotonic() - begun, 1),
    }


def _state_file(config: TrainingConfig) -> Path:
    return config.out / "state.pt"


def _save(
    config: TrainingConfig,
    done: int,
    losses: list[float],
    model: AttributionTagger,
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> None:
    """Write the state beside the old one and swap them: a run killed while saving keeps the old one."""
    state = {
        "config": {name: value for name, value in config.describe().items() if name != "steps"},
        "done": done,
        "losses": losses,
        "model": model.state_dict(),
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
    optimiser: torch.optim.Optimizer,
    schedule: torch.optim.lr_scheduler.LRScheduler,
) -> tuple[int, list[float]]:
    if not _state_file(config).exists():
        return 0, []
    state = torch.load(_state_file(config), map_location=next(model.parameters()).device, weights_only=True)
    if state["config"] != {name: value for name, value in config.describe().items() if name != "steps"}:
        raise ValueError(f"{_state_file(config)} is of a run with other settings: name another --out, or delete it")
    model.load_state_dict(state["model"])
    optimiser.load_state_dict(state["optimiser"])
    schedule.load_state_dict(state["schedule"])
    torch.set_rng_state(state["random"].cpu())
    print(f"going on from step {state['done']}", flush=True)
    return int(state["done"]), list(state["losses"])
