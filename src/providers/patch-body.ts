/** Edits top-level members in the text of an encoded body: parsing and encoding it again costs several times more. */

import { scanMembers, type Member } from './scan-members.ts';

/** The changes of a body. A key in both `set` and `remove` is set. */
export interface BodyPatch {
  /** Members to set or replace. A value that JSON cannot express (`undefined`, a function) removes the member. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Members to remove; missing ones are ignored. */
  readonly remove: readonly string[];
}

/**
 * Applies the patch to the top level of a body and keeps everything else byte for byte; new members come last. A text that is
 * not a JSON object is returned unchanged. Every occurrence of a duplicate key is edited, so that all parsers agree.
 *
 * @throws TypeError where a value to set is a `bigint` or contains a cycle, as `JSON.stringify` does
 */
export function patchBody(encoded: string, patch: BodyPatch): string {
  const members = scanMembers(encoded);
  if (members === undefined) return encoded;
  return splice(encoded, members, encodeEdits(patch));
}

/** By key: the encoded value to set, or `undefined` to remove the member. */
type Edits = ReadonlyMap<string, string | undefined>;

function encodeEdits(patch: BodyPatch): Edits {
  const edits = new Map<string, string | undefined>();
  for (const key of patch.remove) edits.set(key, undefined);
  for (const key of Object.keys(patch.set)) {
    // The declared type of JSON.stringify hides that it returns undefined for values that JSON cannot express.
    const encoded: string | undefined = JSON.stringify(patch.set[key]);
    edits.set(key, encoded);
  }
  return edits;
}

function splice(encoded: string, members: readonly Member[], edits: Edits): string {
  const lastKept = members.findLastIndex(({ key }) => !removes(edits, key));
  let patched = '';
  let copied = 0;
  const replace = (from: number, to: number, replacement: string): void => {
    patched += encoded.slice(copied, from) + replacement;
    copied = to;
  };
  members.forEach((member, index) => {
    if (index > lastKept || !edits.has(member.key)) return;
    const value = edits.get(member.key);
    if (value !== undefined) replace(member.valueStart, member.valueEnd, value);
    else replace(member.keyStart, members[index + 1]?.keyStart ?? member.valueEnd, '');
  });
  // Everything after the last kept member is removed, together with the comma before it; additions follow this member.
  const firstMember = members[0]?.keyStart ?? encoded.indexOf('{') + 1;
  const keptEnd = members[lastKept]?.valueEnd ?? firstMember;
  replace(keptEnd, members.at(-1)?.valueEnd ?? keptEnd, additions(members, edits, lastKept >= 0));
  return patched + encoded.slice(copied);
}

function removes(edits: Edits, key: string): boolean {
  return edits.has(key) && edits.get(key) === undefined;
}

function additions(members: readonly Member[], edits: Edits, afterMember: boolean): string {
  let added = '';
  for (const [key, value] of edits) {
    if (value === undefined || members.some((member) => member.key === key)) continue;
    added += `${afterMember || added !== '' ? ',' : ''}${JSON.stringify(key)}:${value}`;
  }
  return added;
}
