/** A server that costs as little as a server can: one fixed answer. Run as a child process; prints its port. */

import { createServer } from 'node:http';
import { answerText } from './bodies.ts';

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(answerText) });
    response.end(answerText);
  });
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  if (typeof address === 'object' && address) process.stdout.write(`${address.port}\n`);
});
// The parent's end is ours.
process.stdin.resume().on('end', () => process.exit());
