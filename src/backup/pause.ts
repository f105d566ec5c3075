/** Long enough for the runtime to handle its sockets, milliseconds. */
const PAUSE_MS = 2;

/**
 * Lets other requests run. A backup is a long row of short calls; if one process answers them all (as in the local
 * runtime), no other request is answered until it ends, not even /health.
 */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
