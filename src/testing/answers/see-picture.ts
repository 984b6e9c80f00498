/** Reads the colours of a simple picture. */

import { inflateSync } from 'node:zlib';

/** Names the colours in the middle row of a PNG from left to right. Reads 8-bit RGB without filters (RFC 2083). */
export function stripesOf(dataUrl: string): string {
  const png = Buffer.from(dataUrl.replace(/^data:image\/png;base64,/, ''), 'base64');
  const chunks = chunksOf(png);
  const header = chunks.find(({ type }) => type === 'IHDR')?.data;
  const data = chunks.filter(({ type }) => type === 'IDAT').map((chunk) => chunk.data);
  if (!header || header[8] !== 8 || header[9] !== 2) return 'A picture.';
  const [width, height] = [header.readUInt32BE(0), header.readUInt32BE(4)];
  const rowLength = 1 + width * BYTES_PER_PIXEL;
  const row = inflateSync(Buffer.concat(data)).subarray(Math.floor(height / 2) * rowLength + 1);
  const names = Array.from({ length: width }, (_, x) => nameOf(row.subarray(x * BYTES_PER_PIXEL)));
  return names.filter((name, x) => name !== names[x - 1]).join(', ');
}

const BYTES_PER_PIXEL = 3;
const SIGNATURE_LENGTH = 8;

interface PngChunk {
  readonly type: string;
  readonly data: Buffer;
}

/** Each chunk consists of length, type, data and checksum. */
function chunksOf(png: Buffer): PngChunk[] {
  const chunks: PngChunk[] = [];
  for (let at = SIGNATURE_LENGTH; at + 8 <= png.length;) {
    const length = png.readUInt32BE(at);
    chunks.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return chunks;
}

/** Names a colour by which of red, green and blue exceed 127. */
function nameOf([red = 0, green = 0, blue = 0]: Uint8Array): string {
  const bits = [red, green, blue].map((value) => (value > 127 ? 1 : 0)).join('');
  return NAMES[bits] ?? 'grey';
}

const NAMES: Readonly<Record<string, string>> = {
  '000': 'black',
  '001': 'blue',
  '010': 'green',
  '011': 'cyan',
  '100': 'red',
  '101': 'magenta',
  '110': 'yellow',
  '111': 'white',
};
