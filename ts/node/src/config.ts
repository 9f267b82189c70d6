import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Hex, isHex, parseEther } from 'viem';
import { z } from 'zod';
import { NodeError } from './errors.ts';
import { MAX_CLAIM_BYTES } from './ledger/claim-size.ts';
import { CLUSTER_KINDS } from './models/cluster-engine.ts';

const repository = resolve(fileURLToPath(import.meta.url), '../../../..');

/** What one process can do. Any set of roles runs in one process. */
export const ROLES = ['gateway', 'trainer', 'prover', 'watcher', 'validator'] as const;
export type Role = (typeof ROLES)[number];

const privateKey = z
  .string()
  .refine(
    (text): text is Hex => isHex(text) && text.length === 66,
    'is not a private key: 0x and 64 hex digits',
  )
  .optional();
const seconds = z.coerce.number().int().min(0);
const url = z.url({ protocol: /^https?$/ }).transform((text) => text.replace(/\/+$/, ''));
const list = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
);

/** An amount of OPEN, in wei. */
const open = z.string().transform((text, context) => {
  try {
    return parseEther(text);
  } catch {
    context.addIssue('is not an amount of OPEN, such as 250 or 0.5');
    return z.NEVER;
  }
});

const schema = z.object({
  roles: list.pipe(z.array(z.enum(ROLES)).min(1)),
  home: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  host: z.string().default('127.0.0.1'),
  port: z.coerce.number().int().min(0).max(65535),
  rpc: url,
  deployment: z
    .string()
    .min(1)
    .transform((path) => resolve(path)),
  base: z.string().transform((path) => resolve(path)),
  /** A feature-extraction model of transformers.js; without it the base model embeds. */
  embedder: z
    .string()
    .transform((path) => resolve(path))
    .optional(),
  storeUrls: list.pipe(z.array(url)),
  storeMaxBytes: z.coerce.number().int().min(1024),
  stake: open,
  /** Seconds between settlements; 0: only when asked with POST /v1/settle. */
  settleEvery: seconds,
  /** Validators that hold the data of claims with more than `calldataMax` bytes of it. */
  validators: list.pipe(z.array(url).max(32)),
  calldataMax: z.coerce.number().int().min(0).max(MAX_CLAIM_BYTES),
  /** Whether a validator opens a case, with its bond, about a receipt that it finds wrong. */
  openCases: z.enum(['on', 'off']).transform((value) => value === 'on'),
  /** Parts of a claim that a watcher cannot read it may ask for, each for a bond that an answer costs it. */
  requestsPerClaim: z.coerce.number().int().min(0).max(1_000),
  /** Seconds between looks at the chain. */
  pollEvery: z.coerce.number().min(0.1),
  /**
   * How calls without a channel are paid by signature (x402): `on` a fixed price or by use, `exact` a fixed price only. Each
   * costs the node a transaction; one that is paid by use costs two.
   */
  x402: z.enum(['on', 'exact', 'off']),
  /** Calls a day that the node pays for itself: of one caller (0: none), of all, and the most that one may cost. */
  freeCalls: z.coerce.number().int().min(0).max(1_000_000),
  freeTotal: z.coerce.number().int().min(1).max(1_000_000),
  freeFee: open.refine((fee) => fee > 0n, 'must be above 0'),
  /** Prices a minute that one caller may ask for and not pay; 0: as many as it likes. To ask and then to pay takes two. */
  priceRequests: z.coerce
    .number()
    .int()
    .min(0)
    .max(1_000_000)
    .refine((count) => count !== 1, 'must be 0 or at least 2'),
  /** How many proxies in front of the node are trusted to say in X-Forwarded-For whom they heard from. */
  trustedProxies: z.coerce.number().int().min(0).max(16),
  /** An OpenAI-compatible cluster that generates instead of this process. */
  serveUrl: url.optional(),
  /** How this process holds the weights that it answers with. */
  quantization: z.enum(['none', 'q8', 'q4']),
  serveKind: z.enum(CLUSTER_KINDS).default('vllm'),
  serveModel: z.string().min(1).optional(),
  serveFolder: z.string().min(1).optional(),
  serveClusterFolder: z.string().min(1).optional(),
  serveKey: z.string().min(1).optional(),
  adapters: z.coerce.number().int().min(1).max(1024),
  adapterMemory: z.coerce.number().min(1),
  logLevel: z.enum(['debug', 'info', 'warn', 'error', 'silent']),
  nodeKey: privateKey,
  watcherKey: privateKey,
  validatorKey: privateKey,
  operatorToken: z.string().min(16, 'is too short: use at least 16 characters').optional(),
});

