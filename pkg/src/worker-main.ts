/** Runs in the worker of `TuskletWorker`. */
import { PostgresError } from './errors.js';
import type { Backend } from './link.js';
import { openBackend } from './open.js';
import { serve, type Port } from './rpc.js';
import type { StartMessage } from './worker.js';

const port = globalThis as unknown as Port;
let backend: Backend | undefined;

port.onmessage = (event: MessageEvent) => {
  const m = event.data as StartMessage & { n: number };
  if (m.t === 'start') void begin(m);
};

async function begin(m: StartMessage & { n: number }): Promise<void> {
  try {
    backend = await openBackend(m.dataDir, m.options);
  } catch (error) {
    const fields = error instanceof PostgresError ? error.fields() : undefined;
    port.postMessage({ t: 'reply', n: m.n, error: { fields, message: error instanceof Error ? error.message : String(error) } });
    return;
  }
  const end = serve({ postMessage: (message, transfer) => port.postMessage(message, transfer), set onmessage(f) { requests = f; }, get onmessage() { return requests; } }, backend, true);
  port.onmessage = (event: MessageEvent) => {
    const message = event.data as { t: string; n: number };
    if (message.t !== 'stop') {
      requests?.(event);
      return;
    }
    void end().then(() => backend!.close()).finally(() => port.postMessage({ t: 'reply', n: message.n }));
  };
  port.postMessage({ t: 'reply', n: m.n });
}

let requests: ((event: MessageEvent) => void) | null = null;
