import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy in front of an RPC, so that a test can take the RPC away and give it back. */
export type RpcProxy = { url: string; down(): Promise<void>; up(): Promise<void> };

export async function startProxy(target: string): Promise<RpcProxy> {
  const { hostname, port } = new URL(target);
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    const upstream = connect(Number(port), hostname);
    for (const one of [socket, upstream]) {
      sockets.add(one);
      one.on('close', () => sockets.delete(one));
      one.on('error', () => one.destroy());
    }
    socket.pipe(upstream).pipe(socket);
  });
  const listen = (at: number) => new Promise<void>((done) => server.listen(at, '127.0.0.1', () => done()));
  await listen(0);
  const address = server.address();
  const own = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${own}`,
    down: async () => {
      const closed = new Promise<void>((done) => server.close(() => done()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
    up: () => listen(own),
  };
}