/** Everything the daemon is told from outside. Keys and tokens come from the environment only. */
export type Config = z.infer<typeof schema>;

/** The help text of the program. */
export const USAGE = `openledger node — serves, trains, settles and watches

  node ts/node/src/main.ts [flags]

  --roles <list>           gateway,trainer,prover,watcher,validator (default: gateway,trainer,prover)
  --home <dir>             journal and content store (default: OPENLEDGER_HOME/node or .openledger/node)
  --host <address>         address to listen on (default: 127.0.0.1)
  --port <n>               port of the HTTP interface (default: OPENLEDGER_NODE_PORT or 8650)
  --rpc <url>              JSON-RPC of the chain (default: OPENLEDGER_RPC_URL or http://127.0.0.1:8545)
  --deployment <file>      address book (default: OPENLEDGER_DEPLOYMENT or deploy/31337.json)
  --base <dir>             base model (default: ts/models/base)
  --embedder <dir>         model that embeds rows for retrieval, for transformers.js (default: the base model)
  --serve-url <url>        OpenAI-compatible cluster that generates (default: this process does)
  --serve-kind <kind>      vllm, vllm-resolver or ray: how it gets adapters (default: vllm)
  --serve-model <name>     the base model's name there (default: the one it lists)
  --serve-folder <dir>     where adapters are put for it (default: OPENLEDGER_HOME/node/adapters)
  --serve-cluster-folder <dir>  the same folder as the cluster sees it (default: the same path)
  --store-urls <list>      other content stores to read from, by URL
  --store-max-bytes <n>    largest blob (default: 67108864)
  --stake <OPEN>           stake put up when a node's or validator's key has none yet (default: 1000)
  --settle-every <s>       seconds between settlements, 0: only on request (default: 0)
  --validators <list>      validators that hold the data of claims too large for calldata, by URL
  --calldata-max <bytes>   data of a claim from which on they do, given validators (default: ${MAX_CLAIM_BYTES})
  --open-cases <on|off>    whether a validator opens a case about a receipt that it finds wrong (default: off)
  --requests-per-claim <n> parts that a watcher asks for, one by one, of a claim it can't read (default: 4)
  --poll-every <s>         seconds between looks at the chain (default: 1)
  --x402 <on|exact|off>    calls without a channel are paid by signature: at a fixed price or by use (on, default),
                           at a fixed price only (exact), or not at all
  --free-calls <n>         calls a day that this node pays for, for each caller by address, 0: none (default: 0)
  --free-total <n>         the same, for all callers together (default: 100)
  --free-fee <OPEN>        the most that a free call may cost (default: 0.1)
  --price-requests <n>     prices a minute that a caller may ask for and not pay, 0: no limit (default: 60)
  --trusted-proxies <n>    proxies in front whose X-Forwarded-For tells callers apart (default: 0)
  --adapters <n>           adapters whose files are kept, verified, in memory (default: 16)
  --adapter-memory <MiB>   memory for loaded adapters (default: 512)
  --quantization <none|q8|q4>  hold the weights that answers are made with in eight or four bits: less memory, answers
                           that differ a little; attribution stays in float32 (default: none)
  --log-level <level>      debug, info, warn, error or silent (default: info)

  Environment only: OPENLEDGER_NODE_KEY (gateway, prover), OPENLEDGER_WATCHER_KEY (watcher),
  OPENLEDGER_VALIDATOR_KEY (validator), OPENLEDGER_OPERATOR_TOKEN (needed for POST /v1/settle), OPENLEDGER_SERVE_KEY (the cluster's API key).
`;

const text = { type: 'string' } as const;

