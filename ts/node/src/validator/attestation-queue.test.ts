import { NO_CLAIM } from '@openledger/sdk/protocol/claims';
import { expect, it } from 'vitest';
import { NodeError } from '../errors.ts';
import { createApp } from '../gateway/app.ts';
import { toJson } from '../gateway/json.ts';
import { createLog } from '../log.ts';
import { createAttestationQueue } from './attestation-queue.ts';
import { validatorRoutes } from './routes.ts';

const hash = `0x${'00'.repeat(32)}`;

/** A task that goes on until it is told to end. */
function held() {
  let end: (value: string) => void = () => undefined;
  const result = new Promise<string>((resolve) => {
    end = resolve;
  });
  return { task: () => result, end };
}

it('looks at one claim after the other, and goes on after one that is refused', async () => {
  const queue = createAttestationQueue<string>();
  const order: string[] = [];
  const first = held();
  const running = queue.run('1', 'a', async () => {
    order.push('first begins');
    await first.task();
    order.push('first ends');
    return '';
  });
  const refused = queue.run('2', 'a', () => {
    order.push('second');
    return Promise.reject(new Error('refused'));
  });
  const third = queue.run('3', 'a', async () => {
    order.push('third');
    return '';
  });
  await new Promise((done) => setTimeout(done, 5));
  expect(order).toEqual(['first begins']);
  first.end('first');
  await expect(refused).rejects.toThrow('refused');
  await Promise.all([running, third]);
  expect(order).toEqual(['first begins', 'first ends', 'second', 'third']);
});

it('has no place for more than its bounds, and has one again when a claim is done', async () => {
  const queue = createAttestationQueue<string>({ all: 3, ofOneCaller: 2 });
  const first = held();
  const running = [queue.run('1', 'a', first.task), queue.run('2', 'a', async () => 'second')];
  await expect(queue.run('3', 'a', async () => 'third')).rejects.toMatchObject({
    code: 'overloaded',
    retryAfter: 5,
  });
  running.push(queue.run('3', 'b', async () => 'third'));
  await expect(queue.run('4', 'c', async () => 'fourth')).rejects.toMatchObject({ code: 'overloaded' });
  first.end('first');
  expect(await Promise.all(running)).toEqual(['first', 'second', 'third']);
  expect(await queue.run('4', 'a', async () => 'fourth')).toBe('fourth');
});

it('takes no second place for what waits already, whoever asks', async () => {
  const queue = createAttestationQueue<string>({ all: 1, ofOneCaller: 1 });
  const first = held();
  const running = [queue.run('1', 'a', first.task), queue.run('1', 'b', async () => 'another')];
  first.end('first');
  expect(await Promise.all(running)).toEqual(['first', 'first']);
});

it('is told over HTTP with when to come again, and a large request is refused before it is read', async () => {
  const attester = {
    attest: () => Promise.reject(new NodeError('overloaded', 'Full.', 'Later.', { retryAfter: 5 })),
  };
  const app = createApp({
    log: createLog('silent'),
    routes: [validatorRoutes(attester, 1, () => 'somebody')],
  });
  const ask = (locator: string) =>
    app.request('http://localhost/v1/attestations', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: toJson({ claim: NO_CLAIM, dataHash: hash, locator }),
    });
  const answer = await ask('0x');
  expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '5']);
  expect((await ask(`0x${'00'.repeat(9_000)}`)).status).toBe(413);
});
