/** The expressions of PromQL in a dashboard and in rule files. */

/** A file of rules. */
export interface Rules {
  readonly groups: readonly { readonly name: string; readonly rules: readonly { alert: string; expr: string }[] }[];
}

/** All `expr` of a dashboard, with these values of its variables. Ranges become ten minutes, longer than a test. */
export function expressionsOf(dashboard: unknown, variables: Readonly<Record<string, string>> = {}): string[] {
  if (typeof dashboard !== 'object' || dashboard === null) return [];
  return Object.entries(dashboard).flatMap(([name, value]: [string, unknown]) =>
    name === 'expr' && typeof value === 'string' ? [filledIn(value, variables)] : expressionsOf(value, variables),
  );
}

/** The queries in the tables of a page. */
export function queriesIn(page: string): string[] {
  return [...page.matchAll(/^\| [^`]+ \| `(.+)` +\|$/gm)].map(([, query = '']) => query.replaceAll('\\|', '|'));
}

function filledIn(expression: string, variables: Readonly<Record<string, string>>): string {
  const known: Readonly<Record<string, string>> = { __rate_interval: '10m', ...variables };
  return expression
    .replaceAll(/\$([a-z_]+)/g, (written, name: string) => known[name] ?? written)
    .replaceAll('[1m]', '[10m]');
}
