"""Near-duplicates with datasketch's MinHash LSH, each candidate verified with its exact similarity.

Usage: dataset_datasketch.py <file of rows, one a line> <words per shingle> <threshold>
"""

import json
import sys
import time

from datasketch import MinHash, MinHashLSH

path, words, threshold = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
with open(path, encoding="utf-8") as file:
    rows = file.read().split("\n")


def shingles(row):
    parts = row.split()
    return {" ".join(parts[i : i + words]) for i in range(max(1, len(parts) - words + 1))}


started = time.perf_counter()
sets = [shingles(row) for row in rows]
index = MinHashLSH(threshold=threshold, num_perm=128)
near = set()
for place, members in enumerate(sets):
    signature = MinHash(num_perm=128)
    signature.update_batch([member.encode() for member in members])
    for other in index.query(signature):
        union = len(members | sets[other])
        if len(members & sets[other]) >= threshold * union:
            near.add(place)
    index.insert(place, signature)
print(json.dumps({"seconds": time.perf_counter() - started, "near": sorted(near)}))
