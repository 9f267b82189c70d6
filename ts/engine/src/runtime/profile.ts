import { availableParallelism } from 'node:os';
import type { Model } from '../onnx/graph.ts';

/**
 * - `native` (onnxruntime-node): fast; the same bits from run to run on one kind of CPU.
 * - `exact` (onnxruntime-web, WebAssembly): about three times slower; the same bits on every CPU. Everything
 *   that is committed on chain is computed with it.
 */
export type Profile = 'native' | 'exact';

/**
 * Where native graphs run, by ONNX Runtime's name of the provider. `cpu` is everywhere; the others need their hardware and
 * drivers. What a provider lacks it leaves to the processor.
 */
export const DEVICES = ['cpu', 'webgpu', 'cuda', 'coreml', 'dml'] as const;
export type Device = (typeof DEVICES)[number];

/** The package and version behind each profile. Another version may give other bits. */
export const RUNTIME_PACKAGES: Readonly<Record<Profile, string>> = {
  native: 'onnxruntime-node@1.30.0',
  exact: 'onnxruntime-web@1.31.0-dev.20260914-8d85527a0',
};

/** The package that turns text into tokens, and the version of this engine: other graphs may give other bits. */
export const TOKENIZER_PACKAGE = '@huggingface/transformers@4.3.1';
export const ENGINE_VERSION = '@openledger/engine@0.1.0';

/** Threads per operator when nothing else is asked for. More than four gain little on small models. */
export const DEFAULT_THREADS = Math.min(4, availableParallelism());

/** What this engine uses of either package; both follow onnxruntime-common. */
export type OrtTensor = { readonly data: unknown; readonly dims: readonly number[]; readonly type: string };
export type OrtSession = {
  readonly outputNames: readonly string[];
  run(
    feeds: Record<string, OrtTensor>,
    fetches?: Record<string, OrtTensor | null>,
  ): Promise<Record<string, OrtTensor>>;
  release(): Promise<void>;
};
export type Ort = {
  createSession(model: Pick<Model, 'bytes' | 'files' | 'isVaried'>): Promise<OrtSession>;
  tensor(data: Float32Array | BigInt64Array | Int32Array, dims: readonly number[]): OrtTensor;
};

type OrtModule = {
  InferenceSession: { create(model: Uint8Array, options: Record<string, unknown>): Promise<OrtSession> };
  Tensor: new (type: string, data: unknown, dims: readonly number[]) => OrtTensor;
  env: { wasm: { numThreads?: number } };
};

/** Loads the package of a profile, with the settings that decide its bits pinned. */
export async function loadOrt(profile: Profile, threads: number, device: Device = 'cpu'): Promise<Ort> {
  const ort = await importModule(profile);
  if (profile === 'exact') ort.env.wasm.numThreads = threads;
  const options = {
    graphOptimizationLevel: 'all',
    executionMode: 'sequential',
    logSeverityLevel: 3,
    ...(profile === 'exact'
      ? { executionProviders: ['wasm'] }
      : { executionProviders: [device], intraOpNumThreads: threads, interOpNumThreads: 1 }),
  };
  return {
    createSession: ({ bytes, files, isVaried = false }) => {
      const externalData = [...files].map(([path, data]) => ({ path, data }));
      const own = { ...options, externalData, enableMemPattern: !isVaried };
      return ort.InferenceSession.create(bytes, own).catch((error: Error) => {
        if (device === 'cpu') throw error;
        const why = error.message.split('\n')[0];
        throw new Error(
          `The device ${device} cannot be used: ${why} Leave --device out to use the processor.`,
        );
      });
    },
    tensor: (data, dims) => new ort.Tensor(typeName(data), data, dims),
  };
}

async function importModule(profile: Profile): Promise<OrtModule> {
  const module: unknown =
    profile === 'exact' ? await import('onnxruntime-web') : await import('onnxruntime-node');
  return module as OrtModule;
}

function typeName(data: Float32Array | BigInt64Array | Int32Array): string {
  if (data instanceof Float32Array) return 'float32';
  return data instanceof Int32Array ? 'int32' : 'int64';
}
