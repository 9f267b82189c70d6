import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ChannelStore, toJson, webStore } from '@openledger/sdk/client/channel-record';
import type { Voucher } from '@openledger/sdk/protocol/vouchers';
import type { Hex } from 'viem';

const folderOf = (home: string) => join(home, 'consumer');

/** Keeps the consumer's channel records in files, each written whole or not at all. */
export function fileStore(home: string): ChannelStore {
  const folder = folderOf(home);
  mkdirSync(folder, { recursive: true });
  const file = (key: string) => join(folder, `${key}.json`);
  return webStore(
    {
      getItem: (key) => (existsSync(file(key)) ? readFileSync(file(key), 'utf8') : null),
      setItem: (key, value) => replace(file(key), value),
    },
    'channel-',
  );
}

/** Keeps the last voucher of each epoch: what the consumer has promised in all. */
export function rememberVoucher(home: string, voucher: Voucher & { signature: Hex }): void {
  mkdirSync(folderOf(home), { recursive: true });
  const path = join(folderOf(home), 'vouchers.json');
  const known = existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>) : {};
  known[`${voucher.channelId}/${voucher.epoch}`] = voucher;
  replace(path, toJson(known));
}

function replace(path: string, content: string): void {
  writeFileSync(`${path}.tmp`, content);
  renameSync(`${path}.tmp`, path);
}
