import { useEffect, useRef } from 'react';
import { useBalance, useConnect, useConnection, useConnectors, useDisconnect } from 'wagmi';
import { formatOpen } from '../lib/amounts.ts';
import { useNetwork } from './network-context.tsx';
import { AccountName } from './parts.tsx';

/** Who one is: connect a wallet, choose a devnet account, see the balance. */
export function AccountMenu() {
  const { chainId } = useNetwork();
  const { address, connector } = useConnection();
  const connectors = useConnectors();
  const { mutate: connect, error } = useConnect();
  const { mutate: disconnect } = useDisconnect();
  const balance = useBalance({ address, query: { refetchInterval: 4_000 } });
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => closeOnOutside(menu), []);

  const devnet = connectors.filter(({ type }) => type === 'devnet');
  const wallets = connectors.filter(({ type }) => type !== 'devnet');
  const choose = (id: string) => {
    const chosen = connectors.find((candidate) => candidate.id === id);
    if (chosen !== undefined) connect({ connector: chosen, chainId });
    if (menu.current) menu.current.open = false;
  };

  return (
    <details className="menu" ref={menu}>
      <summary aria-label={address === undefined ? 'Connect an account' : 'Account'}>
        {address === undefined ? (
          <span>Connect</span>
        ) : (
          <>
            <AccountName address={address} plain />
            {connector?.type === 'devnet' && <span className="badge warn">play money</span>}
          </>
        )}
      </summary>
      <div className="menu-body">
        {address !== undefined && (
          <div className="menu-me">
            <AccountName address={address} />
            <b className="num">{balance.data ? `${formatOpen(balance.data.value, 4)} OPEN` : '…'}</b>
            <button type="button" className="quiet small" onClick={() => disconnect()}>
              Disconnect
            </button>
          </div>
        )}
        {devnet.length > 0 && (
          <fieldset>
            <legend>Devnet accounts, play money</legend>
            <p className="hint">Anybody knows their keys. They exist on this local chain only.</p>
            <div className="menu-list">
              {devnet.map(({ id, name }) => (
                <button key={id} type="button" aria-pressed={connector?.id === id} onClick={() => choose(id)}>
                  {name}
                </button>
              ))}
            </div>
          </fieldset>
        )}
        <fieldset>
          <legend>Your own wallet</legend>
          <div className="menu-list">
            {wallets.map(({ id, name }) => (
              <button key={id} type="button" aria-pressed={connector?.id === id} onClick={() => choose(id)}>
                {name === 'Injected' ? 'Browser wallet' : name}
              </button>
            ))}
          </div>
        </fieldset>
        {error && <p className="error">{error.message.split('\n')[0]}</p>}
      </div>
    </details>
  );
}

function closeOnOutside(menu: { current: HTMLDetailsElement | null }): () => void {
  const close = (event: Event) => {
    const outside =
      event instanceof KeyboardEvent ? event.key === 'Escape' : !menu.current?.contains(event.target as Node);
    if (outside && menu.current) menu.current.open = false;
  };
  addEventListener('pointerdown', close);
  addEventListener('keydown', close);
  return () => {
    removeEventListener('pointerdown', close);
    removeEventListener('keydown', close);
  };
}
