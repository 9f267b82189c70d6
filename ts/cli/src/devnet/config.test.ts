import { expect, it } from 'vitest';
import { CliError } from '../error.ts';
import { readConfig } from './config.ts';

it('has a default for every setting', () => {
  const { urls, deployment } = readConfig({});
  expect(urls.rpc).toBe('http://127.0.0.1:8545');
  expect(deployment).toMatch(/deploy\/31337\.json$/);
});

it('names the setting that is wrong', () => {
  expect(() => readConfig({ OPENLEDGER_RPC_PORT: 'eighty' })).toThrow(CliError);
  expect(() => readConfig({ OPENLEDGER_RPC_PORT: '70000' })).toThrow(/OPENLEDGER_RPC_PORT/);
});
