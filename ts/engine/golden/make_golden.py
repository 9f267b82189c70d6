"""Writes the reference values that the engine's tests compare with.

They come from Hugging Face transformers and PEFT on torch, in double precision. The tests need only the files;
to make them again: pip install torch transformers peft safetensors, then python make_golden.py
"""

import json
import os
import pathlib

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM

HERE = pathlib.Path(__file__).parent
BATCH, LENGTH, STEPS, RANK, ALPHA = 3, 10, 5, 3, 6
LINEARS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
VARIANTS = {
    "tied": dict(num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True),
    "grouped": dict(num_attention_heads=4, num_key_value_heads=2, tie_word_embeddings=False),
}


def flat(tensors):
    """Tensors as contiguous float32, ready to be saved."""
    return {name: tensor.detach().float().contiguous().clone() for name, tensor in tensors.items()}


def weighted_loss(model, ids, labels, weights):
    logits = model(input_ids=ids).logits
    losses = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), reduction="none")
    return (losses * weights.reshape(-1)).reshape(ids.shape).sum(1)


def make(name, options):
    torch.manual_seed(1)
    folder = HERE / name
    os.makedirs(folder, exist_ok=True)
    config = LlamaConfig(
        vocab_size=61, hidden_size=32, intermediate_size=48, num_hidden_layers=2, head_dim=8,
        max_position_embeddings=64, rms_norm_eps=1e-5, hidden_act="silu", attention_bias=False, mlp_bias=False,
        bos_token_id=None, eos_token_id=1, pad_token_id=None, **options,
    )
    config._attn_implementation = "eager"
    model = LlamaForCausalLM(config)
    with torch.no_grad():
        for parameter in model.parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.1 * noise if parameter.dim() == 1 else 0.15 * noise)
    ids = torch.randint(0, 61, (BATCH, LENGTH))
    labels = torch.randint(0, 61, (BATCH, LENGTH))
    weights = (torch.rand(BATCH, LENGTH) > 0.4).double() * torch.rand(BATCH, LENGTH).float().double()

    expected = {"ids": ids.float(), "labels": labels.float(), "weights": weights}
    base = {k: v for k, v in model.state_dict().items() if not (options["tie_word_embeddings"] and k == "lm_head.weight")}
    save_file(flat(base), folder / "model.safetensors")
    rope = {"rope_theta": 10000.0}
    fields = config.to_dict()
    keep = ["model_type", "vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers", "num_attention_heads",
            "num_key_value_heads", "head_dim", "rms_norm_eps", "max_position_embeddings", "tie_word_embeddings",
            "hidden_act", "eos_token_id", "pad_token_id"]
    (folder / "config.json").write_text(json.dumps({**{k: fields[k] for k in keep}, **rope}, indent=2) + "\n")

    model = model.double()
    expected["logits"] = model(input_ids=ids).logits
    loss = weighted_loss(model, ids, labels, weights).sum()
    loss.backward()
    expected["loss"] = loss.reshape(1)
    for key, parameter in model.named_parameters():
        expected[f"full.{key}"] = parameter.grad

    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=LINEARS, bias="none", task_type="CAUSAL_LM")
    peft = get_peft_model(model, lora).double()
    with torch.no_grad():
        for key, parameter in peft.named_parameters():
            if "lora_B" in key:
                parameter.copy_((0.1 * torch.randn_like(parameter)).float())
            elif "lora_A" in key:
                parameter.copy_(parameter.float())
    peft.peft_config["default"].save_pretrained(folder)
    save_file(flat(get_peft_model_state_dict(peft)), folder / "adapter_model.safetensors")
    trained = {k: p for k, p in peft.named_parameters() if p.requires_grad}
    clean = lambda key: key.replace(".default", "")

    expected["lora.logits"] = peft(input_ids=ids).logits
    losses = weighted_loss(peft, ids, labels, weights)
    expected["lora.losses"] = losses
    for row in range(BATCH):
        gradients = torch.autograd.grad(losses[row], list(trained.values()), retain_graph=True)
        for key, gradient in zip(trained, gradients):
            expected[f"sample{row}.{clean(key)}"] = gradient
    # The product of the Hessian with the gradient itself: a second derivative.
    gradients = torch.autograd.grad(losses.sum(), list(trained.values()), create_graph=True)
    half_square = sum((g * g).sum() for g in gradients) / 2
    for key, product in zip(trained, torch.autograd.grad(half_square, list(trained.values()))):
        expected[f"curvature.{clean(key)}"] = product

    optimizer = torch.optim.AdamW(trained.values(), lr=1.0, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
    norms = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 0.01 * (STEPS - step)
        optimizer.zero_grad()
        weighted_loss(peft, ids, labels, weights).sum().backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 0.5))
        optimizer.step()
    expected["adamw.norms"] = torch.stack([norm.detach() for norm in norms])
    for key, parameter in trained.items():
        expected[f"adamw.{clean(key)}"] = parameter
    save_file(flat(expected), folder / "expected.safetensors")


for variant, options in VARIANTS.items():
    make(variant, options)
