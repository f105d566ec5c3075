import { createServer } from "node:net";

/** The one address the local runtime listens on: nothing outside this machine can reach it. */
export const LOCAL_ADDRESS = "127.0.0.1";

/**
 * Ports that are drawn: below those from which systems take the near end of outgoing connections (Linux 32768, others
 * 49152). A port from there could be taken by some connection while a killed runtime is started again on it, even by a
 * client's own attempts to reach it.
 */
const DRAWN = { from: 20_000, to: 32_000 };
/** Draws before we give up: more than one in a million failures would need a machine with half of them taken. */
const DRAWS = 20;

/**
 * A port that nobody listens on right now, and that stays ours to listen on again after a crash.
 * @throws when none can be found.
 */
export async function freePort(): Promise<number> {
  for (let draw = 0; draw < DRAWS; draw += 1) {
    const port = DRAWN.from + Math.floor(Math.random() * (DRAWN.to - DRAWN.from));
    if (!(await portIsTaken(port))) return port;
  }
  throw new Error(`no free port among ${DRAWN.from} to ${DRAWN.to}`);
}

/** Whether somebody listens on the port, or we may not. */
export async function portIsTaken(port: number): Promise<boolean> {
  try {
    await listenOnce(port);
    return false;
  } catch {
    return true;
  }
}

function listenOnce(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: LOCAL_ADDRESS, exclusive: true }, () => {
      server.close(() => resolve());
    });
  });
}
