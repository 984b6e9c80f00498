/** The files of `examples/deploy`: they agree with each other, with the program `serve` and with the metrics of the exporter. */

import { execFileSync, spawn } from 'node:child_process';
import { access, glob, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { METRIC_KEYS, METRICS } from '../src/prometheus/metrics.ts';
import { TOKEN_VARIABLES } from '../src/cli/serve/gateway-config.ts';
import { PROGRAM } from './cli/run-cli.ts';
import { hasPrometheus } from './prometheus/support/prometheus-server.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, 'examples/deploy');
const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');
const yaml = async <T>(file: string): Promise<T> => parse(await read(file)) as T;

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: object;
}

interface Service {
  readonly image: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
}

type Probe = { readonly httpGet: { readonly path: string; readonly port: string } };

interface Deployment {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly replicas: number;
    readonly selector: { readonly matchLabels: object };
    readonly template: {
      readonly metadata: { readonly labels: object; readonly annotations: Readonly<Record<string, string>> };
      readonly spec: {
        readonly terminationGracePeriodSeconds: number;
        readonly containers: readonly [
          {
            readonly image: string;
            readonly args: readonly string[];
            readonly envFrom: readonly { readonly secretRef: { readonly name: string } }[];
            readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
            readonly startupProbe: Probe;
            readonly livenessProbe: Probe;
            readonly readinessProbe: Probe;
            readonly lifecycle: { readonly preStop: { readonly exec: { readonly command: readonly string[] } } };
            readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          },
        ];
        readonly volumes: readonly { readonly name: string; readonly configMap: { readonly name: string } }[];
      };
    };
  };
}

interface Kustomization {
  readonly resources: readonly string[];
  readonly configMapGenerator: readonly { readonly name: string; readonly files: readonly string[] }[];
  readonly images: readonly { readonly name: string; readonly newName: string; readonly newTag: string }[];
}

interface Rollout {
  readonly spec: {
    readonly replicas: number;
    readonly selector: object;
    readonly workloadRef: { readonly kind: string; readonly name: string };
    readonly strategy: { readonly canary: { readonly steps: readonly Step[] } };
  };
}

interface Step {
  readonly analysis?: {
    readonly templates: readonly { readonly templateName: string }[];
    readonly args: readonly { readonly name: string }[];
  };
}

interface AnalysisTemplate {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly args: readonly { readonly name: string; readonly value?: string }[];
    readonly metrics: readonly {
      readonly successCondition: string;
      readonly failureCondition: string;
      readonly provider: { readonly prometheus: { readonly address: string; readonly query: string } };
    }[];
  };
}

const compose = await yaml<Compose>('docker/docker-compose.yml');
const dockerfile = await read('docker/Dockerfile');
const deployment = await yaml<Deployment>('kustomize/base/deployment.yaml');
const kustomization = await yaml<Kustomization>('kustomize/base/kustomization.yaml');
const rollout = await yaml<Rollout>('kustomize/argo-rollouts/rollout.yaml');
const analysis = await yaml<AnalysisTemplate>('kustomize/argo-rollouts/analysis-template.yaml');
const pod = deployment.spec.template.spec;
const [container] = pod.containers;
const gateway = compose.services['gateway']!;
/** The list of JSON after an instruction of the Dockerfile. */
const listAfter = (instruction: string): string[] =>
  JSON.parse(new RegExp(`^${instruction} (\\[.*\\])$`, 'm').exec(dockerfile)?.[1] ?? '[]') as string[];
const optionsOf = (args: readonly string[]): Record<string, string> =>
  Object.fromEntries(
    [...args.join(' ').matchAll(/--(\w+)[= ](\S+)/g)].map(([, name = '', value = '']) => [name, value]),
  );
const commands = {
  Dockerfile: optionsOf(listAfter('CMD')),
  compose: optionsOf(gateway.command ?? []),
  kubernetes: optionsOf(container.args),
};

test('every YAML file parses, and has no duplicate keys', async () => {
  const files = await Array.fromAsync(glob('{docker,kustomize}/**/*.{yml,yaml}', { cwd: folder }));
  expect(files.length).toBeGreaterThan(10);
  for (const file of files) {
    const problems = parseAllDocuments(await read(file)).flatMap(({ errors, warnings }) => [...errors, ...warnings]);
    expect([file, problems]).toEqual([file, []]);
  }
});

test.each(Object.entries(commands))(
  '%s serves the mounted configuration to other machines, and drains',
  (_name, options) => {
    expect(options).toMatchObject({
      config: '/etc/openai-canary/openai-canary.config.yaml',
      host: '0.0.0.0',
      port: '8787',
      drain: '60s',
    });
    expect(dockerfile).toContain(`EXPOSE ${options['port']}\n`);
  },
);

