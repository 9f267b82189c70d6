import { describe, expect, it } from 'vitest';
import { readConfig } from './config.ts';

const key = `0x${'11'.repeat(32)}`;

describe('the configuration', () => {
  it('has a default for everything but the keys', () => {
    const config = readConfig([], { OPENLEDGER_NODE_KEY: key, OPENLEDGER_HOME: '/tmp/x' });
    expect(config).toMatchObject({
      roles: ['gateway', 'trainer', 'prover'],
      port: 8650,
      home: '/tmp/x/node',
    });
  });

  it('takes flags before the environment', () => {
    const config = readConfig(['--port', '9000', '--roles', 'watcher'], {
      OPENLEDGER_NODE_PORT: '1',
      OPENLEDGER_WATCHER_KEY: key,
    });
    expect(config).toMatchObject({ port: 9000, roles: ['watcher'] });
  });

  it('asks for the key of each role that signs, and says where to put it', () => {
    expect(() => readConfig([], {})).toThrow('OPENLEDGER_NODE_KEY is not set');
    expect(() => readConfig(['--roles', 'watcher'], {})).toThrow('OPENLEDGER_WATCHER_KEY is not set');
    expect(() => readConfig(['--roles', 'validator'], {})).toThrow('OPENLEDGER_VALIDATOR_KEY is not set');
    expect(readConfig(['--roles', 'trainer'], {})).toMatchObject({ roles: ['trainer'] });
  });

  it('names every mistake at once, and never repeats a key', () => {
    const wrong = () =>
      readConfig(['--port', '99999', '--rpc', 'nonsense'], { OPENLEDGER_NODE_KEY: 'secret-typo' });
    expect(wrong).toThrow(/port.*rpc|rpc.*port/s);
    expect(wrong).not.toThrow('secret-typo');
    expect(() => readConfig(['--nonsense'], {})).toThrow('--nonsense');
  });

  it('shows its help without any key', () => {
    expect(readConfig(['--help'], {})).toBe('help');
  });
});