/** Reads flags and environment; every mistake is named in one error. */
export function readConfig(args: readonly string[], env: NodeJS.ProcessEnv): Config | 'help' {
  const flags = readFlags(args);
  if (flags.help === true) return 'help';
  const home = env.OPENLEDGER_HOME ?? join(repository, '.openledger');
  const parsed = schema.safeParse({
    roles: flags.roles ?? 'gateway,trainer,prover',
    home: flags.home ?? join(home, 'node'),
    host: flags.host,
    port: flags.port ?? env.OPENLEDGER_NODE_PORT ?? 8650,
    rpc: flags.rpc ?? env.OPENLEDGER_RPC_URL ?? 'http://127.0.0.1:8545',
    deployment: flags.deployment ?? env.OPENLEDGER_DEPLOYMENT ?? join(repository, 'deploy/31337.json'),
    base: flags.base ?? join(repository, 'ts/models/base'),
    embedder: flags.embedder,
    serveUrl: flags['serve-url'],
    serveKind: flags['serve-kind'],
    serveModel: flags['serve-model'],
    serveFolder: flags['serve-folder'],
    serveClusterFolder: flags['serve-cluster-folder'],
    serveKey: env.OPENLEDGER_SERVE_KEY,
    storeUrls: flags['store-urls'] ?? '',
    storeMaxBytes: flags['store-max-bytes'] ?? 64 * 1024 * 1024,
    stake: flags.stake ?? '1000',
    settleEvery: flags['settle-every'] ?? 0,
    validators: flags.validators ?? '',
    calldataMax: flags['calldata-max'] ?? MAX_CLAIM_BYTES,
    openCases: flags['open-cases'] ?? 'off',
    requestsPerClaim: flags['requests-per-claim'] ?? 4,
    pollEvery: flags['poll-every'] ?? 1,
    x402: flags.x402 ?? 'on',
    freeCalls: flags['free-calls'] ?? 0,
    freeTotal: flags['free-total'] ?? 100,
    freeFee: flags['free-fee'] ?? '0.1',
    priceRequests: flags['price-requests'] ?? 60,
    trustedProxies: flags['trusted-proxies'] ?? 0,
    adapters: flags.adapters ?? 16,
    adapterMemory: flags['adapter-memory'] ?? 512,
    quantization: flags.quantization ?? 'none',
    logLevel: flags['log-level'] ?? 'info',
    nodeKey: env.OPENLEDGER_NODE_KEY,
    watcherKey: env.OPENLEDGER_WATCHER_KEY,
    validatorKey: env.OPENLEDGER_VALIDATOR_KEY,
    operatorToken: env.OPENLEDGER_OPERATOR_TOKEN,
  });
  if (!parsed.success) {
    const what = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; ');
    throw new NodeError(
      'bad_config',
      `The settings are not usable: ${what}.`,
      'See --help for every setting.',
    );
  }
  requireKey(parsed.data, ['gateway', 'prover'], parsed.data.nodeKey, 'OPENLEDGER_NODE_KEY');
  requireKey(parsed.data, ['watcher'], parsed.data.watcherKey, 'OPENLEDGER_WATCHER_KEY');
  requireKey(parsed.data, ['validator'], parsed.data.validatorKey, 'OPENLEDGER_VALIDATOR_KEY');
  return parsed.data;
}

function readFlags(args: readonly string[]) {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        roles: text,
        home: text,
        host: text,
        port: text,
        rpc: text,
        deployment: text,
        base: text,
        embedder: text,
        'serve-url': text,
        'serve-kind': text,
        'serve-model': text,
        'serve-folder': text,
        'serve-cluster-folder': text,
        'store-urls': text,
        'store-max-bytes': text,
        stake: text,
        'settle-every': text,
        validators: text,
        'calldata-max': text,
        'open-cases': text,
        'requests-per-claim': text,
        'poll-every': text,
        x402: text,
        'free-calls': text,
        'free-total': text,
        'free-fee': text,
        'price-requests': text,
        'trusted-proxies': text,
        adapters: text,
        'adapter-memory': text,
        quantization: text,
        'log-level': text,
        help: { type: 'boolean', short: 'h' },
      },
    });
    return values;
  } catch (error) {
    throw new NodeError('bad_config', error instanceof Error ? error.message : String(error), 'See --help.');
  }
}

function requireKey(config: Config, roles: readonly Role[], key: Hex | undefined, variable: string): void {
  const role = roles.find((candidate) => config.roles.includes(candidate));
  if (role === undefined || key !== undefined) return;
  throw new NodeError(
    'bad_config',
    `The role "${role}" signs, and ${variable} is not set.`,
    `Set ${variable} in the environment. Keys are never read from flags, which other users of the machine can see.`,
  );
}
