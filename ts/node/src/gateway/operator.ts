import { timingSafeEqual } from 'node:crypto';
import { NodeError } from '../errors.ts';

/** Lets only the operator pass: `header` must be `Bearer <token>`. */
export function requireOperator(token: string | undefined, header: string | undefined): void {
  if (token === undefined) {
    throw new NodeError(
      'not_allowed',
      'This node has no operator token, so nobody may steer it over HTTP.',
      'Start it with OPENLEDGER_OPERATOR_TOKEN. It settles by itself with --settle-every.',
    );
  }
  const given = Buffer.from(header?.replace(/^Bearer /, '') ?? '');
  const wanted = Buffer.from(token);
  if (given.length === wanted.length && timingSafeEqual(given, wanted)) return;
  throw new NodeError(
    'unauthorized',
    header === undefined ? 'Only the operator may do this.' : 'The operator token is wrong.',
    'Send "authorization: Bearer <OPENLEDGER_OPERATOR_TOKEN>".',
  );
}