test('every process shares a store, and has time to drain before it is killed', () => {
  expect(commands.compose['store']).toMatch(/^redis:\/\/redis:6379\b/);
  expect(compose.services).toHaveProperty('redis');
  expect(commands.kubernetes['store']).toBe('$(REDIS_URL)');
  const drainSeconds = Number.parseInt(commands.kubernetes['drain'] ?? '', 10);
  const [, sleepSeconds] = container.lifecycle.preStop.exec.command;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(drainSeconds + Number(sleepSeconds) + 10);
  expect(Number.parseInt(gateway.stop_grace_period ?? '', 10)).toBeGreaterThan(drainSeconds + 10);
});

test('the image has one name and one tag, and the packages that the program looks for', async () => {
  const [image] = kustomization.images;
  expect(container.image).toBe(image?.name);
  expect(gateway.image).toBe(`${image?.name}:${image?.newTag}`);
  expect(image?.newName).toMatch(new RegExp(`/${image?.name}$`));
  expect(dockerfile).toContain(`docker build --tag ${gateway.image} `);
  const { dependencies } = JSON.parse(await read('docker/package.json')) as Record<
    'dependencies',
    Record<string, string>
  >;
  const own = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as {
    readonly name: string;
    readonly version: string;
    readonly peerDependencies: Record<string, string>;
  };
  expect(dependencies[own.name]).toBe(`^${own.version}`);
  const others = Object.entries(dependencies).filter(([name]) => name !== own.name);
  for (const [name, range] of others) expect(own.peerDependencies[name]?.split(' || ')).toContain(range);
  expect(Object.keys(dependencies)).toEqual(
    expect.arrayContaining(['openai', '@redis/client', '@prometheus-io/client']),
  );
});

test('files that Compose mounts exist, and only this machine reaches the ports', async () => {
  for (const { volumes = [], ports = [], image } of Object.values(compose.services)) {
    expect(image).toMatch(/:\S+$/);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:(\d+):\1$/);
    const sources = volumes.map((volume) => volume.split(':', 1)[0]!);
    const files = sources.filter((source) => source.startsWith('.'));
    await expect(Promise.all(files.map((file) => access(join(folder, 'docker', file))))).resolves.toBeDefined();
    const named = sources.filter((source) => !source.startsWith('.'));
    expect(Object.keys(compose.volumes)).toEqual(expect.arrayContaining(named));
  }
  const prometheus = await yaml<{ scrape_configs: { static_configs: { targets: string[] }[] }[] }>(
    'docker/prometheus.yml',
  );
  expect(prometheus.scrape_configs[0]?.static_configs[0]?.targets).toEqual([`gateway:${commands.compose['port']}`]);
});

test('the secrets are those that the program and the configuration read', async () => {
  const names = ['OPENAI_API_KEY', ...Object.values(TOKEN_VARIABLES)];
  expect(Object.keys(gateway.environment ?? {})).toEqual(names);
  // Compose refuses to start without them.
  for (const [name, value] of Object.entries(gateway.environment ?? {}))
    expect(value).toMatch(new RegExp(`^\\$\\{${name}:\\?`));
  const text = await read('kustomize/base/kustomization.yaml');
  const [, secret] = /create secret generic ([\w-]+)/.exec(text) ?? [];
  expect(container.envFrom.map(({ secretRef }) => secretRef.name)).toEqual([secret]);
  expect([...text.matchAll(/--from-literal=(\w+)=/g)].map(([, name]) => name)).toEqual([...names, 'REDIS_URL']);
});

test('kustomize lists every resource, and the names and labels of the resources fit each other', async () => {
  const inBase = await Array.fromAsync(glob('*.yaml', { cwd: join(folder, 'kustomize/base') }));
  const [config] = kustomization.configMapGenerator;
  expect(inBase.toSorted()).toEqual(
    ['kustomization.yaml', ...kustomization.resources, ...(config?.files ?? [])].toSorted(),
  );
  expect(pod.volumes).toEqual([{ name: container.volumeMounts[0]?.name, configMap: { name: config?.name } }]);
  expect(commands.kubernetes['config']).toBe(`${container.volumeMounts[0]?.mountPath}/${config?.files[0]}`);
  const service = await yaml<{ spec: { selector: object; ports: { targetPort: string }[] } }>(
    'kustomize/base/service.yaml',
  );
  const budget = await yaml<{ spec: { selector: object } }>('kustomize/base/disruption-budget.yaml');
  const { labels, annotations } = deployment.spec.template.metadata;
  expect(service.spec.selector).toEqual(labels);
  expect([deployment.spec.selector, budget.spec.selector, rollout.spec.selector]).toEqual(
    Array.from({ length: 3 }, () => ({ matchLabels: labels })),
  );
  expect(service.spec.ports.map(({ targetPort }) => targetPort)).toEqual([container.ports[0]?.name]);
  expect(container.ports[0]?.containerPort).toBe(Number(commands.kubernetes['port']));
  expect(annotations['prometheus.io/port']).toBe(commands.kubernetes['port']);
});

