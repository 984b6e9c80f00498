/** Joins the metrics of several processes, whose series differ by a label, to one text for Prometheus. */

/** A metric: its `# HELP` and `# TYPE`, and its samples. */
interface Family {
  readonly head: readonly string[];
  readonly samples: string[];
}

/** @param texts in the text format of Prometheus, which wants all samples of a metric together */
export function mergeMetrics(texts: readonly string[]): string {
  const families = new Map<string, Family>();
  for (const text of texts) {
    for (const [name, { head, samples }] of familiesOf(text)) {
      const known = families.get(name);
      if (known) known.samples.push(...samples);
      else families.set(name, { head, samples: [...samples] });
    }
  }
  const lines = [...families.values()].flatMap(({ head, samples }) => [...head, ...samples]);
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}

function familiesOf(text: string): Map<string, Family> {
  const families = new Map<string, { readonly head: string[]; readonly samples: string[] }>();
  let current = { head: [] as string[], samples: [] as string[] };
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? [];
    if (name !== undefined) {
      current = families.get(name) ?? { head: [], samples: [] };
      families.set(name, current);
      current.head.push(line);
    } else if (!line.startsWith('#')) {
      current.samples.push(line);
    }
  }
  return families;
}
