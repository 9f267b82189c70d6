"""Times infini-gram's index on the corpus and the answers that spans-infini.ts wrote. Prints one line of JSON."""

import json
import os
import subprocess
import sys
import time

folder = sys.argv[1]
from infini_gram.engine import InfiniGramEngine

os.makedirs(f'{folder}/none', exist_ok=True)
started = time.time()
subprocess.run(
    [sys.executable, '-m', 'infini_gram.indexing', '--data_dir', f'{folder}/none', '--save_dir', folder]
    + ['--tokenizer', 'gpt2', '--cpus', '2', '--mem', '8', '--shards', '1', '--ulimit', '4096'],
    check=True,
    stdout=subprocess.DEVNULL,
    stderr=subprocess.DEVNULL,
)
build = time.time() - started
size = sum(os.path.getsize(f'{folder}/{name}.0') for name in ('tokenized', 'table', 'offset'))

engine = InfiniGramEngine(index_dir=folder, eos_token_id=65534, load_to_ram=True, precompute_unigram_logprobs=True)
answers = json.load(open(f'{folder}/answers.json'))
times = []
spans = []
for answer in answers:
    started = time.time()
    result = engine.attribute(input_ids=answer, delim_ids=[], min_len=8, max_cnt=1 << 30, enforce_bow=False)
    times.append((time.time() - started) * 1000)
    spans.append([[span['l'], span['length'], span['count']] for span in result['spans']])
print(json.dumps({'build': build, 'size': size, 'times': times, 'spans': spans}))
