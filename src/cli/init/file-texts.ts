/** The texts of the files that `init` writes: a configuration, and an example that makes calls with it. */

import type { Starter } from './starter.ts';

/** How the files are written. */
export interface FileStyle {
  readonly module: 'esm' | 'cjs';
  readonly typescript: boolean;
  readonly extension: string;
}

/** The text of `openai-canary.config.*`. */
export function configText({ canary, fields, notes, sdkImport }: Starter, style: FileStyle): string {
  const names = style.typescript ? 'fileStore, type CanaryOptions' : 'fileStore';
  const type = style.typescript ? `: CanaryOptions<'${canary}'>` : '';
  return `${[
    '// The options of new CanaryClient(). The application and the program `openai-canary` read the same file.',
    ...(sdkImport === undefined ? [] : [importLine(sdkImport, 'openai', style)]),
    importLine(names, 'openai-canary', style),
    '',
    ...(style.typescript ? [] : ["/** @type {import('openai-canary').CanaryOptions} */"]),
    `const canary${type} = {`,
    '  // Where calls can go beside the client itself, whose name is `openai`.',
    '  upstreams: {',
    ...notes.map((note) => `    // ${note}`),
    `    ${canary}: {`,
    ...fields.map((field) => `      ${field}`),
    '    },',
    '  },',
    '  rollout: {',
    `    to: '${canary}',`,
    '    steps: [',
    '      // Copies of 5 % of the calls. Callers still get the answers of the model in service.',
    "      { shadow: 0.05, hold: '1h' },",
    '      // A share of the users. A step ends when its time is over and the evidence shows that the canary is no worse.',
    "      { weight: 0.01, hold: '4h' },",
    "      { weight: 0.25, hold: '1d' },",
    '      { weight: 1 },',
    '    ],',
    '    // What may not get worse than on the model in service, and by how much at most. Worse than that is rolled back.',
    '    guardrails: {',
    '      errorRate: { margin: 0.01 }, // one more error in a hundred calls',
    '      latencyP95: { margin: 0.2 }, // 20 % slower',
    '      costPerCall: { margin: 0 }, // no more expensive',
    '    },',
    '  },',
    '  // Keeps the rollout over restarts. No prompts, answers or keys are in this file.',
    "  store: fileStore('canary.json'),",
    '};',
    '',
    style.module === 'esm' ? 'export default { canary };' : 'module.exports = { canary };',
  ].join('\n')}\n`;
}

/** The text of `openai-canary.example.*`. */
export function exampleText({ canary, variables }: Starter, config: string, example: string, style: FileStyle): string {
  const isModule = style.module === 'esm';
  const main = [
    'const ai = new CanaryClient(config);',
    "ai.canary.on('step', ({ step, weightsAfter }) => console.log('step', step + 1, weightsAfter));",
    "ai.canary.on('rollback', ({ upstream, reason }) => console.error(`${upstream} rolled back: ${reason}`));",
    '',
    'for (let user = 1; user <= 5; user += 1) {',
    '  // A user keeps one model. Use the id of your user, tenant or conversation.',
    '  const key = `user-${user}`;',
    '  const answer = await ai.chat.completions.create(',
    "    { model: 'gpt-4.1', max_tokens: 20, messages: [{ role: 'user', content: `Say hello to user ${user}.` }] },",
    '    route({ key }),',
    '  );',
    '  console.log(`${key} → ${ai.canary.explain({ key }).upstream}: ${answer.choices[0]?.message.content}`);',
    '}',
    '',
    'const { step, steps, waitsFor } = ai.canary.rollout.state;',
    'console.log(`cost: $${ai.canary.costs().total.costUsd.toFixed(6)}`);',
    `console.log(\`rollout to ${canary}: step \${step + 1} of \${steps}, \${waitsFor[0]?.message}\`);`,
    'await ai.canary.close(); // the last write of the store',
  ];
  return `${[
    `// Five calls by five users. Set ${variables.join(', ')} and run: node ${example}`,
    importLine('CanaryClient, route', 'openai-canary', style),
    isModule ? `import config from './${config}';` : `const config = require('./${config}');`,
    '',
    ...(isModule ? main : ['async function main() {', ...main.map((line) => line && `  ${line}`), '}', '', 'main();']),
  ].join('\n')}\n`;
}

function importLine(names: string, module: string, style: FileStyle): string {
  return style.module === 'esm'
    ? `import { ${names} } from '${module}';`
    : `const { ${names} } = require('${module}');`;
}
