/** Builds the live page: one HTML file with its style and script inside, and the policy that allows only these. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, transform } from 'esbuild';

/** The HTML, and the content security policy that goes with it. */
export interface BuiltPage {
  readonly html: string;
  readonly policy: string;
}

const folder = new URL('../src/dashboard/page/', import.meta.url);
const TARGET = ['es2022', 'chrome111', 'firefox114', 'safari16.4'];

export async function buildPage(): Promise<BuiltPage> {
  const [template, styles, script] = await Promise.all([
    readFile(new URL('index.html', folder), 'utf8'),
    Promise.all([import.meta.resolve('uplot/dist/uPlot.min.css'), new URL('page.css', folder)].map(readStyle)),
    bundleScript(),
  ]);
  const style = styles.join('');
  // The hashes are those of the whole elements. A function, because `$` has a meaning in a replacement text.
  const html = template
    .replace(/\n\s*/g, '\n')
    .replace(/\s*\/\*style\*\/\s*/, () => style)
    .replace(/\s*\/\*script\*\/\s*/, () => script);
  return { html, policy: policyOf({ script, style }) };
}

async function readStyle(file: string | URL): Promise<string> {
  const { code } = await transform(await readFile(fileURLToPath(file), 'utf8'), {
    loader: 'css',
    minify: true,
    target: TARGET,
  });
  return code.trim();
}

async function bundleScript(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', folder))],
    bundle: true,
    write: false,
    minify: true,
    format: 'iife',
    target: TARGET,
    charset: 'ascii',
    legalComments: 'none',
    logLevel: 'error',
  });
  // The end tag would end the element, also within a string.
  return outputFiles[0]!.text.trim().replaceAll('</script', '<\\/script');
}

/** Only this script and this style run, and only this origin is connected to. */
function policyOf({ script, style }: { readonly script: string; readonly style: string }): string {
  return [
    "default-src 'none'",
    `script-src ${hashOf(script)}`,
    `style-src ${hashOf(style)}`,
    "connect-src 'self'",
    'img-src data:',
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ].join('; ');
}

const hashOf = (text: string): string => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
