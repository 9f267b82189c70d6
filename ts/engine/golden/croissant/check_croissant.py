"""Reads metadata.json with MLCommons' reader, and checks that its records are the texts of the two files.

pip install mlcroissant, then python check_croissant.py. The tests need only metadata.json, which they compare with what
the engine writes.
"""

import json
import pathlib

import mlcroissant

HERE = pathlib.Path(__file__).parent
FILES = {"contribution-4.txt": "lamps.txt", "contribution-5.txt": "bells.txt"}

document = json.loads((HERE / "metadata.json").read_text())
dataset = mlcroissant.Dataset(jsonld=document, mapping={name: HERE / file for name, file in FILES.items()})
assert not dataset.metadata.ctx.issues.errors, dataset.metadata.ctx.issues.report()
print("warnings:", sorted(dataset.metadata.ctx.issues.warnings) or "none")
for record_set, file in zip(["text-4", "text-5"], FILES.values(), strict=True):
    (record,) = dataset.records(record_set)
    text = record[f"{record_set}/rows"].decode()
    assert text == (HERE / file).read_text(), text
    print(record_set, len(text.split("\n\n")), "rows")
