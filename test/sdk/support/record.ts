/** Records the events of the SDK's event emitters. */

/** The events of a runner, in order. The list grows while it runs. */
export function record(runner: object, names: readonly string[]): unknown[][] {
  const recorded: unknown[][] = [];
  const { on } = runner as { on: (name: string, listener: (...args: unknown[]) => void) => void };
  for (const name of names)
    on.call(runner, name, (...args) => recorded.push([name, ...args.map((arg) => structuredClone(arg))]));
  return recorded;
}
