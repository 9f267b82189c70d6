import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Connect, Plugin } from 'vite';

const root = resolve(fileURLToPath(import.meta.url), '../../..');

/**
 * Serves `/network.json`: where the chain, the indexer and the node are, and the address book of the deployment.
 * It is read anew for each request, so one build of the studio serves every network.
 */
export function networkPlugin(): Plugin {
  return {
    name: 'openledger-network',
    configureServer: ({ middlewares }) => void middlewares.use(serveNetwork),
    configurePreviewServer: ({ middlewares }) => void middlewares.use(serveNetwork),
  };
}

const serveNetwork: Connect.NextHandleFunction = (request, response, next) => {
  if (request.url?.split('?')[0] !== '/network.json') return next();
  const [status, body] = describeNetwork(process.env);
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(JSON.stringify(body));
};

/** Status and body of `/network.json` for an environment. */
export function describeNetwork(env: NodeJS.ProcessEnv): [status: number, body: unknown] {
  const file = resolve(root, env.OPENLEDGER_DEPLOYMENT ?? 'deploy/31337.json');
  let book: unknown;
  try {
    book = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return [503, { error: `There is no address book at ${file} yet. Start the network with \`npm start\`.` }];
  }
  const loopback = (port: string | undefined, fallback: number) => `http://127.0.0.1:${port ?? fallback}`;
  return [
    200,
    {
      ...(book as object),
      rpcUrl: env.OPENLEDGER_RPC_URL ?? loopback(env.OPENLEDGER_RPC_PORT, 8545),
      indexerUrl: env.OPENLEDGER_INDEXER_URL ?? loopback(env.OPENLEDGER_INDEXER_PORT, 42069),
      nodeUrl: env.OPENLEDGER_NODE_URL ?? loopback(env.OPENLEDGER_NODE_PORT, 8650),
    },
  ];
}
