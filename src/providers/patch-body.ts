/** Changes top-level members of an encoded body in place: to parse and encode it again costs several times more. */

import { scanMembers, type Member } from './scan-members.ts';

/** What must change in a body. A key in both is set. */
export interface BodyPatch {
  /** Members to set or replace. A value that JSON cannot express (`undefined`, a function) removes the member. */
  readonly set: Readonly<Record<string, unknown>>;
  /** Members to remove; absent ones do not matter. */
  readonly remove: readonly string[];
}

/**
 * The body with the patch applied to its top level, everything else byte for byte as it was; new members come last. A
 * text that is not a JSON object is returned unchanged. Every occurrence of a duplicate key is edited, so that all
 * parsers agree on the result.
 * @throws TypeError where a value to set is a `bigint` or holds a cycle, as `JSON.stringify` does
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
    // The declared type of JSON.stringify hides that it answers undefined for what JSON cannot express.
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
  // The end of the last kept member: what follows it is removed together with the comma before, and additions go here.
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
