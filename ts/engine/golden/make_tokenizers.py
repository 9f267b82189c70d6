"""Writes tokenizers of the kinds that Llama-family models ship with, and what Hugging Face makes of a sample.

To make the files again: pip install transformers tokenizers, then python make_tokenizers.py
"""

import json
import pathlib

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import PreTrainedTokenizerFast

HERE = pathlib.Path(__file__).parent
FOLDER = HERE / "tokenizers"
BASE = HERE.parents[1] / "models" / "base"

SAMPLE = [
    "The keeper's lamp burned 1234567 nights; they'd SAID \"DON'T\" — we're, I'll, you've.",
    "  two spaces,\ttab,\n\nnewlines \r\n and trailing   ",
    "\n\n\n   x",
    "",
    " ",
    "Käse, Straße, naïve façade, Ærøskøbing, Łódź, İstanbul, ŒUVRE",
    "Cafe\u0301 and Café, A\u030angstro\u0308m",
    "Съешь же ещё этих мягких французских булок, да выпей чаю.",
    "Ξεσκεπάζω την ψυχοφθόρα βδελυγμία.",
    "نص حكيم له سر قاطع وذو شأن عظيم ١٢٣",
    "דג סקרן שט בים מאוכזב",
    "ऋषियों को सताने वाले दुष्ट १२३४",
    "เป็นมนุษย์สุดประเสริฐเลิศคุณค่า",
    "天地玄黃,宇宙洪荒。日月盈昃",
    "いろはにほへと ちりぬるを カタカナ",
    "다람쥐 헌 쳇바퀴에 타고파",
    "👩‍👩‍👧‍👦 🇫🇷🇯🇵 👍🏽 🍐 𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𐍈",
    "zero\u200bwidth\u00a0nbsp\u3000wide \ufeffbom \u0000nul \u001besc",
    "for (let i = 0; i < n; i += 1) { a[i] = b[i]**2; } // x_y-z",
    "https://example.org/a?b=c&d=%20#e user@example.org 3.14e-10 0xFF 1,000,000",
    "▁under ▁▁ line <0x0A> <unk> <s>",
    "a<|end|>b <|user|> c</s>d<|im_end|>\n<|eot_id|>e <tool> f",
]
CHATS = [
    [{"role": "user", "content": "Who rang the bell?"}],
    [
        {"role": "system", "content": "  You are terse.\n"},
        {"role": "user", "content": "Où est la gare ?"},
        {"role": "assistant", "content": " Là-bas.  "},
        {"role": "user", "content": "灯台 {{ no }} {% code %}"},
    ],
]
TEXTS = [text for text in SAMPLE for _ in range(3)] + [
    "the lamp of the tower was lit by the keeper and the keepers of the other towers" for _ in range(5)
]

LLAMA3_CHAT = (
    "{% set loop_messages = messages %}{% for message in loop_messages %}"
    "{% set content = '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' + message['content'] | trim + '<|eot_id|>' %}"
    "{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{% endif %}"
)
LLAMA2_CHAT = (
    "{%- if messages[0]['role'] == 'system' -%}{%- set system = '<<SYS>>\n' ~ messages[0]['content'] ~ '\n<</SYS>>\n\n' -%}"
    "{%- set rest = messages[1:] -%}{%- else -%}{%- set system = '' -%}{%- set rest = messages -%}{%- endif -%}\n"
    "{%- for message in rest -%}\n"
    "  {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}{{ raise_exception('Roles must alternate.') }}{%- endif -%}\n"
    "  {%- if message['role'] == 'user' -%}{{ bos_token ~ '[INST] ' ~ (system if loop.first else '') ~ message['content'].strip() ~ ' [/INST]' }}\n"
    "  {%- else -%}{{ ' ' ~ message['content'].strip() ~ ' ' ~ eos_token }}{%- endif -%}\n"
    "{%- endfor -%}"
)
CHATML = (
    "{%- if messages[0]['role'] != 'system' %}{{- '<|im_start|>system\\nYou help.<|im_end|>\\n' }}{%- endif %}\n"
    "{%- for message in messages %}\n"
    "    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}\n"
    "{%- endfor %}\n"
    "{%- if add_generation_prompt %}\n    {{- '<|im_start|>assistant\\n' }}\n{%- endif %}"
)


