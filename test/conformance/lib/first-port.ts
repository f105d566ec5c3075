import { portIsTaken } from "../../../scripts/lib/ports.ts";

/** Ports looked at from the first wish on. */
const RANGE = 40;

/**
 * The first port from `wish` on that nobody listens on. Not any free one: the system takes those it gives away from the
 * range that clients' own ends come from, and a client that comes back while its server is down could sit on it.
 * @throws when all are taken.
 */
export async function firstPort(wish: number): Promise<number> {
  for (let port = wish; port < wish + RANGE; port += 1) if (!(await portIsTaken(port))) return port;
  throw new Error(`ports ${wish} to ${wish + RANGE - 1} are all taken`);
}
