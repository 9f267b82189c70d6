import type { DevnetConfig } from '../devnet/config.ts';
import { devnetStatus, stopDevnet } from '../devnet/devnet.ts';
import { logPath } from '../devnet/service.ts';

/** Stops the devnet's programs. */
export async function down(config: DevnetConfig): Promise<void> {
  const stopped = await stopDevnet(config);
  console.log(stopped.length > 0 ? `Stopped: ${stopped.join(', ')}.` : 'Nothing was running.');
}

/** Prints which programs run. Exits 1 if one that should run does not. */
export function status(config: DevnetConfig, json: boolean): void {
  const rows = devnetStatus(config);
  if (json) console.log(JSON.stringify(rows.map((r) => ({ ...r, pid: r.pid ?? null, url: r.url ?? null }))));
  else
    for (const { name, pid, url } of rows)
      console.log(
        `${name.padEnd(8)} ${pid === undefined ? 'stopped' : `pid ${pid}`.padEnd(12)} ${pid === undefined ? '' : (url ?? `log ${logPath(config.home, name)}`)}`,
      );
  if (rows.some((r) => r.pid === undefined)) process.exitCode = 1;
}
