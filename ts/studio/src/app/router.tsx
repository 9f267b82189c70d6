import { type AnchorHTMLAttributes, type MouseEvent, useSyncExternalStore } from 'react';

/** A page of the studio and what its address names. */
export type Route =
  | { page: 'home' }
  | { page: 'datanets' }
  | { page: 'datanet'; id: number }
  | { page: 'train' }
  | { page: 'run'; id: string }
  | { page: 'chat' }
  | { page: 'payouts' }
  | { page: 'missing' };

/** Reads a path. */
export function parseRoute(pathname: string): Route {
  const [head = '', tail, ...rest] = pathname.split('/').filter((part) => part !== '');
  if (rest.length > 0) return { page: 'missing' };
  if (head === 'datanets' && tail !== undefined) {
    return /^\d{1,12}$/.test(tail) ? { page: 'datanet', id: Number(tail) } : { page: 'missing' };
  }
  if (head === 'train' && tail !== undefined) return { page: 'run', id: decodeURIComponent(tail) };
  if (tail !== undefined) return { page: 'missing' };
  switch (head) {
    case '':
      return { page: 'home' };
    case 'datanets':
    case 'train':
    case 'chat':
    case 'payouts':
      return { page: head };
    default:
      return { page: 'missing' };
  }
}

const CHANGED = 'openledger:navigated';

/** Goes to a page without loading the document again. */
export function navigate(to: string): void {
  history.pushState(null, '', to);
  dispatchEvent(new Event(CHANGED));
  scrollTo(0, 0);
  document.getElementById('page')?.focus({ preventScroll: true });
}

function subscribe(changed: () => void): () => void {
  addEventListener('popstate', changed);
  addEventListener(CHANGED, changed);
  return () => {
    removeEventListener('popstate', changed);
    removeEventListener(CHANGED, changed);
  };
}

/** The page that the address bar names. */
export function useRoute(): Route {
  return parseRoute(useSyncExternalStore(subscribe, () => location.pathname));
}

/** The query of the address bar, e.g. which model a link to the chat chose. */
export function useSearch(): URLSearchParams {
  return new URLSearchParams(useSyncExternalStore(subscribe, () => location.search));
}

/** A link inside the studio. Modified clicks open a new tab, as with any link. */
export function Link({ to, ...rest }: { to: string } & AnchorHTMLAttributes<HTMLAnchorElement>) {
  const onClick = (event: MouseEvent<HTMLAnchorElement>) => {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    navigate(to);
  };
  return <a href={to} onClick={onClick} {...rest} />;
}
