import { lazy, Suspense, useEffect } from 'react';
import { ChatPage } from '../features/chat/chat-page.tsx';
import { DatanetPage } from '../features/datanets/datanet-page.tsx';
import { DatanetsPage } from '../features/datanets/datanets-page.tsx';
import { HomePage } from '../features/home/home-page.tsx';
import { PayoutsPage } from '../features/payouts/payouts-page.tsx';
import { TrainPage } from '../features/training/train-page.tsx';
import { AccountMenu } from './account-menu.tsx';
import { Health } from './health.tsx';
import { Link, type Route, useRoute } from './router.tsx';

/** Loaded when it is opened: it brings the charts. */
const RunPage = lazy(() =>
  import('../features/training/run-page.tsx').then(({ RunPage: page }) => ({ default: page })),
);

const PAGES = [
  {
    to: '/datanets',
    label: 'Datanets',
    icon: 'M4 7c0-4 16-4 16 0v10c0 4-16 4-16 0zm0 0c0 4 16 4 16 0M4 12c0 4 16 4 16 0',
  },
  { to: '/train', label: 'Train', icon: 'M4 4v16h16M8 9c2 7 5 7 12 8' },
  { to: '/chat', label: 'Chat', icon: 'M4 5h16v11H11l-4 4v-4H4z' },
  { to: '/payouts', label: 'Payouts', icon: 'M3 7h18v10H3zm9 2.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5' },
] as const;

/** The frame around every page: where one can go, who one is, and whether everything runs. */
export function App() {
  const route = useRoute();
  useEffect(() => {
    const page = PAGES.find(({ to }) => isIn(route, to));
    document.title = page === undefined ? 'OpenLedger studio' : `${page.label} · OpenLedger`;
  }, [route]);
  return (
    <>
      <a className="skip" href="#page">
        Skip to the page
      </a>
      <header className="bar">
        <Link to="/" className="brand" aria-label="OpenLedger studio, home">
          <img src="/mark.svg" alt="" width="26" height="26" />
          <span>OpenLedger</span>
        </Link>
        <nav className="tabs" aria-label="Pages">
          {PAGES.map(({ to, label, icon }) => (
            <Link key={to} to={to} aria-current={isIn(route, to) ? 'page' : undefined}>
              <svg viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
                <path d={icon} fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinejoin="round" />
              </svg>
              <span>{label}</span>
            </Link>
          ))}
        </nav>
        <div className="bar-end">
          <Health />
          <AccountMenu />
        </div>
      </header>
      <main id="page" tabIndex={-1}>
        <Suspense fallback={<div className="page loading">Loading…</div>}>
          <Page route={route} />
        </Suspense>
      </main>
    </>
  );
}

function isIn(route: Route, to: string): boolean {
  if (route.page === 'datanet') return to === '/datanets';
  if (route.page === 'run') return to === '/train';
  return to === `/${route.page}`;
}

function Page({ route }: { route: Route }) {
  switch (route.page) {
    case 'home':
      return <HomePage />;
    case 'datanets':
      return <DatanetsPage />;
    case 'datanet':
      return <DatanetPage key={route.id} id={route.id} />;
    case 'train':
      return <TrainPage />;
    case 'run':
      return <RunPage key={route.id} id={route.id} />;
    case 'chat':
      return <ChatPage />;
    case 'payouts':
      return <PayoutsPage />;
    case 'missing':
      return (
        <div className="page narrow">
          <h1>There is no such page</h1>
          <p>
            <Link to="/">Go to the beginning</Link>
          </p>
        </div>
      );
  }
}
