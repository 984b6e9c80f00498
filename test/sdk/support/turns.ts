/** Lets pending work that needs no timers run. */

/** Enough event loop turns for any behaviour. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