test('the Rollout takes the pods of the Deployment, and judges the new ones by the AnalysisTemplate', () => {
  const { workloadRef, strategy, replicas } = rollout.spec;
  expect(workloadRef).toMatchObject({ apiVersion: 'apps/v1', kind: 'Deployment', name: deployment.metadata.name });
  expect(replicas).toBe(deployment.spec.replicas);
  const analyses = strategy.canary.steps.flatMap((step) => step.analysis ?? []);
  expect(analyses).toHaveLength(2);
  const required = analysis.spec.args.filter(({ value }) => value === undefined).map(({ name }) => name);
  for (const { templates, args } of analyses) {
    expect(templates).toEqual([{ templateName: analysis.metadata.name }]);
    expect(args.map(({ name }) => name)).toEqual(required);
  }
  const known = analysis.spec.args.map(({ name }) => name);
  for (const { provider } of analysis.spec.metrics) {
    const used = [...JSON.stringify(provider).matchAll(/\{\{args\.([\w-]+)\}\}/g)].map(([, name]) => name);
    expect(known).toEqual(expect.arrayContaining(used));
  }
});

test('the program serves the configuration with these options: probes, tokens and metrics work', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'openai-canary-deploy-'));
  onTestFinished(() => rm(cwd, { recursive: true, maxRetries: 10 }));
  await symlink(join(root, 'node_modules'), join(cwd, 'node_modules'));
  // The last of an option counts: this machine has no such folder, nor a free port 8787.
  const config = join(folder, 'kustomize/base/openai-canary.config.yaml');
  const args = [
    ...listAfter('CMD'),
    '--config',
    config,
    '--host',
    '127.0.0.1',
    '--port',
    '0',
    '--store',
    join(cwd, 'a.json'),
  ];
  const tokens = Object.values(TOKEN_VARIABLES).map((name) => [name, `token-for-${name}`] as const);
  const env = {
    PATH: process.env.PATH,
    NODE_NO_WARNINGS: '1',
    OPENAI_API_KEY: 'unused',
    ...Object.fromEntries(tokens),
  };
  const child = spawn(process.execPath, [PROGRAM, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part) => (output += String(part)));
  const ended = new Promise((resolve) => child.once('close', resolve));
  await vi.waitFor(() => expect(output).toMatch(/^Serving http/m), { timeout: 50_000, interval: 50 });
  const [, url = ''] = /^Serving (http:\/\/\S+)\/v1/m.exec(output) ?? [];
  for (const { httpGet } of [container.startupProbe, container.livenessProbe, container.readinessProbe]) {
    expect(httpGet.port).toBe(container.ports[0]?.name);
    expect((await fetch(url + httpGet.path)).status).toBe(200);
  }
  expect((await fetch(`${url}/v1/models`)).status).toBe(401);
  const headers = { authorization: `Bearer token-for-${TOKEN_VARIABLES.admin}` };
  const state = (await (await fetch(`${url}/admin/state`, { headers })).json()) as { rollouts: object };
  expect(Object.keys(state.rollouts)).toEqual(['luna']);
  const { annotations } = deployment.spec.template.metadata;
  const metrics = await (await fetch(url + annotations['prometheus.io/path'])).text();
  expect(metrics).toContain('openai_canary_rollout_phase{');
  child.kill('SIGTERM');
  expect(await ended).toBe(0);
});

const queries = analysis.spec.metrics.map(({ provider }) => provider.prometheus.query);

test('the queries name metrics and labels of the exporter, and the label that Prometheus keeps', async () => {
  const labels = new Map<string, readonly string[]>(
    METRIC_KEYS.flatMap((key) => {
      const { kind, name, labels: own } = METRICS[key];
      const suffixes = kind === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      return suffixes.map((suffix) => [`openai_canary_${name}${suffix}`, own] as const);
    }),
  );
  const scrape = await read('kustomize/argo-rollouts/scrape.yml');
  const [, kept = ''] = /target_label: (rollouts_\w+)$/m.exec(scrape) ?? [];
  for (const query of queries) {
    const selectors = [...query.matchAll(/(openai_canary_\w+)\{([^}]*(?:\{\{[^}]*\}\}[^}]*)?)\}/g)];
    expect(selectors.length).toBeGreaterThan(2);
    for (const [, name = '', matchers = ''] of selectors) {
      const used = [...matchers.matchAll(/(\w+)[=!]~?"/g)].map(([, label]) => label);
      expect([...(labels.get(name) ?? []), kept]).toEqual(expect.arrayContaining(used));
      expect(used).toContain(kept);
    }
  }
});

