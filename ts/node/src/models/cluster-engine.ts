import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createStopFilter } from '@openledger/engine/generation/stop';
import type { BaseModel } from '@openledger/engine/model/base';
import { NodeError } from '../errors.ts';
import { type ClusterChoice, type ClusterModel, clusterHttp } from './cluster-http.ts';
import type { AnswerToken, GenerateOptions, ServeEngine, VerifiedAdapter } from './types.ts';

/**
 * How a cluster gets adapters. `vllm`: told by `POST /v1/load_lora_adapter` (VLLM_ALLOW_RUNTIME_LORA_UPDATING).
 * `vllm-resolver`: finds them in the folder by itself (VLLM_LORA_RESOLVER_CACHE_DIR). `ray`: Ray Serve LLM, which reads
 * `dynamic_lora_loading_path` and is asked for `base:adapter`.
 */
export const CLUSTER_KINDS = ['vllm', 'vllm-resolver', 'ray'] as const;
export type ClusterKind = (typeof CLUSTER_KINDS)[number];

export type ClusterOptions = {
  base: BaseModel;
  kind: ClusterKind;
  /** Without `/v1`. */
  url: string;
  apiKey?: string | undefined;
  /** The base model's name in the cluster. Default: the one model that it lists without a parent. */
  model?: string | undefined;
  /** Where adapters are put for the cluster, a PEFT folder each. */
  folder: string;
  /** The same folder as the cluster sees it. Default: the same path. */
  clusterFolder?: string | undefined;
};

/**
 * A cluster that serves the base model. Prompts go to it as token ids and answers come back as token ids, which this
 * node turns into text by its own tokenizer: a receipt must not depend on what a cluster makes of a text. Whether the
 * cluster's weights are the base model's is for its operator to see to.
 */
export async function connectCluster(options: ClusterOptions): Promise<ServeEngine> {
  const { base, kind, url, folder, clusterFolder = folder } = options;
  const http = clusterHttp(url, options.apiKey);
  const model = findBase(await http.models(), options.model);
  const resident = new Map<number, string>();
  const loading = new Map<number, Promise<void>>();
  const pinned = new Set<number>();
  let active = 0;

  async function load(adapter: VerifiedAdapter): Promise<void> {
    const { id } = adapter.model;
    if (resident.has(id)) return;
    const started = loading.get(id) ?? bring(adapter);
    loading.set(id, started);
    await started.finally(() => loading.delete(id));
  }

  async function bring(adapter: VerifiedAdapter): Promise<void> {
    const name = nameOf(adapter);
    await writeAdapter(join(folder, name), adapter, model.root ?? model.id);
    // A node that starts again finds its adapters where it left them: the name says which weights they are.
    const isThere = kind === 'vllm' && (await http.models()).some(({ id }) => id === name);
    if (kind === 'vllm' && !isThere) {
      await http.post('/v1/load_lora_adapter', { lora_name: name, lora_path: join(clusterFolder, name) });
    }
    resident.set(adapter.model.id, name);
  }

  function requestOf({ adapter, promptTokens, ...rest }: GenerateOptions): Record<string, unknown> {
    const name = adapter === undefined ? undefined : nameOf(adapter);
    const adapted = kind === 'ray' ? `${model.id}:${name}` : name;
    return {
      model: name === undefined ? model.id : adapted,
      prompt: promptTokens,
      add_special_tokens: false,
      max_tokens: rest.maxTokens,
      temperature: rest.temperature,
      top_p: rest.topP,
      seed: rest.seed,
      stop: rest.stop,
      stream: true,
      return_token_ids: true,
      ...(rest.logProbabilities !== undefined && {
        logprobs: rest.logProbabilities,
        return_tokens_as_token_ids: true,
      }),
    };
  }

  return {
    contextLength:
      model.max_model_len ?? model.metadata?.max_request_context_length ?? base.config.maxPositions,
    isResident: (modelId) => resident.has(modelId),
    isPinned: (modelId) => pinned.has(modelId),
    setPinned: (modelId, on) => void (on ? pinned.add(modelId) : pinned.delete(modelId)),
    load,
    unload(modelId) {
      const name = resident.get(modelId);
      resident.delete(modelId);
      // The cluster makes room by itself; this only makes it sooner.
      if (kind === 'vllm' && name !== undefined) {
        http.post('/v1/unload_lora_adapter', { lora_name: name }).catch(() => undefined);
      }
    },
    status: () => ({ active, adapters: resident.size, adapterBytes: 0, coldStartMs: undefined }),
    async *generate(request) {
      if (request.adapter !== undefined) await load(request.adapter);
      active += 1;
      try {
        return yield* readAnswer(base, request, http.complete(requestOf(request), request.signal));
      } finally {
        active -= 1;
      }
    },
  };
}

/** Names the adapter by its weights, so that one name never means two adapters. */
function nameOf({ model }: VerifiedAdapter): string {
  return `ol-${model.id}-${model.terms.weightsHash.slice(2, 18)}`;
}

