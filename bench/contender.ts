/**
 * One way to do a thing beside the bare SDK's, in a process for the two: what `measureBeside` starts. Arguments: the module that exports
 * the `contenders`, the name of the one, and what both are made known to, as JSON.
 */

import { measure, type RoundOptions } from './measure.ts';

/** What a module of contenders exports: how each is made. `bare` is the SDK alone. */
export type MakeContenders<Name extends string, Given> = Readonly<
  Record<Name | 'bare', (given: Given) => () => Promise<unknown>>
>;

const [module = '', name = '', given = ''] = process.argv.slice(2);
const { contenders }: { readonly contenders: MakeContenders<string, unknown> } = await import(module);
const { bare, [name]: make } = contenders;
if (!bare || !make) throw new RangeError(`${module} has no contender ${name}`);
const known: unknown = JSON.parse(given);
const both = { bare: bare(known), it: make(known) };
process.once('message', (options: RoundOptions) => {
  void measure(both, options).then((measured) => process.send?.(measured));
});
