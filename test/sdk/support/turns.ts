/** Lets everything happen that needs no time. */

/** As many turns of the event loop as any of this takes. */
export async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}
