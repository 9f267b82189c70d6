import { expect, test } from 'vitest';
import { parseRoute } from './router.tsx';

test('each page has its path', () => {
  expect(parseRoute('/')).toEqual({ page: 'home' });
  expect(parseRoute('/datanets/')).toEqual({ page: 'datanets' });
  expect(parseRoute('/datanets/12')).toEqual({ page: 'datanet', id: 12 });
  expect(parseRoute('/train')).toEqual({ page: 'train' });
  expect(parseRoute('/train/ftjob-a%2Fb')).toEqual({ page: 'run', id: 'ftjob-a/b' });
  expect(parseRoute('/payouts')).toEqual({ page: 'payouts' });
});

test('a path that no page has is missing', () => {
  expect(parseRoute('/datanets/abc')).toEqual({ page: 'missing' });
  expect(parseRoute('/chat/1')).toEqual({ page: 'missing' });
  expect(parseRoute('/train/1/2')).toEqual({ page: 'missing' });
});
