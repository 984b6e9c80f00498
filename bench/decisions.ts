/**
 * Target: the judge rolls back at most 1 % of healthy canaries, however often it looks. It finds bad ones within 1.3 times the
 * smallest number of calls that any rule with so few false alarms needs. For comparison, the same calls are judged by other rules
 * every 30 s: an error rate above 1 % or 5 % over five minutes, a z-test, and three consecutive looks above 1 %.
 *
 * `npm run simulate`: seeded, takes some minutes on two processors. Exits with 1 if a target is missed. `npm run simulate -- null` runs whole
 * rollouts of healthy canaries, 2,000 a row. `npm run simulate -- whole` breaks a canary in every way, after every onset and with every
 * feature, through the public client; it takes about half an hour.
 */

import { tables } from './decisions/cases.ts';
import { runAll } from './decisions/pool.ts';

const RUNS_PER_TASK = 25;
const [table = 'judge'] = process.argv.slice(2);
const cases = tables[table];
if (!cases) throw new RangeError(`the table should be one of ${Object.keys(tables).join(', ')}, got ${table}`);

const tasks = cases.flatMap(({ runs }, index) =>
  Array.from({ length: Math.ceil(runs / RUNS_PER_TASK) }, (_, task) => ({
    table,
    index,
    from: task * RUNS_PER_TASK,
    to: Math.min(runs, (task + 1) * RUNS_PER_TASK),
  })),
);

const results = await runAll(tasks, (count) => {
  if (count % 10 === 0 || count === tasks.length) console.error(`${count} of ${tasks.length} parts done`);
});
const lines = cases.map((one, index) =>
  one.report(tasks.flatMap((task, place) => (task.index === index ? results[place]! : []))),
);
console.table(lines);
const missed = lines.filter(({ reached }) => reached === 'no').length;
console.log(missed === 0 ? 'All targets are reached.' : `${missed} of ${lines.length} targets are missed.`);
// Runs through the client leave timers of the SDK.
process.exit(missed === 0 ? 0 : 1);