def byte_level(pattern, size, specials, normalizer=None, bos=None, ignore_merges=False):
    """Byte-level BPE with a regular expression of its own, as tiktoken vocabularies are converted."""
    tokenizer = Tokenizer(models.BPE(ignore_merges=ignore_merges))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(pattern), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=False),
    ])
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=True, trim_offsets=True, use_regex=True)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    tokenizer.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=size, initial_alphabet=alphabet, show_progress=False))
    tokenizer.add_special_tokens(specials)
    tokenizer.add_tokens(["<tool>"])
    level = processors.ByteLevel(trim_offsets=False)
    if bos:
        template = processors.TemplateProcessing(single=f"{bos}:0 $A:0", special_tokens=[(bos, tokenizer.token_to_id(bos))])
        tokenizer.post_processor = processors.Sequence([level, template])
    else:
        tokenizer.post_processor = level
    return json.loads(tokenizer.to_str())


def sentencepiece():
    """BPE over SentencePiece's spaces with bytes to fall back on, as Llama 2 is converted."""
    trained = Tokenizer(models.BPE())
    trained.pre_tokenizer = pre_tokenizers.Metaspace()
    trained.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=420, limit_alphabet=150, show_progress=False))
    learnt = json.loads(trained.to_str())["model"]
    names = ["<unk>", "<s>", "</s>"] + [f"<0x{byte:02X}>" for byte in range(256)]
    names += sorted(learnt["vocab"], key=learnt["vocab"].get)
    vocab = {name: i for i, name in enumerate(dict.fromkeys(names))}
    model = models.BPE(vocab=vocab, merges=[tuple(m) for m in learnt["merges"]], unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence([
        decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0),
    ])
    tokenizer.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    tokenizer.add_special_tokens(["<unk>", "<s>", "</s>"])
    return json.loads(tokenizer.to_str())


GPT_WORDS = r"\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA3 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + GPT_WORDS
QWEN2 = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|" + GPT_WORDS
KINDS = {
    "llama3": (
        lambda: byte_level(LLAMA3, 420, ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"], bos="<|begin_of_text|>", ignore_merges=True),
        dict(bos_token="<|begin_of_text|>", eos_token="<|eot_id|>", chat_template=LLAMA3_CHAT),
    ),
    "llama2": (sentencepiece, dict(bos_token="<s>", eos_token="</s>", unk_token="<unk>", chat_template=LLAMA2_CHAT)),
    "qwen2": (
        lambda: byte_level(QWEN2, 400, ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], normalizer=normalizers.NFC()),
        dict(eos_token="<|im_end|>", pad_token="<|endoftext|>", chat_template=CHATML),
    ),
}


def expect(tokenizer):
    texts = []
    for text in SAMPLE:
        ids = tokenizer.encode(text, add_special_tokens=False)
        with_specials = tokenizer.encode(text)
        texts.append({"text": text, "ids": ids, "withSpecials": with_specials, "decoded": tokenizer.decode(ids, skip_special_tokens=True)})
    chats = []
    for messages in CHATS:
        text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        ids = tokenizer.encode(text, add_special_tokens=False)
        chats.append({"messages": messages, "text": text, "ids": ids})
    return {"texts": texts, "chats": chats}


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n")


for name, (make, config) in KINDS.items():
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "model_max_length": 4096, "clean_up_tokenization_spaces": False, **config}
    write(FOLDER / name / "tokenizer.json", make())
    write(FOLDER / name / "tokenizer_config.json", config)
    write(FOLDER / name / "expected.json", expect(PreTrainedTokenizerFast.from_pretrained(FOLDER / name)))
write(FOLDER / "base" / "expected.json", expect(PreTrainedTokenizerFast.from_pretrained(BASE)))
