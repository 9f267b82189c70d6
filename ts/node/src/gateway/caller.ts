import { isIP, isIPv4, isIPv6 } from 'node:net';
import { getConnInfo } from '@hono/node-server/conninfo';
import type { Context } from 'hono';

/**
 * Who a request counts for: the address that it came from. This machine is one caller, and so is a /64 of IPv6, which is
 * what one customer of a network has. `proxies` trusted ones stand in front: each adds to X-Forwarded-For whom it heard
 * from, and what stands further to the left there was written by the caller itself.
 */
export function callerOf(context: Context, proxies: number): string {
  const heard = (context.req.header('x-forwarded-for') ?? '')
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
  const hops = [...heard, getConnInfo(context).remote.address ?? ''];
  return groupOf(hops[Math.max(0, hops.length - 1 - proxies)]);
}

function groupOf(address: string): string {
  const plain = address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
  if (isIP(plain) === 0) return 'unknown';
  if (plain === '::1' || (isIPv4(plain) && plain.startsWith('127.'))) return 'this machine';
  return isIPv6(plain) ? `${firstGroups(plain, 4)}::/64` : plain;
}

/** The first groups of an IPv6 address, each without leading zeros. */
function firstGroups(address: string, count: number): string {
  const [left, right] = address.split('::').map((part) => part.split(':').filter((group) => group !== ''));
  const missing = right === undefined ? 0 : 8 - left.length - right.length;
  const groups = [...left, ...Array<string>(missing).fill('0'), ...(right ?? [])];
  return groups
    .slice(0, count)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
