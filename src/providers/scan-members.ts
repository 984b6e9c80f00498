/** Finds the top-level members of a JSON object in its text, without parsing their values. */

/** The position of one member: `text.slice(keyStart, valueEnd)` is `"key": value`. */
export interface Member {
  /** The key, its escapes resolved. */
  readonly key: string;
  readonly keyStart: number;
  readonly valueStart: number;
  readonly valueEnd: number;
}

/**
 * The members in the order of the text, duplicates included; `undefined` for a text that is not a JSON object. Only the extent of
 * strings and nested values is determined: errors inside them are not detected.
 */
export function scanMembers(text: string): readonly Member[] | undefined {
  const open = skipSpace(text, 0);
  if (text.charCodeAt(open) !== OPEN_BRACE) return undefined;
  const members: Member[] = [];
  let at = skipSpace(text, open + 1);
  if (text.charCodeAt(at) === CLOSE_BRACE) return endsAfter(text, at) ? members : undefined;
  for (;;) {
    const member = scanMember(text, at);
    if (member === undefined) return undefined;
    members.push(member);
    at = skipSpace(text, member.valueEnd);
    const code = text.charCodeAt(at);
    if (code === CLOSE_BRACE) return endsAfter(text, at) ? members : undefined;
    if (code !== COMMA) return undefined;
    at = skipSpace(text, at + 1);
  }
}

const SPACE = 0x20;
const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;

/** A number or a literal, as RFC 8259 defines them. */
const SCALAR = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)$/;

function scanMember(text: string, keyStart: number): Member | undefined {
  if (text.charCodeAt(keyStart) !== QUOTE) return undefined;
  const keyEnd = endOfString(text, keyStart);
  if (keyEnd === -1) return undefined;
  const key = unescapedKey(text.slice(keyStart + 1, keyEnd - 1));
  const colon = skipSpace(text, keyEnd);
  if (key === undefined || text.charCodeAt(colon) !== COLON) return undefined;
  const valueStart = skipSpace(text, colon + 1);
  const valueEnd = endOfValue(text, valueStart);
  return valueEnd === -1 ? undefined : { key, keyStart, valueStart, valueEnd };
}

/** Nearly all keys have no escapes. The parser reads the others and refuses what is not JSON. */
function unescapedKey(raw: string): string | undefined {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string; // a quoted text is a string or does not parse
  } catch {
    return undefined;
  }
}

function endOfValue(text: string, start: number): number {
  const code = text.charCodeAt(start);
  if (code === QUOTE) return endOfString(text, start);
  if (code === OPEN_BRACE || code === OPEN_BRACKET) return endOfNested(text, start);
  return endOfScalar(text, start);
}

/** The index after the closing quote; -1 without a closing quote. `indexOf` is several times faster than a loop. */
function endOfString(text: string, start: number): number {
  let close = text.indexOf('"', start + 1);
  while (close !== -1 && text.charCodeAt(close - 1) === BACKSLASH && isEscaped(text, close)) {
    close = text.indexOf('"', close + 1);
  }
  return close === -1 ? -1 : close + 1;
}

/** A quote is escaped after an odd number of backslashes. */
function isEscaped(text: string, quote: number): boolean {
  let at = quote - 1;
  while (text.charCodeAt(at) === BACKSLASH) at--;
  return (quote - at) % 2 === 0;
}

function endOfNested(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at = endOfString(text, at) - 1;
      if (at < 0) return -1;
    } else if (code === OPEN_BRACE || code === OPEN_BRACKET) depth++;
    else if ((code === CLOSE_BRACE || code === CLOSE_BRACKET) && --depth === 0) return at + 1;
  }
  return -1;
}

function endOfScalar(text: string, start: number): number {
  let end = start;
  while (end < text.length && !endsScalar(text.charCodeAt(end))) end++;
  return SCALAR.test(text.slice(start, end)) ? end : -1;
}

function endsScalar(code: number): boolean {
  return code === COMMA || code === CLOSE_BRACE || isSpace(code);
}

function isSpace(code: number): boolean {
  return code === SPACE || code === 0x0a || code === 0x0d || code === 0x09;
}

function skipSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

function endsAfter(text: string, close: number): boolean {
  return skipSpace(text, close + 1) === text.length;
}
