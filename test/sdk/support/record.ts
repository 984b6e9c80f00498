/** Listens to the SDK's event emitters. */

/** Everything that a runner tells, in order. */
export function record(runner: object, names: readonly string[]): unknown[][] {
  const told: unknown[][] = [];
  const { on } = runner as { on: (name: string, listener: (...args: unknown[]) => void) => void };
  for (const name of names)
    on.call(runner, name, (...args) => told.push([name, ...args.map((arg) => structuredClone(arg))]));
  return told;
}