/** A counter with a sample each 15 s over 10 minutes, of a pod with this hash. */
const counter = (name: string, hash: string, label: string, perSample: number): object => ({
  series: `openai_canary_${name}{${label}rollouts_pod_template_hash="${hash}"}`,
  values: `0+${perSample}x40`,
});
const calls = (hash: string, outcome: string, perSample: number): object =>
  counter('calls_total', hash, `outcome="${outcome}",`, perSample);
/** Calls that last between 0 and 1 s, or between 1 and 2 s. */
const durations = (hash: string, seconds: 1 | 2, perSample: number): object[] => [
  counter('call_duration_seconds_bucket', hash, 'le="1",', seconds === 1 ? perSample : 0),
  counter('call_duration_seconds_bucket', hash, 'le="2",', perSample),
  counter('call_duration_seconds_bucket', hash, 'le="+Inf",', perSample),
  counter('call_duration_seconds_count', hash, '', perSample),
];

test.skipIf(!hasPrometheus)(
  'promtool: new pods that fail or are slow do not pass, and too few calls give no result',
  async () => {
    const [failed = '', latency = ''] = queries.map((query) => query.replaceAll('{{args.hash}}', 'new'));
    /** @param isAbove 1 or 0; without it the query should have no result */
    const check = (query: string, limit: number, input: readonly object[], isAbove?: 0 | 1): object => ({
      interval: '15s',
      input_series: input,
      promql_expr_test: [
        {
          expr: `(${query}) > bool ${limit}`,
          eval_time: '10m',
          exp_samples: isAbove === undefined ? [] : [{ labels: '{}', value: isAbove }],
        },
      ],
    });
    const cwd = await mkdtemp(join(tmpdir(), 'openai-canary-deploy-'));
    onTestFinished(() => rm(cwd, { recursive: true, maxRetries: 10 }));
    const tests = [
      check(failed, 0.02, [calls('new', 'success', 10), calls('old', 'failure', 10)], 0),
      check(failed, 0.02, [calls('new', 'success', 9), calls('new', 'failure', 1)], 1),
      check(failed, 0.02, [calls('new', 'failure', 10)], 1),
      check(failed, 0.02, [calls('new', 'success', 1)]),
      check(failed, 0.02, [calls('old', 'success', 10)]),
      check(latency, 1.5, [...durations('new', 2, 10), ...durations('old', 2, 10)], 0),
      check(latency, 1.5, [...durations('new', 2, 10), ...durations('old', 1, 10)], 1),
      check(latency, 1.5, [...durations('new', 1, 10), ...durations('old', 2, 10)], 0),
      check(latency, 1.5, [...durations('new', 2, 1), ...durations('old', 1, 10)]),
      check(latency, 1.5, durations('new', 2, 10)),
    ];
    await writeFile(join(cwd, 'tests.yml'), JSON.stringify({ tests }));
    expect(execFileSync('promtool', ['test', 'rules', 'tests.yml'], { cwd, encoding: 'utf8' })).toContain('SUCCESS');
    const rules = queries.map((expr, index) => ({ record: `query:${index}`, expr }));
    await writeFile(join(cwd, 'rules.yml'), JSON.stringify({ groups: [{ name: 'queries', rules }] }));
    const output = execFileSync('promtool', ['check', 'rules', 'rules.yml'], { cwd, encoding: 'utf8' });
    expect(output).toContain(`SUCCESS: ${queries.length} rules found`);
  },
);

test('no result is neither a success nor a failure', () => {
  for (const { successCondition, failureCondition } of analysis.spec.metrics) {
    expect(successCondition).toMatch(/^len\(result\) > 0 && result\[0\] <= ([\d.]+)$/);
    expect(failureCondition).toBe(successCondition.replace('<=', '>'));
  }
});

test.skipIf(!hasPrometheus)('promtool accepts the configurations of Prometheus', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'openai-canary-deploy-'));
  onTestFinished(() => rm(cwd, { recursive: true, maxRetries: 10 }));
  await writeFile(join(cwd, 'alerts.yml'), await readFile(join(root, 'examples/prometheus/alerts.yml')));
  await writeFile(join(cwd, 'compose.yml'), await read('docker/prometheus.yml'));
  // Some builds of promtool leave Kubernetes out.
  const scrape = (await read('kustomize/argo-rollouts/scrape.yml')).replace(
    /kubernetes_sd_configs: .*/,
    'static_configs: []',
  );
  await writeFile(join(cwd, 'kubernetes.yml'), scrape);
  const output = execFileSync('promtool', ['check', 'config', 'compose.yml', 'kubernetes.yml'], {
    cwd,
    encoding: 'utf8',
  });
  expect(output.match(/is valid prometheus config file syntax/g)).toHaveLength(2);
});
