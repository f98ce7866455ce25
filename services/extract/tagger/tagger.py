"""The attribution tagger: text in, attributions and named entities out."""

from __future__ import annotations

from pathlib import Path

from tokenizers import Tokenizer

from services.extract.tagger.claims import PieceClaims
from services.extract.tagger.decode import Decoder
from services.extract.tagger.encoding import encode
from services.extract.tagger.network import Network
from services.extract.tagger.spec import SHIPPED, ModelBroken, ModelSpec, read_spec
from services.extract.types import Tagged


class Tagger:
    """Finds who said what. Deterministic, stateless between calls, safe to share between threads.

    ``name``, ``version`` and ``model_sha256`` identify the model: the same ones give the same answers.
    """

    def __init__(self, spec: ModelSpec, tokenizer: Tokenizer, network: Network) -> None:
        self._spec = spec
        self._tokenizer = tokenizer
        self._network = network
        self._decoder = Decoder(spec)

    @classmethod
    def load(cls, model_dir: Path | None = None, threads: int = 1) -> Tagger:
        """Load a model folder (None: the shipped one). ``threads`` the network may use; one process per core
        scales better.

        Raises:
            ModelBroken: the folder is incomplete or not what its ``model.json`` says.
        """
        folder = model_dir or SHIPPED
        spec = read_spec(folder)
        network = Network(folder / "model.onnx", len(spec.roles), len(spec.entities), threads)
        try:
            tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        except Exception as error:  # the library raises nothing narrower
            raise ModelBroken(
                f"{folder / 'tokenizer.json'} is no tokenizer ({error}): check the model out again"
            ) from error
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return cls(spec, tokenizer, network)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._spec.name

    @property
    def version(self) -> str:
        """The model's version."""
        return self._spec.version

    @property
    def model_sha256(self) -> str:
        """SHA-256 of the network's file, in hex."""
        return self._spec.sha256

    def tokens(self, text: str) -> int:
        """How many word pieces the network reads for ``text``, repeated context aside."""
        return len(encode(self._tokenizer, text))

    def __call__(self, text: str) -> Tagged:
        """Attributions and entities of ``text``; offsets are its code points. Never raises on a str, whatever
        it holds."""
        pieces = encode(self._tokenizer, text)
        scores = self._network(pieces, self._spec.plan)
        return Tagged(*self._decoder.read(text, pieces, scores), PieceClaims(pieces, scores))
