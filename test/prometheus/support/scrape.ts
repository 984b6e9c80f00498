/** Reads the text that a registry answers a scrape with. */

/** Something that answers scrapes: a registry of either library. */
export interface Scraped {
  metrics(): Promise<string>;
}

/** The values of one scrape. */
export interface Scrape {
  readonly text: string;
  /** All series, as they are written: `name{label="value"}`. */
  readonly series: ReadonlyMap<string, number>;
  /** The value of a series; labels in any order. @throws if it is missing */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
  /** The sum of all series of this name with these labels among theirs; 0 without any. */
  sum(name: string, labels?: Readonly<Record<string, string>>): number;
}

const PREFIX = 'openai_canary_';

/** @param registry names are given without the prefix */
export async function scrape(registry: Scraped): Promise<Scrape> {
  const text = await registry.metrics();
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const parsed = lines.map((line) => {
    const [, name = '', labels = '', value = ''] = /^(\w+)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
    return { series: line.slice(0, line.lastIndexOf(' ')), name, labels: labelsIn(labels), value: Number(value) };
  });
  const all = (name: string, labels: Readonly<Record<string, string>>) =>
    parsed.filter(
      (entry) =>
        entry.name === `${PREFIX}${name}` &&
        Object.entries(labels).every(([label, value]) => entry.labels[label] === value),
    );
  return {
    text,
    series: new Map(parsed.map(({ series, value }) => [series, value])),
    value: (name, labels = {}) => {
      const [first, second] = all(name, labels);
      if (!first || second) throw new Error(`Expected one ${name} with ${JSON.stringify(labels)} in\n${text}`);
      return first.value;
    },
    sum: (name, labels = {}) => all(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

function labelsIn(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, name = '', value = '']) => [name, value]),
  );
}
