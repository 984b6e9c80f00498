/** A store in Redis, for a fleet. */

export { redisStore } from './redis-store.ts';
export type { RedisStoreOptions } from './redis-store.ts';
export type { IoRedisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './connection.ts';
