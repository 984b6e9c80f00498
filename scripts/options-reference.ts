/**
 * Writes `docs/options.md`, the reference of all options, from the types and comments of the source. Run: npm run docs
 */

import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = join(import.meta.dirname, '..');

/** The types that a user writes, with the place where each is written. */
const ENTRIES = [
  ['CanaryOptions', 'canary', '`new CanaryClient({ canary })`'],
  ['RouteOptions', 'route', '`route(options)`, `canary.run(options, fn)` and `canary.fetch(options)`'],
  ['BatchOptions', 'batch', '`canary.batch(calls, options)`'],
  ['ProbeOptions', 'probe', '`canary.probe(upstream, options)`'],
  ['PrometheusExporterOptions', 'prometheusExporter', '`prometheusExporter(client, options)`'],
] as const;

/** A type whose name ends like this has a section of its own. */
const SECTION = /^(?:\w+Options|UpstreamPrice|Capabilities|StepRequirements)$/;

interface Field {
  readonly name: string;
  readonly type: string;
  readonly isOptional: boolean;
  readonly text: string;
  readonly default: string | undefined;
  /** The types in its type that have a section. */
  readonly sections: readonly string[];
}

type Declaration = ts.InterfaceDeclaration | ts.TypeAliasDeclaration;

/** The text of the page. */
export function optionsReference(): string {
  const declarations = declarationsIn(
    // Types of the program and of the test tools are not options of the client, and may have the same names.
    globSync('src/**/*.ts', { cwd: root, exclude: ['src/cli/**', 'src/testing/**'] }),
  );
  const written = new Set<string>();
  const lines = [
    '# Options',
    '',
    '<!-- Generated from the types by `npm run docs`. -->',
    '',
    'A duration is a number of milliseconds or a string: `250ms`, `30s`, `5m`, `4h`, `1d`. Shares and rates are 0–1, and money is in USD. A mistake throws a',
    '`ConfigError` that names the option, the rule and the value.',
  ];
  const write = (type: string, path: string, title: string): void => {
    const declaration = declarations.get(type);
    if (!declaration || written.has(type)) return;
    written.add(type);
    const fields = fieldsOf(declaration, declarations);
    const { text } = commentOf(declaration);
    lines.push('', `## ${title}`, ...(text ? ['', text] : []));
    if (fields.length > 0) lines.push('', ...fields.map(lineOf));
    if (takesOptionsOfSdk(declaration)) lines.push('- Every other option of `new OpenAI()`.');
    for (const field of fields) {
      for (const section of field.sections) write(section, `${path}.${field.name}`, `\`${path}.${field.name}\``);
    }
  };
  for (const [type, path, title] of ENTRIES) write(type, path, title);
  return `${lines.join('\n')}\n`;
}

function lineOf({ name, type, isOptional, text, default: standard }: Field): string {
  const details = [text, ...(standard === undefined ? [] : [`Default: ${standard}.`])].filter(Boolean).join(' ');
  return `- **\`${name}\`** (\`${type}\`${isOptional ? '' : ', required'})${details && `: ${details}`}`;
}

function takesOptionsOfSdk(declaration: Declaration): boolean {
  return ts.isInterfaceDeclaration(declaration) && /\bextends Omit<ClientOptions\b/.test(declaration.getText());
}

function declarationsIn(files: readonly string[]): ReadonlyMap<string, Declaration> {
  const declarations = new Map<string, Declaration>();
  for (const file of files) {
    const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
    for (const statement of source.statements) {
      if (ts.isInterfaceDeclaration(statement) || ts.isTypeAliasDeclaration(statement)) {
        declarations.set(statement.name.text, statement);
      }
    }
  }
  return declarations;
}

function fieldsOf(declaration: Declaration, declarations: ReadonlyMap<string, Declaration>): readonly Field[] {
  if (ts.isTypeAliasDeclaration(declaration)) return fieldsOfType(declaration.type, declarations);
  const inherited = (declaration.heritageClauses ?? []).flatMap(({ types }) =>
    types.flatMap((type) => fieldsOfType(type, declarations)),
  );
  const own = declaration.members.filter(ts.isPropertySignature).map((member) => fieldOf(member, declarations));
  return unique([...own, ...inherited]);
}

