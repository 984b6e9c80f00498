/**
 * The process that `measureBeside` starts: it measures one contender and the bare SDK in turns. Arguments: the module that exports
 * `contenders`, the name of the contender, and the options of both as JSON.
 */

import { measure, type RoundOptions } from './measure.ts';

/** Creates each contender of a module from options. `bare` is the SDK alone. */
export type MakeContenders<Name extends string, Given> = Readonly<
  Record<Name | 'bare', (given: Given) => () => Promise<unknown>>
>;

const [module = '', name = '', given = ''] = process.argv.slice(2);
const { contenders }: { readonly contenders: MakeContenders<string, unknown> } = await import(module);
const { bare, [name]: make } = contenders;
if (!bare || !make) throw new RangeError(`${module} should export a contender ${name}`);
const known: unknown = JSON.parse(given);
const both = { bare: bare(known), it: make(known) };
process.once('message', (options: RoundOptions) => {
  void measure(both, options).then((measured) => process.send?.(measured));
});
