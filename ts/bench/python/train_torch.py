"""The anchor of `npm run bench -- train`: torch and PEFT doing the work that it is told, on the same cores.

Started with a task as JSON; answers each line on standard input with a line of JSON.
  {"run": n}  ->  {"seconds": …}   seconds that n steps took
  {"end": 1}  ->  {"peak": …}      peak resident memory in bytes; then it exits
"""

import json
import resource
import sys
import time

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM
from transformers.utils import logging

logging.set_verbosity_error()
task = json.loads(sys.argv[1])
torch.manual_seed(1)
torch.set_num_threads(task["threads"])
BATCH, LENGTH, KIND = task["batch"], task["length"], task["kind"]


def gemm():
    """A chain of eight pairs of matrix products, to the columns and back."""
    rows, inner, columns = task["gemm"]
    start = torch.rand(rows, inner) * 2 - 1
    wide, narrow = ((torch.rand(*shape) * 2 - 1) * 0.05 for shape in [(inner, columns), (columns, inner)])

    def work():
        x = start
        for _ in range(8):
            x = (x @ wide) @ narrow
        return x.sum()

    return work


def model_of_task():
    config = LlamaConfig(**{**task["config"], "torch_dtype": "float32"})
    config._attn_implementation = "eager" if KIND == "lora-per-sample" else "sdpa"
    model = LlamaForCausalLM(config)
    if KIND == "full":
        return model
    linears = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    return get_peft_model(model, LoraConfig(r=task["rank"], lora_alpha=task["rank"], target_modules=linears, lora_dropout=0.0))


def training():
    model = model_of_task()
    vocabulary = task["config"]["vocab_size"]
    ids = torch.randint(0, vocabulary, (BATCH, LENGTH))
    labels = torch.randint(0, vocabulary, (BATCH, LENGTH))
    trained = {name: p for name, p in model.named_parameters() if p.requires_grad}
    mixed = torch.autocast("cpu", torch.bfloat16, enabled=task["bf16"])

    def loss_of(logits, targets):
        return torch.nn.functional.cross_entropy(logits.reshape(-1, vocabulary).float(), targets.reshape(-1), reduction="sum")

    if KIND == "lora-per-sample":
        frozen = {name: p for name, p in model.named_parameters() if not p.requires_grad}

        def loss_of_row(parameters, row, targets):
            output = torch.func.functional_call(model, {**frozen, **parameters}, (), {"input_ids": row[None], "use_cache": False})
            return loss_of(output.logits, targets[None])

        gradient = torch.func.vmap(torch.func.grad(loss_of_row), in_dims=(None, 0, 0))
        detached = {name: p.detach() for name, p in trained.items()}
        return lambda: gradient(detached, ids, labels)

    optimizer = torch.optim.AdamW(trained.values(), lr=1e-4, weight_decay=0.01)

    def step():
        optimizer.zero_grad()
        with mixed:
            logits = model(input_ids=ids, use_cache=False).logits
        loss_of(logits, labels).backward()
        torch.nn.utils.clip_grad_norm_(trained.values(), 1.0)
        optimizer.step()

    return step


work = gemm() if KIND == "gemm" else training()
print(json.dumps({"ready": True}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    if "end" in request:
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}), flush=True)
        break
    started = time.perf_counter()
    for _ in range(request["run"]):
        work()
    print(json.dumps({"seconds": time.perf_counter() - started}), flush=True)
