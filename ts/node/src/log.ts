import { type Logger, pino } from 'pino';
import type { Config } from './config.ts';

export type Log = Logger;

/**
 * The program's log: JSON lines on standard output. Prompts, answers, salts and keys are never passed to it;
 * the redaction is a second net, not the rule.
 */
export function createLog(level: Config['logLevel']): Log {
  return pino({
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: [
        'prompt',
        'messages',
        'request',
        'output',
        'content',
        'salt',
        'privateKey',
        '*.prompt',
        '*.messages',
      ],
      censor: '[not logged]',
    },
  });
}
