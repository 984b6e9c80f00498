/**
 * One way to do a thing, in a process of its own: what `measureApart` starts. Arguments: the module that exports the `contenders`, the
 * name of the one to be, and what it is made known to, as JSON.
 */

import { batch, type BatchOptions } from './measure.ts';

/** What a module of contenders exports: how each is made. */
export type MakeContenders<Name extends string, Given> = Readonly<
  Record<Name, (given: Given) => () => Promise<unknown>>
>;

const [module = '', name = '', given = ''] = process.argv.slice(2);
const { contenders }: { readonly contenders: MakeContenders<string, unknown> } = await import(module);
const go = contenders[name]?.(JSON.parse(given));
if (!go) throw new RangeError(`${module} has no contender ${name}`);
process.on('message', (options: BatchOptions) => void batch(go, options).then((us) => process.send?.(us)));
process.send?.('ready');
