import type { Api } from './operation.ts';

/** What stands at the head of the OpenAPI document. */
const ABOUT = {
  openapi: '3.1.0',
  info: {
    title: 'OpenLedger node',
    version: '0.1.0',
    license: { name: 'MIT', identifier: 'MIT' },
    description:
      'Attributed inference, paid per call. The parts that OpenAI has too are as OpenAI has them, so its clients work; `openledger` fields carry payment and receipts. Prose and examples: docs/api.md.',
  },
};

/** The OpenAPI document of an app, for the address that it is served at. */
export function openApiOf(app: Api, url: string) {
  return app.getOpenAPI31Document({ ...ABOUT, servers: [{ url }] });
}

/** `GET /openapi.json`. */
export function addDocument(app: Api): void {
  app.openAPIRegistry.registerComponent('securitySchemes', 'operator', {
    type: 'http',
    scheme: 'bearer',
    description: 'OPENLEDGER_OPERATOR_TOKEN of the node.',
  });
  app.get('/openapi.json', (context) => context.json(openApiOf(app, new URL(context.req.url).origin)));
}
