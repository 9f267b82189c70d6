import { z } from 'zod';
import { getJson } from './http.ts';
import { integer } from './schemas.ts';

/** The agent id of the node behind a URL; an error when the node does not serve. */
export async function readNodeId(nodeUrl: string): Promise<number> {
  const { nodeId } = await getJson(`${nodeUrl}/health`, z.object({ nodeId: integer.nullable() }));
  if (nodeId === null)
    throw new Error('This node serves no answers: it was started without the gateway role.');
  return nodeId;
}
