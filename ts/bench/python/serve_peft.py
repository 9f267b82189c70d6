"""Tokens per second of torch and PEFT with another adapter for every row of the batch, greedy, with a key-value cache.

Usage: serve_peft.py '{"vocabSize": …, "batch": 8, "rank": 8, "tokens": 32, "promptTokens": 24, …}'
"""

import json
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

spec = json.loads(sys.argv[1])
torch.set_num_threads(2)
torch.manual_seed(1)
config = LlamaConfig(
    vocab_size=spec["vocabSize"],
    hidden_size=spec["hiddenSize"],
    intermediate_size=spec["intermediateSize"],
    num_hidden_layers=spec["layers"],
    num_attention_heads=spec["heads"],
    num_key_value_heads=spec["kvHeads"],
    head_dim=spec["headDim"],
    max_position_embeddings=512,
    tie_word_embeddings=spec["tiedEmbeddings"],
    eos_token_id=None,
    bos_token_id=None,
    pad_token_id=0,
)
linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
lora = LoraConfig(r=spec["rank"], lora_alpha=16, target_modules=linears, init_lora_weights=False)
names = [f"adapter{i}" for i in range(spec["batch"])]
model = get_peft_model(LlamaForCausalLM(config).eval(), lora, adapter_name=names[0])
for name in names[1:]:
    model.add_adapter(name, lora)
model.eval()
ids = torch.randint(2, spec["vocabSize"], (spec["batch"], spec["promptTokens"]))


def answer():
    with torch.inference_mode():
        model.generate(
            input_ids=ids,
            attention_mask=torch.ones_like(ids),
            adapter_names=names,
            max_new_tokens=spec["tokens"],
            do_sample=False,
        )


answer()
times = []
for _ in range(3):
    started = time.perf_counter()
    answer()
    times.append(time.perf_counter() - started)
print(json.dumps({"tokensPerSecond": spec["batch"] * spec["tokens"] / sorted(times)[1]}))