function findBase(models: readonly ClusterModel[], name: string | undefined): ClusterModel {
  const bases = models.filter(({ id, parent }) => (name === undefined ? parent == null : id === name));
  if (bases.length === 1) return bases[0]!;
  throw new NodeError(
    'bad_config',
    `The cluster lists ${models.map(({ id }) => `"${id}"`).join(', ') || 'no model'}, and this node has to know which is its base model.`,
    'Name it with --serve-model.',
  );
}

/** Puts an adapter's files where the cluster reads them, all at once. vLLM's resolver takes only adapters of its model. */
async function writeAdapter(folder: string, { files }: VerifiedAdapter, base: string): Promise<void> {
  const config = files.get('adapter_config.json');
  if (config === undefined) throw new Error('The adapter has no adapter_config.json.');
  const adapted = { ...JSON.parse(new TextDecoder().decode(config)), base_model_name_or_path: base };
  const temporary = `${folder}.${process.pid}.tmp`;
  await mkdir(temporary, { recursive: true });
  for (const [path, bytes] of files) await writeFile(join(temporary, path), bytes);
  await writeFile(join(temporary, 'adapter_config.json'), `${JSON.stringify(adapted, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
}

/** Turns the cluster's chunks into tokens with their texts, and holds them against the base model's tokenizer. */
async function* readAnswer(
  { tokenizer, config }: BaseModel,
  { promptTokens, stop, logProbabilities }: GenerateOptions,
  choices: AsyncGenerator<ClusterChoice>,
): AsyncGenerator<AnswerToken, { finish: 'stop' | 'length' }> {
  const decoder = new TextDecoder();
  const filter = createStopFilter<Omit<AnswerToken, 'text'>>(stop);
  let text = '';
  let theirs = '';
  for await (const { token_ids, prompt_token_ids, text: piece, logprobs, finish_reason } of choices) {
    if (token_ids == null) throw missing('token ids', 'return_token_ids: vLLM 0.10.2 and later');
    if (prompt_token_ids != null && prompt_token_ids.join() !== promptTokens.join()) {
      throw otherTokenizer('it read another prompt than it was sent');
    }
    theirs += piece;
    for (const [index, tokenId] of token_ids.entries()) {
      // The token that ends an answer is no part of it.
      if (config.eosTokenIds.includes(tokenId)) continue;
      const decoded = decoder.decode(tokenizer.tokenBytes(tokenId), { stream: true });
      text += decoded;
      const token = { tokenId, ...logProbabilityOf(logprobs, index, logProbabilities) };
      const step = filter.push(token, decoded);
      for (const one of step.ready) yield { ...one.token, text: one.text };
      if (step.ended) return { finish: 'stop' };
    }
    if (finish_reason == null) continue;
    // Stop strings are cut by the cluster in its own way, and the last character of a text or its first space may be
    // missing: none of them is compared.
    const compared = theirs.replace(/\uFFFD+$/, '').trimStart();
    if (stop.length === 0 && !text.trimStart().startsWith(compared)) {
      throw otherTokenizer('its text is not what its token ids spell');
    }
    for (const one of filter.flush()) yield { ...one.token, text: one.text };
    return { finish: finish_reason === 'length' ? 'length' : 'stop' };
  }
  throw new NodeError(
    'model_unusable',
    'The cluster ended an answer without saying why.',
    'Send the request again.',
  );
}

function logProbabilityOf(
  logprobs: ClusterChoice['logprobs'],
  index: number,
  count: number | undefined,
): Pick<AnswerToken, 'logProbability' | 'top'> {
  if (count === undefined) return {};
  const logProbability = logprobs?.token_logprobs[index];
  if (logProbability == null) throw missing('log-probabilities', 'logprobs with return_tokens_as_token_ids');
  const top = Object.entries(logprobs?.top_logprobs[index] ?? {})
    .map(([name, value]) => ({ token: tokenOf(name), logProbability: value }))
    .toSorted((a, b) => b.logProbability - a.logProbability)
    .slice(0, count);
  return { logProbability, top };
}

/** `token_id:17` → 17. */
function tokenOf(name: string): number {
  const id = /^token_id:(\d+)$/.exec(name)?.[1];
  if (id === undefined) throw missing('the ids of likely tokens', 'return_tokens_as_token_ids');
  return Number(id);
}

function missing(what: string, how: string): NodeError {
  return new NodeError(
    'model_unusable',
    `The cluster does not give ${what}, which receipts and answers need.`,
    `Serve with an engine that has ${how}; or with the embedded engine, without --serve-url.`,
  );
}

function otherTokenizer(why: string): NodeError {
  return new NodeError(
    'model_unusable',
    `The cluster has another tokenizer than the base model of this node: ${why}.`,
    'Serve the very model that --base names.',
  );
}
