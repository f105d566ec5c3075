/** A binding each of whose methods answers like this. */
function answering<T extends object>(answer: () => Promise<never>): T {
  // SAFETY: whatever is called of it answers, and nothing else is done with a binding.
  return new Proxy({}, { get: () => answer }) as T;
}

/** A binding that refuses whatever is asked. */
export function refusingBinding<T extends object>(): T {
  return answering(() => Promise.reject(new Error("the binding does not answer")));
}

/** A binding that never answers. */
export function silentBinding<T extends object>(): T {
  return answering(() => new Promise<never>(() => {}));
}
