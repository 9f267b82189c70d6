import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { nodeDocument, wholeInterface } from './node-document.ts';

const committed = JSON.parse(readFileSync(new URL('../../../../docs/openapi.json', import.meta.url), 'utf8'));

describe('the OpenAPI document', () => {
  it('is the one in docs/openapi.json; `npm run openapi` writes it anew', () => {
    expect(JSON.parse(JSON.stringify(nodeDocument()))).toEqual(committed);
  });

  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    expect(await validator.validate(committed)).toMatchObject({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it('names every route of the interface and no other', () => {
    const app = wholeInterface();
    const served = app.routes
      .filter(({ method, path }) => method !== 'ALL' && path !== '/openapi.json')
      .map(({ method, path }) => `${method} ${path.replaceAll(/:(\w+)/g, '{$1}')}`);
    const documented = Object.entries(committed.paths as Record<string, object>).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(new Set(served)).toEqual(new Set(documented));
    expect(documented.length).toBeGreaterThan(20);
  });

  it('says of every operation what it answers, how it refuses, and who may call it', () => {
    for (const [path, methods] of Object.entries(committed.paths as Record<string, object>)) {
      for (const [method, operation] of Object.entries(methods)) {
        const name = `${method} ${path}`;
        const good = Object.keys(operation.responses).find((status) => status.startsWith('2'));
        expect(Object.keys(operation.responses[good!].content), name).not.toHaveLength(0);
        expect(operation.responses[500].content['application/json'].schema.$ref, name).toMatch(/Error$/);
        expect(operation.security.length, name).toBe(operation.responses[401] ? 1 : 0);
      }
    }
    expect(committed.paths['/v1/settle'].post.security).toEqual([{ operator: [] }]);
    expect(committed.components.securitySchemes.operator).toMatchObject({ type: 'http', scheme: 'bearer' });
  });

  it('is served, with the address that it was asked at', async () => {
    const response = await wholeInterface().request('http://127.0.0.1:9999/openapi.json');
    expect(await response.json()).toEqual({ ...committed, servers: [{ url: 'http://127.0.0.1:9999' }] });
  });
});
