/** Checks a list of upstreams. */

import { checkList, checkOneOf } from './check.ts';
import { ConfigError } from './errors.ts';

/** @throws ConfigError unless `list` names upstreams of `names`, each once */
export function checkNames(path: string, list: readonly unknown[], names: readonly string[]): readonly string[] {
  checkList(path, list, 'a list of upstreams');
  const checked = list.map((name, index) => checkOneOf(`${path}[${index}]`, name, names));
  const twice = checked.find((name, index) => checked.indexOf(name) !== index);
  if (twice !== undefined) throw new ConfigError(path, `should name each upstream once, got ${twice} twice`);
  return checked;
}
