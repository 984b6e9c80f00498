/** Reads the body of a request, up to a limit. */

/**
 * Reads the whole body. A body that is too large is not read further: neither one that says so in its `content-length`, nor one that turns out so.
 *
 * @param maxBytes the most bytes that are kept
 * @throws the error of the body's stream, when the client disconnects
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array | 'tooLarge'> {
  const { body } = request;
  if (!body) return new Uint8Array();
  if (Number(request.headers.get('content-length') ?? 0) > maxBytes) {
    await body.cancel();
    return 'tooLarge';
  }
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks, bytes);
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel();
      return 'tooLarge';
    }
    chunks.push(value);
  }
}
