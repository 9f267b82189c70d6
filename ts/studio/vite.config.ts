import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';
import { networkPlugin } from './network-plugin.ts';

const port = Number(process.env.OPENLEDGER_STUDIO_PORT ?? 5173);

/** The studio's build and its two servers. Both bind to loopback and refuse to move to another port. */
export default defineConfig({
  plugins: [react(), networkPlugin()],
  server: { host: '127.0.0.1', port, strictPort: true },
  preview: { host: '127.0.0.1', port, strictPort: true },
  build: { target: 'es2023', chunkSizeWarningLimit: 1_500, reportCompressedSize: false },
});
