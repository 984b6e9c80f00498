/** Classes of the SDK as bases of our own, also where a test has replaced the SDK. */

/**
 * `given`, or a class in its place if the module `openai` lacks it: `jest.mock('openai', factory)` replaces the module by what the factory
 * returns, and importing this package must not throw then.
 */
export function sdkClass<Class>(given: Class): Class {
  // An arrow function has no prototype, and cannot be extended.
  return typeof given === 'function' && given.prototype ? given : (Error as unknown as Class);
}

/** Whether `prototype` is that of a class below `Class`, which the module `openai` may lack. */
export function isBelow(prototype: object, Class: unknown): boolean {
  return typeof Class === 'function' && Function.prototype[Symbol.hasInstance].call(Class, prototype);
}
