import { lockFolder } from '@openledger/engine/files/lock';
import { NodeError } from './errors.ts';

/** Makes sure that one daemon at most writes to a home folder. */
export async function lockHome(home: string): Promise<{ release: () => Promise<void> }> {
  const lock = await lockFolder(home);
  if (lock !== undefined) return lock;
  throw new NodeError(
    'home_locked',
    `Another process is using the folder ${home}.`,
    'Stop the other daemon, or give this one its own folder with --home.',
  );
}
