// `npm run bench -- <name>`: runs one benchmark; without a name, lists them.
const BENCHES: Record<string, { about: string; load: () => Promise<{ run: () => Promise<void> }> }> = {
  attacks: {
    about: 'how much attacks on influence inflate pay, of attackers and of others',
    load: () => import('./attacks.ts'),
  },
  audit: {
    about: 'the exact audit against retrained models, and its cost beside the run',
    load: () => import('./audit.ts'),
  },
  dataset: {
    about: 'near-duplicates among 100,000 rows beside datasketch, and the whole dataset report',
    load: () => import('./dataset.ts'),
  },
  gas: {
    about: "gas of the contracts' hot paths beside those of others, and the cost per inference",
    load: () => import('./gas.ts'),
  },
  influence: {
    about: 'influence against retrained models, beside DataInf, random projection, full Fisher and BM25',
    load: () => import('./influence.ts'),
  },
  restart: {
    about: 'a second start: seconds until chat is usable, and until everything is up',
    load: () => import('./restart.ts'),
  },
  serve: {
    about: 'many adapters over one base: tokens per second, memory, loading, first token',
    load: () => import('./serve.ts'),
  },
  spans: {
    about: 'building and searching the span index, beside infini-gram and the limits of memory',
    load: () => import('./spans.ts'),
  },
  thread: { about: 'fresh clone to first payout, seconds per stage', load: () => import('./thread.ts') },
  train: {
    about: 'training and gradients beside torch and PEFT: tokens per second, memory, time to the first step',
    load: () => import('./train.ts'),
  },
  truth: {
    about: 'exact match, and whether the source contribution ranks first',
    load: () => import('./truth.ts'),
  },
};

const name = process.argv[2];
const bench = name === undefined ? undefined : BENCHES[name];
if (bench === undefined) {
  if (name !== undefined) console.error(`There is no benchmark "${name}".`);
  for (const [key, { about }] of Object.entries(BENCHES)) console.log(`${key.padEnd(10)} ${about}`);
  process.exit(name === undefined ? 0 : 2);
}
await (await bench.load()).run();
