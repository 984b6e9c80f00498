/** What the architecture's rules need to know of a source file, read from its syntax tree. */

import { posix } from 'node:path';
import ts from 'typescript';

/** One `import`, `export … from`, `import()` or `import('…').Type`; types count like values. */
export interface ImportFact {
  /** As written. */
  readonly specifier: string;
  /** The imported file relative to `src/`, for a relative specifier. */
  readonly target: string | undefined;
  /** Binds the module's default export to a value. */
  readonly defaultValue: boolean;
}

/** A source file, as far as the rules look at it. */
export interface SourceFacts {
  /** Relative to `src/`: `domain/call.ts`. */
  readonly path: string;
  readonly lines: number;
  /** Lines that are neither blank nor comment alone. */
  readonly codeLines: number;
  readonly imports: readonly ImportFact[];
  /** Passes on other files' exports and holds nothing of its own. */
  readonly barrel: boolean;
  /** Has an `export * from`. */
  readonly exportsStar: boolean;
  /** Names of variables of the module that can be assigned again. */
  readonly moduleVariables: readonly string[];
  /** Uses of the clock, of randomness, of timers, of the process and of promises. */
  readonly impurities: readonly string[];
}

const IMPURE_GLOBALS = new Set(
  'setTimeout setInterval setImmediate queueMicrotask performance process crypto fetch console globalThis'.split(' '),
);
const IMPURE_MEMBERS = new Set(['Date.now', 'Math.random']);

/** Reads one file; `path` is relative to `src/`. */
export function sourceFacts(path: string, text: string): SourceFacts {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const nodes = [...descendants(file)];
  const reexports = file.statements.filter(
    (statement) => ts.isExportDeclaration(statement) && statement.moduleSpecifier,
  );
  return {
    path,
    lines: text.replace(/\n$/, '').split('\n').length,
    codeLines: new Set(nodes.filter((node) => node.getChildCount() === 0).flatMap((node) => linesOf(node, file))).size,
    imports: nodes.flatMap((node) => importFact(node, path) ?? []),
    barrel: reexports.length > 0 && reexports.length === file.statements.length,
    exportsStar: reexports.some((statement) => !(statement as ts.ExportDeclaration).exportClause),
    moduleVariables: file.statements.filter(ts.isVariableStatement).flatMap(reassignable),
    impurities: nodes.flatMap((node) => impurity(node) ?? []),
  };
}

/** The lines that a token stands on. */
function linesOf(token: ts.Node, file: ts.SourceFile): number[] {
  if (token.kind === ts.SyntaxKind.EndOfFileToken || ts.isJSDoc(token)) return [];
  const { line: first } = file.getLineAndCharacterOfPosition(token.getStart(file));
  const { line: last } = file.getLineAndCharacterOfPosition(token.getEnd());
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

function* descendants(node: ts.Node): Generator<ts.Node> {
  for (const child of node.getChildren()) {
    yield child;
    yield* descendants(child);
  }
}

function importFact(node: ts.Node, path: string): ImportFact | undefined {
  const specifier = specifierOf(node);
  if (specifier === undefined) return undefined;
  const target = specifier.startsWith('.') ? posix.join(posix.dirname(path), specifier) : undefined;
  return { specifier, target, defaultValue: ts.isImportDeclaration(node) && bindsDefaultValue(node.importClause) };
}

function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return literalText(node.moduleSpecifier);
  if (ts.isImportTypeNode(node))
    return ts.isLiteralTypeNode(node.argument) ? literalText(node.argument.literal) : undefined;
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return literalText(node.arguments[0]);
  return undefined;
}

const literalText = (node: ts.Node | undefined): string | undefined =>
  node && ts.isStringLiteralLike(node) ? node.text : undefined;

function bindsDefaultValue(clause: ts.ImportClause | undefined): boolean {
  if (!clause || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return false;
  const named = clause.namedBindings && ts.isNamedImports(clause.namedBindings) ? clause.namedBindings.elements : [];
  return (
    clause.name !== undefined ||
    named.some((element) => element.propertyName?.text === 'default' && !element.isTypeOnly)
  );
}

function reassignable(statement: ts.VariableStatement): string[] {
  const { declarationList } = statement;
  if (declarationList.flags & ts.NodeFlags.Const) return [];
  // `declare let` describes somebody else's variable.
  if (statement.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.DeclareKeyword)) return [];
  return declarationList.declarations.map(({ name }) => name.getText());
}

function impurity(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AwaitKeyword) return 'await';
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
  if (ts.isNewExpression(node) && node.getText().match(/^new Date(\(\s*\))?$/)) return 'new Date()';
  if (ts.isPropertyAccessExpression(node) && IMPURE_MEMBERS.has(node.getText())) return node.getText();
  return ts.isIdentifier(node) && IMPURE_GLOBALS.has(node.text) && !isMemberName(node) ? node.text : undefined;
}

/** The `now` of `clock.now`, of `{ now: … }`, of `now(): number` in a type. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) || ts.isQualifiedName(parent)) return parent.getLastToken() === node;
  const isMember = ts.isPropertyAssignment(parent) || ts.isTypeElement(parent) || ts.isClassElement(parent);
  return isMember && parent.name === node;
}
