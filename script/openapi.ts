// Writes docs/openapi.json: the OpenAPI document of a node with every role.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { nodeDocument } from '../ts/node/src/gateway/node-document.ts';

const path = join(import.meta.dirname, '../docs/openapi.json');
writeFileSync(path, `${JSON.stringify(nodeDocument(), null, 2)}\n`);