/** The fields of an object type; of a union or an intersection those of all its parts. */
function fieldsOfType(
  type: ts.TypeNode,
  declarations: ReadonlyMap<string, Declaration>,
  commentStart = type.getFullStart(),
): readonly Field[] {
  if (ts.isIntersectionTypeNode(type)) return unique(type.types.flatMap((part) => fieldsOfType(part, declarations)));
  if (ts.isUnionTypeNode(type)) {
    const fields = unique(
      type.types.flatMap((part, index) =>
        // The comment of a part stands before its bar.
        fieldsOfType(part, declarations, type.types[index - 1]?.end ?? type.getFullStart()),
      ),
    );
    return fields.map((field) => ({ ...field, isOptional: true }));
  }
  if (ts.isParenthesizedTypeNode(type)) return fieldsOfType(type.type, declarations);
  if (ts.isTypeLiteralNode(type)) {
    const { text, standard } = commentOf(type, commentStart);
    const fields = type.members.filter(ts.isPropertySignature).map((member) => fieldOf(member, declarations));
    const possible = fields.filter(({ type: written }) => written !== 'undefined');
    // The comment of a part of a union is about the field that makes it.
    return possible.map((field, index) =>
      index === 0 && field.text === '' ? { ...field, text, default: field.default ?? standard } : field,
    );
  }
  if (!ts.isTypeReferenceNode(type) && !ts.isExpressionWithTypeArguments(type)) return [];
  const [name = ''] = /^\w+/.exec(type.getText()) ?? [];
  const [first, second] = type.typeArguments ?? [];
  if (name === 'Omit' && first && second) {
    const omitted = [...second.getText().matchAll(/'(\w+)'/g)].map(([, field]) => field);
    return fieldsOfType(first, declarations).filter((field) => !omitted.includes(field.name));
  }
  const declaration = declarations.get(name);
  return declaration ? fieldsOf(declaration, declarations) : [];
}

function unique(fields: readonly Field[]): readonly Field[] {
  return [...Map.groupBy(fields, ({ name }) => name).values()].flatMap(([field]) => field ?? []);
}

function fieldOf(member: ts.PropertySignature, declarations: ReadonlyMap<string, Declaration>): Field {
  const written = member.type?.getText() ?? 'unknown';
  const { text, standard } = commentOf(member);
  const references = [...written.matchAll(/\w+/g)].map(([word]) => word);
  return {
    name: member.name.getText(),
    type: typeText(written).replaceAll(/\b[A-Z]\w+\b/g, (name) => literalsOf(declarations.get(name)) ?? name),
    isOptional: member.questionToken !== undefined,
    text,
    default: standard,
    sections: references.filter((word) => SECTION.test(word)),
  };
}

/** The values of a type that is a list of strings: `'json' | 'slack'`. */
function literalsOf(declaration: Declaration | undefined): string | undefined {
  if (!declaration || !ts.isTypeAliasDeclaration(declaration)) return undefined;
  const text = typeText(declaration.type.getText());
  return /^'[^']*'(?: \| '[^']*')*$/.test(text) ? text : undefined;
}

/** As a user reads it: without what only the compiler needs. */
function typeText(written: string): string {
  return written
    .replaceAll(/NoInfer<([^<>]*)>/g, '$1')
    .replaceAll(/\b(UpstreamName|StableName)( \| StableName)?\b/g, 'string')
    .replaceAll(/\breadonly /g, '')
    .replaceAll(/Readonly<((?:[^<>]|<(?:[^<>]|<[^<>]*>)*>)*)>/g, '$1')
    .replaceAll(/Partial<((?:[^<>]|<[^<>]*>)*)>/g, '$1')
    .replaceAll(/\b(\w+Options)<string>/g, '$1')
    .replace(/ \| undefined$/, '')
    .replace(/^\s*\| /, '')
    .replaceAll(/\s+/g, ' ')
    .trim()
    .replace(/^\((\(.*\) => .*)\)$/, '$1');
}

/** The comment in front of a node, in one line, and its `@default`. */
function commentOf(
  node: ts.Node,
  start = node.getFullStart(),
): { readonly text: string; readonly standard: string | undefined } {
  const source = node.getSourceFile().text;
  const range = ts.getLeadingCommentRanges(source, start)?.at(-1);
  const comment = range ? source.slice(range.pos, range.end) : '';
  if (!comment.startsWith('/**')) return { text: '', standard: undefined };
  const lines = comment
    .slice(3, -2)
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim());
  const [text = '', standard] = lines
    .map((line) => line.replace(/^- /, ''))
    .join(' ')
    .replaceAll(/\s+/g, ' ')
    .replace(/ @example .*$/, '')
    .trim()
    .split(/ ?@default /);
  return { text: text.replace(/ @\w+ .*$/, '').trim(), standard: standard?.trim().replace(/\.$/, '') };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(join(root, 'docs/options.md'), optionsReference());
}
