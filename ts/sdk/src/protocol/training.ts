import type { Hex } from 'viem';
import { fixed, ProtocolError, taggedHash, uint } from './bytes.ts';
import { blobId, canonicalBytes } from './store.ts';
import { type PlainTree, plainTree } from './trees.ts';

/** What one training step leaves behind. */
export type StepRecord = {
  /** Counted from 1. */
  step: number;
  batchHash: Hex;
  /** Bits of the loss as a 32-bit float. */
  lossBits: number;
  weightsHash: Hex;
};

/** One contribution of a run, as its inputs tree lists it. */
export type RunInput = { datanet: number; asset: number; weight: number };

/** Bits of a loss as a 32-bit float. */
export function lossBits(loss: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, loss);
  return view.getUint32(0);
}

/** The loss that some bits stand for. */
export function lossFromBits(bits: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
}

/** Leaf of a step record. */
export function hashStepRecord(record: StepRecord): Hex {
  return taggedHash(
    0x30,
    uint(record.step, 4, 'step'),
    fixed(record.batchHash, 32, 'batchHash'),
    uint(record.lossBits, 4, 'lossBits'),
    fixed(record.weightsHash, 32, 'weightsHash'),
  );
}

/** Plain tree over the records of steps 1 … n; step i is at position i − 1. Its root is anchored. */
export function stepsTree(records: readonly StepRecord[]): PlainTree {
  const wrong = records.findIndex((record, index) => record.step !== index + 1);
  if (wrong >= 0) {
    throw new ProtocolError(`Step records must run from 1; record ${wrong} says ${records[wrong]!.step}.`);
  }
  return plainTree(records.map(hashStepRecord));
}

/** Leaf of a run's input. */
export function hashRunInput(input: RunInput): Hex {
  return taggedHash(
    0x31,
    uint(input.datanet, 5, 'datanet'),
    uint(input.asset, 5, 'asset'),
    uint(input.weight, 4, 'weight'),
  );
}

/** Plain tree over a run's inputs, by asset. Its root is `inputsRoot`. */
export function runInputsTree(inputs: readonly RunInput[]): PlainTree {
  return plainTree(inputs.toSorted((a, b) => a.asset - b.asset).map(hashRunInput));
}

/** Id of a run: the hash of its manifest in RFC 8785 form, which is also the manifest's blob id. */
export function runId(manifest: unknown): Hex {
  return blobId(canonicalBytes(manifest));
}
