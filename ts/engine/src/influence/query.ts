import { quantiseQuery, quantiseSketch } from '@openledger/sdk/protocol/sketch';
import type { Adapter } from '../adapter/peft.ts';
import type { BaseModel } from '../model/base.ts';
import { RUNTIME_PACKAGES } from '../runtime/profile.ts';
import { openRuntime } from '../runtime/runtime.ts';
import { encodeRow, type Sample } from '../training/rows.ts';
import { hashFloats } from '../training/stepper.ts';
import { decodeBasis } from './basis.ts';
import type { InfluenceRow } from './build.ts';
import { Projector } from './directions.ts';
import { capNorm, sketchOf } from './sketch.ts';
import { RowVectors } from './vectors.ts';

export type OpenInfluenceOptions = {
  readonly base: BaseModel;
  readonly adapter: Adapter;
  /** What `buildInfluence` returned as `basis`. */
  readonly basis: Uint8Array;
  /** Threads per operator; does not change the result. */
  readonly threads?: number;
};

/** An answer to attribute. */
export type InfluenceQuery = {
  /** The formatted prompt, as the model read it. */
  readonly promptTokens: readonly number[];
  /** The answer's tokens, with the end token when the model wrote one. */
  readonly answerTokens: readonly number[];
};

/** Ready to attribute answers of one adapter. Keeps its graphs; close it when done. */
export type InfluenceSession = {
  /** The answer's vector, to be multiplied with the contributions' sketches: one forward and backward pass. */
  query(query: InfluenceQuery): Promise<Int8Array>;
  /** Computes a row's sketch again, to check the one that was committed. */
  sketchRow(row: InfluenceRow): Promise<{ sigma: number; a: Int8Array }>;
  close(): Promise<void>;
};

/** Opens the basis of an adapter, in the numeric profile that it was built with. */
export async function openInfluence(options: OpenInfluenceOptions): Promise<InfluenceSession> {
  const { base, adapter, threads } = options;
  const basis = decodeBasis(options.basis);
  if (basis.base.weightsHash !== base.weightsHash || basis.base.tokenizerHash !== base.tokenizerHash) {
    throw new Error(
      'The influence basis was built on another base model. Load the one with its weightsHash.',
    );
  }
  if (basis.adapterHash !== hashFloats(adapter.weights)) {
    throw new Error(
      'The influence basis belongs to another adapter. Load the basis that the model card names.',
    );
  }
  const { profile } = basis.runtime;
  if (basis.runtime.package !== RUNTIME_PACKAGES[profile]) {
    throw new Error(
      `The influence basis was built with ${basis.runtime.package}; this engine runs ${RUNTIME_PACKAGES[profile]}.`,
    );
  }
  const runtime = await openRuntime(profile, { threads });
  const vectors = new RowVectors(base, adapter, runtime, basis);
  const projector = await Projector.open(runtime, basis);
  const sketch = async (sample: Sample): Promise<Float64Array> => {
    const [coordinates] = await projector.project([await vectors.vector(sample)]);
    return sketchOf(basis, coordinates);
  };
  return {
    async query({ promptTokens, answerTokens }) {
      const s = await sketch({
        tokens: [...promptTokens, ...answerTokens],
        answerStart: promptTokens.length,
      });
      return quantiseQuery(s);
    },
    async sketchRow(row) {
      const cap = basis.caps.find(({ datanet }) => datanet === (row.datanet ?? 0));
      if (cap === undefined) throw new Error(`The influence basis knows no datanet ${row.datanet ?? 0}.`);
      const s = capNorm(await sketch(encodeRow(base.tokenizer, row.text)), cap.norm);
      return quantiseSketch(s, basis.gain, basis.sigmaCap);
    },
    close: () => runtime.close(),
  };
}
