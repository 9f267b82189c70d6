"""Writes the reference values that the engine's tests compare with.

They come from Hugging Face transformers and PEFT on torch, in double precision. The tests need only the files;
to make them again: pip install torch transformers peft safetensors, then python make_golden.py
"""

import copy
import pathlib

import torch
from peft import LoraConfig, get_peft_model, get_peft_model_state_dict
from safetensors.torch import save_file
from transformers import LlamaConfig, LlamaForCausalLM, MistralConfig, MistralForCausalLM, Qwen2Config, Qwen2ForCausalLM

HERE = pathlib.Path(__file__).parent
BATCH, LENGTH, STEPS, RANK, ALPHA = 3, 10, 10, 3, 6
SHAPE = dict(
    vocab_size=41, hidden_size=24, intermediate_size=40, num_hidden_layers=2, head_dim=8, num_attention_heads=4,
    max_position_embeddings=64, rms_norm_eps=1e-5, bos_token_id=None, eos_token_id=1, pad_token_id=None,
)
LLAMA3 = dict(
    rope_type="llama3", rope_theta=100.0, factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0,
    original_max_position_embeddings=32,
)
VARIANTS = {
    # Llama 3: stretched rotary angles, shared key and value heads, a head of its own.
    "llama": dict(
        model=LlamaForCausalLM,
        config=LlamaConfig(**SHAPE, num_key_value_heads=2, tie_word_embeddings=False, rope_parameters=LLAMA3),
        lora=dict(target_modules="all-linear"),
    ),
    # An old Llama: a head per head, tied, with every bias that the family has.
    "biased": dict(
        model=LlamaForCausalLM,
        config=LlamaConfig(**SHAPE, num_key_value_heads=4, tie_word_embeddings=True, attention_bias=True, mlp_bias=True),
        lora=dict(target_modules=["o_proj", "up_proj"]),
    ),
    # Qwen2: biases on q, k and v, tied; an adapter on some layers, rank-stabilised, in half precision.
    "qwen2": dict(
        model=Qwen2ForCausalLM,
        config=Qwen2Config(**SHAPE, num_key_value_heads=2, tie_word_embeddings=True),
        lora=dict(target_modules=["v_proj", "q_proj", "down_proj"], use_rslora=True),
        dtype=torch.float16,
    ),
    # Mistral: a window that the sequences do not reach; an adapter made on the model without its head, in bfloat16.
    "mistral": dict(
        model=MistralForCausalLM,
        config=MistralConfig(**SHAPE, num_key_value_heads=2, tie_word_embeddings=False, sliding_window=16),
        lora=dict(target_modules=["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]),
        dtype=torch.bfloat16,
        bare=True,
    ),
}


def flat(tensors, dtype=torch.float32):
    """Tensors as contiguous values of one type, ready to be saved."""
    return {name: tensor.detach().to(dtype).contiguous().clone() for name, tensor in tensors.items()}


def weighted_loss(model, ids, labels, weights):
    logits = model(input_ids=ids).logits
    losses = torch.nn.functional.cross_entropy(logits.reshape(-1, logits.shape[-1]), labels.reshape(-1), reduction="none")
    return (losses * weights.reshape(-1)).reshape(ids.shape).sum(1)


def curvature(loss, parameters):
    """The product of the Hessian with the gradient itself: a second derivative."""
    gradients = torch.autograd.grad(loss, parameters, create_graph=True)
    half_square = sum((g * g).sum() for g in gradients) / 2
    return torch.autograd.grad(half_square, parameters)


def adamw(model, trained, batch):
    """Ten steps of AdamW with clipping, and the gradient's norm before each."""
    optimizer = torch.optim.AdamW(trained.values(), lr=1.0, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)
    norms = []
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 0.002 * (STEPS - step)
        optimizer.zero_grad()
        weighted_loss(model, *batch).sum().backward()
        norms.append(torch.nn.utils.clip_grad_norm_(trained.values(), 0.5))
        optimizer.step()
    return torch.stack([norm.detach() for norm in norms])


def quantised(weight):
    """The numbers that a linear weight [out, in] becomes in four bits: blocks of 32 inputs share a scale, and the
    number with the largest magnitude becomes -8 of it."""
    result = torch.empty_like(weight, dtype=torch.float64)
    for row in range(weight.shape[0]):
        for start in range(0, weight.shape[1], 32):
            block = weight[row, start:start + 32].double()
            scale = (block[block.abs().argmax()] / -8).float().double()
            codes = torch.clamp(torch.floor(block / scale + 0.5), -8, 7)
            result[row, start:start + 32] = codes * scale
    return result


def make(name, variant):
    torch.manual_seed(1)
    folder = HERE / name
    folder.mkdir(exist_ok=True)
    config = variant["config"]
    config._attn_implementation = "eager"
    model = variant["model"](config)
    with torch.no_grad():
        for key, parameter in model.named_parameters():
            noise = torch.randn_like(parameter)
            parameter.copy_(1 + 0.1 * noise if "norm" in key else 0.15 * noise)
    ids = torch.randint(0, config.vocab_size, (BATCH, LENGTH))
    labels = torch.randint(0, config.vocab_size, (BATCH, LENGTH))
    weights = (torch.rand(BATCH, LENGTH) > 0.4).double() * torch.rand(BATCH, LENGTH).float().double()
    batch = (ids, labels, weights)

    expected = {"ids": ids.float(), "labels": labels.float(), "weights": weights}
    tied = config.tie_word_embeddings
    save_file(flat({k: v for k, v in model.state_dict().items() if not (tied and k == "lm_head.weight")}), folder / "model.safetensors")
    config.save_pretrained(folder)

    model = model.double()
    expected["logits"] = model(input_ids=ids).logits
    loss = weighted_loss(model, *batch).sum()
    expected["loss"] = loss.reshape(1)
    everything = dict(model.named_parameters())
    for key, gradient in zip(everything, torch.autograd.grad(loss, list(everything.values()), retain_graph=True)):
        expected[f"full.{key}"] = gradient
    for key, product in zip(everything, curvature(loss, list(everything.values()))):
        expected[f"full.curvature.{key}"] = product
    steps = copy.deepcopy(model)
    expected["full.adamw.norms"] = adamw(steps, dict(steps.named_parameters()), batch)
    for key, parameter in steps.named_parameters():
        expected[f"full.adamw.{key}"] = parameter

    lora = LoraConfig(r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, bias="none", **variant["lora"])
    wrapped = get_peft_model(model.model if variant.get("bare") else model, lora)
    dtype = variant.get("dtype", torch.float32)
    with torch.no_grad():
        for key, parameter in wrapped.named_parameters():
            if "lora_" in key:
                start = 0.1 * torch.randn_like(parameter) if "lora_B" in key else parameter
                parameter.copy_(start.to(dtype))
    wrapped.peft_config["default"].save_pretrained(folder)
    save_file(flat(get_peft_model_state_dict(wrapped), dtype), folder / "adapter_model.safetensors")
    model = model.double()
    trained = {k: p for k, p in model.named_parameters() if "lora_" in k}
    clean = lambda key: key.replace(".default.weight", "").replace(".base_layer", "")

    expected["lora.logits"] = model(input_ids=ids).logits
    losses = weighted_loss(model, *batch)
    expected["lora.losses"] = losses
    for row in range(BATCH):
        gradients = torch.autograd.grad(losses[row], list(trained.values()), retain_graph=True)
        for key, gradient in zip(trained, gradients):
            expected[f"sample{row}.{clean(key)}"] = gradient
    for key, product in zip(trained, curvature(losses.sum(), list(trained.values()))):
        expected[f"curvature.{clean(key)}"] = product

    small = copy.deepcopy(model)
    with torch.no_grad():
        for key, parameter in small.named_parameters():
            if key.endswith("base_layer.weight") or (key.endswith("_proj.weight") and "lora_" not in key):
                parameter.copy_(quantised(parameter.float()))
    chosen = {k: p for k, p in small.named_parameters() if "lora_" in k}
    loss = weighted_loss(small, *batch).sum()
    expected["q4.logits"] = small(input_ids=ids).logits
    expected["q4.loss"] = loss.reshape(1)
    for key, gradient in zip(chosen, torch.autograd.grad(loss, list(chosen.values()))):
        expected[f"q4.{clean(key)}"] = gradient

    expected["adamw.norms"] = adamw(model, trained, batch)
    for key, parameter in trained.items():
        expected[f"adamw.{clean(key)}"] = parameter
    save_file(flat(expected), folder / "expected.safetensors")


for name, variant in VARIANTS.items():
    make(name, variant)
