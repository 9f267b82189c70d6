"""The base model's tokenizer, as ts/engine/src/tokenizer reads it."""

import json
import pathlib

from tokenizers import Tokenizer as FastTokenizer
from transformers import PreTrainedTokenizerFast


class Tokenizer:
    """Encodes with `tokenizer.json` as it stands: no library's rules for one family are put on top."""

    def __init__(self, base: pathlib.Path):
        path = base / "tokenizer.json"
        self._fast = FastTokenizer.from_file(str(path))
        self._fast.no_truncation()
        self._fast.no_padding()
        config = json.loads((base / "tokenizer_config.json").read_text("utf-8"))
        template = base / "chat_template.jinja"
        if template.exists():
            config["chat_template"] = template.read_text("utf-8")
        self._config = config
        added = json.loads(path.read_text("utf-8")).get("added_tokens", [])
        self._specials = {one["content"]: one["id"] for one in added if one.get("special", True)}
        self._formatter = PreTrainedTokenizerFast(
            tokenizer_file=str(path),
            chat_template=_template(config),
            **{name: _word(config[name]) for name in _WORDS if config.get(name) is not None},
        )

    def encode(self, text: str, special_tokens: bool = False) -> list:
        return self._fast.encode(text, add_special_tokens=special_tokens).ids

    def encode_question(self, question: str) -> list:
        """The tokens of one question in the model's chat template, ready for the answer."""
        if self._formatter.chat_template is None:
            raise ValueError("The model has no chat template. Train on plain text, or on an instruction-tuned model.")
        messages = [{"role": "user", "content": question}]
        text = self._formatter.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        return self.encode(text)

    @property
    def end_token(self) -> int:
        """The id of the token that ends an answer."""
        name = self._config.get("eos_token")
        if name is None or _word(name) not in self._specials:
            raise ValueError("tokenizer_config.json names no eos_token that tokenizer.json knows.")
        return self._specials[_word(name)]


_WORDS = ("bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token")


def _word(token) -> str:
    return token if isinstance(token, str) else token["content"]


def _template(config: dict):
    """One template, or several by name."""
    template = config.get("chat_template")
    return {one["name"]: one["template"] for one in template} if isinstance(template, list) else template
