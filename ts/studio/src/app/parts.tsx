import { type ReactNode, useState } from 'react';
import type { Address, Hex } from 'viem';
import { exactOpen, formatOpen } from '../lib/amounts.ts';
import { devnetName } from '../lib/devnet.ts';
import { DEVNET_CHAIN_ID } from '../lib/network.ts';
import { useNetwork } from './network-context.tsx';

/** An amount of OPEN; the title has every decimal. */
export function Open({ wei, digits, unit = true }: { wei: bigint; digits?: number; unit?: boolean }) {
  return (
    <span className="num" title={`${exactOpen(wei)} OPEN`}>
      {formatOpen(wei, digits)}
      {unit && <span className="unit"> OPEN</span>}
    </span>
  );
}

/** A hash or an address, shortened, with a button that copies all of it. */
export function Hash({ value, label }: { value: Hex; label?: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () =>
    navigator.clipboard.writeText(value).then(
      () => {
        setCopied(true);
        setTimeout(() => setCopied(false), 1_200);
      },
      () => undefined,
    );
  return (
    <button type="button" className="hash" title={`${value} · click to copy`} onClick={copy}>
      {copied ? 'copied' : (label ?? shorten(value))}
    </button>
  );
}

/** The first and last digits of a hash. */
export function shorten(value: string): string {
  return value.length <= 14 ? value : `${value.slice(0, 8)}…${value.slice(-4)}`;
}

/** Who an address is: on the devnet the account's role, else the address. */
export function AccountName({ address, plain = false }: { address: Address; plain?: boolean }) {
  const { chainId } = useNetwork();
  const name = chainId === DEVNET_CHAIN_ID ? devnetName(address) : undefined;
  if (plain) return <span title={address}>{name ?? shorten(address)}</span>;
  return (
    <span className="account">
      {name !== undefined && <span>{name}</span>}
      <Hash value={address} />
    </span>
  );
}

/** What a list shows while it is asked for, when it cannot be had, and when there is nothing. */
export function Result<T>({
  query,
  empty,
  isEmpty,
  children,
}: {
  query: { data: T | undefined; error: Error | null; isPending: boolean };
  /** What to say, and do, when there is nothing. */
  empty?: ReactNode;
  isEmpty?: (data: T) => boolean;
  children: (data: T) => ReactNode;
}) {
  if (query.data !== undefined) {
    return isEmpty?.(query.data) ? <div className="empty">{empty}</div> : children(query.data);
  }
  if (query.error) return <Failure error={query.error} />;
  return (
    <div className="loading" role="status">
      Loading…
    </div>
  );
}

/** An error in the words of whoever raised it. */
export function Failure({ error }: { error: Error }) {
  return (
    <div className="notice bad" role="alert">
      {firstLines(error.message)}
    </div>
  );
}

/** viem's messages end with request details that help nobody on a page. */
export function firstLines(message: string): string {
  return message.split(/\n\n(?:Request Arguments|Contract Call|URL|Raw Call)/)[0]!.trim();
}

/** A word in a small coloured frame. */
export function Badge({ tone, children }: { tone: 'good' | 'bad' | 'warn' | 'plain'; children: ReactNode }) {
  return <span className={`badge ${tone}`}>{children}</span>;
}

/** A number with what it counts. */
export function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className="figure">
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** When something happened, in the reader's own time. */
export function Time({ seconds }: { seconds: number }) {
  const date = new Date(seconds * 1000);
  return (
    <time dateTime={date.toISOString()} title={date.toLocaleString()}>
      {date.toLocaleTimeString(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })}
    </time>
  );
}
