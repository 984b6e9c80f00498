/** A simulated provider in a process of its own: it goes on answering while the test's event loop stands still. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProvider, type ProviderOptions } from '../../../../src/testing/index.ts';

/** Settings without functions. */
export type PlainProviderOptions = Pick<ProviderOptions, 'answer' | 'latencyMs' | 'chunkDelayMs' | 'faults'>;

/** Where it listens; it ends with its disposal, and with the test's process. */
export interface ProviderProcess extends AsyncDisposable {
  readonly url: string;
}

export async function startProviderProcess(options: PlainProviderOptions): Promise<ProviderProcess> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...process.env, NODE_OPTIONS: '' },
  });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  return {
    url: line.toString().trim(),
    [Symbol.asyncDispose]: async () => {
      const exited = once(child, 'exit');
      child.stdin.end();
      await exited;
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  // Written by the function above.
  const provider = await startProvider(JSON.parse(process.argv[2] ?? '{}') as ProviderOptions);
  process.stdout.write(provider.url);
  process.stdin.resume().on('end', () => process.exit());
}
