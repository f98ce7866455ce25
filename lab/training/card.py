"""The model card, written by the run from what it measured."""

from __future__ import annotations

from collections.abc import Mapping

from services.extract.tagger.spec import ModelSpec

_ROWS = (
    ("source span", "exact", "all"),
    ("cue span", "exact", "all"),
    ("content span", "exact", "all"),
    ("content of an item", "exact", "all"),
    ("content of an item", "overlap", "all"),
    ("content of an item", "Jaccard ≥ .5", "all"),
    ("who-said-what", "exact", "all"),
    ("who-said-what", "overlap", "all"),
    ("full attribution", "exact", "all"),
    ("full attribution", "overlap", "all"),
    ("content of an item", "overlap", "speech"),
    ("who-said-what", "exact", "speech"),
    ("who-said-what", "overlap", "speech"),
    ("who-said-what", "overlap", "direct"),
    ("who-said-what", "overlap", "mixed"),
    ("who-said-what", "overlap", "indirect, speech cue"),
    ("who-said-what", "overlap", "indirect, other cue"),
)


def _figures(rows: list[dict[str, object]]) -> str:
    by_key = {(row["measure"], row["level"], row["subset"]): row for row in rows}
    lines = ["| measure | subset | P | R | F1 | 95 % | humans |", "|---|---|---|---|---|---|---|"]
    for key in _ROWS:
        row = by_key[key]
        human = "" if row["human"] is None else row["human"]
        lines.append(
            f"| {key[0]}, {key[1]} | {key[2]} | {row['precision']} | {row['recall']} | {row['f1']} |"
            f" {row['low']}–{row['high']} | {human} |"
        )
    return "\n".join(lines)


def _settings(values: Mapping[str, object]) -> str:
    return "\n".join(f"- {name}: {value}" for name, value in values.items())


def _claims(spec: ModelSpec) -> str:
    held_out = spec.figures.get("ClaimBuster, held out")
    if not isinstance(held_out, dict):
        return "Not trained."
    return (
        f"On every fifth sentence of ClaimBuster's training part (debates, not news):\n{_settings(held_out)}"
    )


def model_card(
    spec: ModelSpec,
    rows: list[dict[str, object]],
    reliability: Mapping[str, object],
    of_sources: Mapping[str, object],
    megabytes: float,
) -> str:
    """``MODEL_CARD.md``."""
    return f"""# {spec.name} {spec.version}

Finds attributions in English news: who (source) is reported with which words (cue) to have said, written, thought or wanted what (content);
and named entities (person, organization, location, other).

- File: `model.onnx`, {megabytes:.1f} MB, sha256 `{spec.sha256}`. Labels, windows, transition scores and calibration: `model.json`.
- Network: MiniLM, 6 layers, 384 wide, uncased, with an added embedding of letter case and layout; heads for role tags, entity tags, the
  cue each word belongs to, the source of each cue and content, the ends of contents, and check-worthiness. 8-bit weights with one scale
  per channel (7 bits used, so that sums do not saturate on processors without VNNI), embeddings with one scale per row, heads in 8 bits
  too but check-worthiness, which stays in float;
  activations are quantised as they come.
- Input: windows of {spec.windows.size} word pieces, {spec.windows.context} of context at a cut inside a paragraph.

## Data and licences
- Base weights: all-MiniLM-L6-v2, Apache-2.0.
- Training: PolNeAR (networkdynamics/PolNeAR), training part, first annotator of each article. The corpus states no licence for its
  articles; it is used for training and measuring only, and no text of it is in this repository or in these files.
- Entity tags are silver: learned from the corpus's CoreNLP layer.
- Check-worthiness: ClaimBuster's two-class sentences of US presidential debates (idirlab/claimspotter, `data/two_class`), four fifths of
  its training part; and 594 news statements of PolNeAR's training part labelled for this project by a language model (offsets only,
  `training/news_claims.jsonl`). Used for training and measuring only; no sentence of either is in this repository.

## Training
{_settings(spec.training)}

Windows were disguised while training: other quotation marks, joined paragraphs, no capitals, three words of a hundred hidden. To train
again: `make train CORPUS=PolNeAR/data CLAIMS=two_class/train.json OUT=folder` (all cycles: some five
hours on one server core with bfloat16, by estimate; an interrupted run goes on). `--start model.onnx --cycles-done N` goes on from a
released model instead. Seeds are fixed; other processors round differently, so weights will not be equal bit for bit.

Cost: about five core-hours on server cores without a GPU; at some 10 W a core 0.05 kWh (an estimate, not a measurement).

## Figures
PolNeAR dev, whole documents, first annotation, micro, per cent. Human figures: pairwise agreement on 20 other articles.

{_figures(rows)}

Published on the test part (not comparable split): CofeNet, BERT-base, source 83.2, cue 75.3, content 72.9 span-exact.

## Confidence
Two probabilities for each attribution, each a logistic regression fitted to every second article of dev and tried on the other half.
That the words are reported and this is their source (right: content Jaccard ≥ .5 and source overlap):
{_settings(reliability)}

That this is their source, or that the text names none, given that the words are reported:
{_settings(of_sources)}

The second is never less than the first. Where a rule of the program gives or takes away a source, the share of such sources that was right
stands in for it (`attribution/trust.py`). What becomes of both in the whole extraction, `make quality` prints.

## Check-worthiness

{_claims(spec)}

## Settings
Transition scores are counted in the training part. Their weight, the windows, the linking constants and the rules for the edges of content
were chosen on dev (edges: looking at every second article only), among about sixty settings: these are tuned figures, and by how
much they flatter is not known. The test part was not used.

## Limits
- US political news of 2016 and 2017 from seven outlets; other styles, countries and beats are found less surely. English only.
- Beliefs, wishes and plans reported without a verb of saying are found far less often than speech (last row).
- Right edges of long indirect content are the most frequent fault: of "She said the plan, which critics call reckless, was safe." only
  "the plan" is hers, and "was safe" goes to the critics.
- Speech in parentheses: in "The bridge is unsafe (the county's engineers said so twice last year, and warned that it may close), but it
  stays open." what stands before is nobody's and what follows is the engineers'.
- Nouns of saying: in "The mayor's claim that the bridge is safe was rejected by engineers." the engineers reject, the mayor claims nothing.
- Nobody: "Nobody in the ministry expects the tunnel to open before 2030." is a claim of "Nobody in the ministry".
- It marks only the outermost of nested attributions; the program reads contents that hold a verb of saying again for those inside them
  (`attribution/nesting.py`), and finds fewer than half of them.
- Transcripts ("NAME: …") and headlines are left to the rules of `services/extract/passes`.
- A source that follows its words at a distance ("Costs will rise again. That is what the ministry says.") is often missed.
- Claim types are no answer of the network: words decide (`claims/propositions.py`), half of them right on publishers not fitted to.
- Check-worthiness is learnt from debates, with a few hundred statements of news; on news it ranks far less well, and the program mixes
  it with a model of words (docs/quality.md, docs/experiments.md).
- It marks what the text attributes, not whether it was said, nor whether it is true.
"""
