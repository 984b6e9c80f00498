/** A simulated provider in a child process. It answers even while the event loop of the test is blocked. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { startProvider, type ProviderOptions } from '../../../../src/testing/index.ts';

/** Settings without functions, which can be sent as JSON. */
export type PlainProviderOptions = Pick<ProviderOptions, 'answer' | 'latencyMs' | 'chunkDelayMs' | 'faults'>;

/** A running provider process. It ends when it is disposed, or with the process of the test. */
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
  // the JSON that the function above passes
  const provider = await startProvider(JSON.parse(process.argv[2] ?? '{}') as ProviderOptions);
  process.stdout.write(provider.url);
  process.stdin.resume().on('end', () => process.exit());
}
