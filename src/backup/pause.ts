/** Long enough for the runtime to look at its sockets, milliseconds. */
const PAUSE_MS = 2;

/**
 * Gives way to whoever else waits. A backup is a long chain of short calls, and where they are answered by the same process
 * (the local runtime does so) such a chain lets nobody else in, not even /health, until it ends.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
