import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fitMessages } from '../../src/providers/fit-messages.ts';

test('developer becomes system, and all other messages are shared', () => {
  const messages = [
    { role: 'developer', content: 'Be brief.', name: 'dev' },
    { role: 'user', content: 'Hi', name: 'ann' },
  ];
  const fitted = fitMessages(messages, { name: true }) as unknown[];
  expect(fitted).toEqual([{ role: 'system', content: 'Be brief.', name: 'dev' }, messages[1]]);
  expect(fitted[1]).toBe(messages[1]);
  expect(messages[0]?.role).toBe('developer');
});

test('removes names where they are not supported, except that of a function', () => {
  const messages = [
    { role: 'user', content: 'Hi', name: 'ann' },
    { role: 'function', content: '4', name: 'add' },
    { role: 'developer', content: 'x', name: 'dev' },
  ];
  expect(fitMessages(messages, { name: false })).toEqual([
    { role: 'user', content: 'Hi' },
    { role: 'function', content: '4', name: 'add' },
    { role: 'system', content: 'x' },
  ]);
});

test('returns an unchanged list, and a value that is not a list, as it is', () => {
  const fits = [
    { role: 'system', content: 'x' },
    { role: 'user', content: 'y', name: 'ann' },
    null,
    'odd',
    { role: 3 },
  ];
  expect(fitMessages(fits, { name: true })).toBe(fits);
  for (const odd of ['text', undefined, null, 7, { role: 'developer' }]) {
    expect(fitMessages(odd, { name: false })).toBe(odd);
  }
});

test('a second pass changes nothing, and only unsupported messages change, for any messages', () => {
  const message = fc.record(
    {
      role: fc.constantFrom('developer', 'system', 'user', 'function', 'tool'),
      content: fc.string(),
      name: fc.string(),
    },
    { requiredKeys: ['role', 'content'] },
  );
  fc.assert(
    fc.property(fc.array(message), fc.boolean(), (messages, name) => {
      const before = structuredClone(messages);
      const once = fitMessages(messages, { name }) as typeof messages;
      expect(messages).toEqual(before);
      expect(fitMessages(once, { name })).toBe(once);
      expect(once.map(({ content }) => content)).toEqual(messages.map(({ content }) => content));
      once.forEach((fits, index) => {
        const original = messages[index];
        const changes =
          original?.role === 'developer' || (!name && 'name' in (original ?? {}) && original?.role !== 'function');
        expect(fits === original).toBe(!changes);
      });
    }),
  );
});
