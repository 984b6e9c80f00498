/** Starts the processes of a fleet, asks them, stops and kills them. */

import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { setTimeout as wait } from 'node:timers/promises';
import type { MemberCalls, MemberConfig, MemberRequest, MemberState } from './member.ts';

/** On a busy machine a process may take this long to start or to answer. */
const LONGEST_MS = 100_000;

/** The keys whose upstream all processes must agree on. */
export const KEYS: readonly string[] = Array.from({ length: 200 }, (_, index) => `key-${index}`);

/** A process of the fleet. */
export class Member {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<number, { resolve: (value: unknown) => void; reject: (error: Error) => void }>();
  readonly #started: Promise<unknown>;
  #requests = 0;
  #isStopped = false;

  constructor(module: string, config: MemberConfig) {
    this.#child = fork(module, [JSON.stringify(config)], { execArgv: [], env: { PATH: process.env.PATH } });
    this.#started = this.#answerTo(0);
    this.#child.on('message', ({ id, value, error }: { id: number; value?: unknown; error?: string }) => {
      const waiting = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) waiting?.resolve(value);
      else waiting?.reject(new Error(error));
    });
    this.#child.once('exit', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('The process has ended'));
      this.#waiting.clear();
    });
  }

  /** Whether it runs, and is not stopped. */
  get answers(): boolean {
    return this.isAlive && !this.#isStopped;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async state(keys: readonly string[] = []): Promise<MemberState> {
    return (await this.ask({ verb: 'state', keys })) as MemberState;
  }

  /** As `state`; `undefined` if the process ends before it has answered. */
  async stateIfAlive(keys: readonly string[] = []): Promise<MemberState | undefined> {
    try {
      return await this.state(keys);
    } catch (error) {
      if (this.isAlive) throw error;
      return undefined;
    }
  }

  async rest(): Promise<MemberCalls> {
    return (await this.ask({ verb: 'rest' })) as MemberCalls;
  }

  async ask(request: MemberRequest): Promise<unknown> {
    await this.#started;
    const id = (this.#requests += 1);
    const answer = this.#answerTo(id);
    this.#child.send({ id, request });
    return answer;
  }

  /** SIGSTOP: the process does not run, and does not know it. */
  stop(): void {
    this.#isStopped = this.#child.kill('SIGSTOP');
  }

  goOn(): void {
    this.#isStopped = false;
    this.#child.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`No answer within ${LONGEST_MS} ms`)), LONGEST_MS).unref();
      this.#waiting.set(id, {
        resolve: (value) => {
          clearTimeout(timer);
          resolve(value);
        },
        reject,
      });
    });
  }
}

/** Processes that share one store. */
export class FleetProcesses implements AsyncDisposable {
  readonly members: readonly Member[];

  readonly #folder: string;

  private constructor(folder: string, members: readonly Member[]) {
    this.#folder = folder;
    this.members = members;
  }

  /** Starts them. From one bundle, since eight processes that each load hundreds of files take long. */
  static async start(configs: readonly MemberConfig[]): Promise<FleetProcesses> {
    const folder = await mkdtemp(join(tmpdir(), 'canary-members-'));
    const outfile = join(folder, 'member.mjs');
    const entryPoints = [fileURLToPath(new URL('./member.ts', import.meta.url))];
    // Some of the bundled packages are CommonJS.
    const banner = {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    };
    await build({ entryPoints, outfile, banner, bundle: true, platform: 'node', format: 'esm', logLevel: 'error' });
    return new FleetProcesses(
      folder,
      configs.map((config) => new Member(outfile, config)),
    );
  }

  /** Those that run and are not stopped. */
  get answering(): readonly Member[] {
    return this.members.filter(({ answers }) => answers);
  }

  /** The states of those that answer. */
  async states(keys: readonly string[] = []): Promise<MemberState[]> {
    const states = await Promise.all(this.answering.map((member) => member.stateIfAlive(keys)));
    return states.filter((state) => state !== undefined);
  }

  /** The members that lead by their own knowledge. */
  async leaders(): Promise<readonly Member[]> {
    const leads = await Promise.all(this.answering.map(async (one) => ({ one, leads: await isLeader(one) })));
    return leads.filter((entry) => entry.leads).map(({ one }) => one);
  }

  /** The one member that leads, as soon as there is exactly one. */
  async leader(): Promise<Member> {
    const found = await this.until('one leader', async () => {
      const [one, ...others] = await this.leaders();
      return others.length === 0 ? one : undefined;
    });
    return found;
  }

  /** A member that answers and does not lead. */
  async follower(): Promise<Member> {
    const leaders = await this.leaders();
    const found = this.answering.findLast((member) => !leaders.includes(member));
    if (!found) throw new Error('There is no follower');
    return found;
  }

  drive(perSecond: number): Promise<unknown> {
    return Promise.all(this.answering.map((member) => member.ask({ verb: 'drive', perSecond })));
  }

  /** Ends the traffic. Resolves to what each has called. */
  rest(): Promise<MemberCalls[]> {
    return Promise.all(this.answering.map((member) => member.rest()));
  }

  /** Resolves when all that answer are in this step. */
  async inStep(step: number): Promise<void> {
    await this.until(`step ${step} in all`, async () => (await this.states()).every((state) => state.step === step));
  }

  /** Resolves to what `look` finds: anything but `undefined` and `false`. */
  async until<T>(what: string, look: () => Promise<T | undefined | false>): Promise<T> {
    const untilMs = performance.now() + LONGEST_MS;
    for (;;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      if (performance.now() > untilMs) {
        throw new Error(`Still not: ${what}; ${JSON.stringify(await this.states())}`);
      }
      await wait(50);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.members.map((member) => member.kill()));
    await rm(this.#folder, { recursive: true });
  }
}

async function isLeader(member: Member): Promise<boolean> {
  const state = await member.stateIfAlive();
  return state !== undefined && state.store.leads.length > 0;
}
