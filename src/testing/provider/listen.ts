/** Opens a server on a free loopback port. */

import type { Server } from 'node:http';

/** The port; rejects where none can be had. */
export function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      if (address === null || typeof address === 'string') reject(new Error('A TCP server has a port'));
      else resolve(address.port);
    });
  });
}
