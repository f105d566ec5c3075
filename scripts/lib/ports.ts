import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

/** How long the system may hold the sockets of processes that have just died, and how often it is asked, milliseconds. */
const RELEASE_TIMEOUT_MS = 60_000;
const RELEASE_POLL_MS = 10;

/** The one address the local runtime listens on: nothing outside this machine can reach it. */
export const LOCAL_ADDRESS = "127.0.0.1";

/** A port that nobody listens on right now. */
export function freePort(): Promise<number> {
  return listenOnce(0);
}

/** So many different ports that nobody listens on right now: all are held until the last is found. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  try {
    return await Promise.all(servers.map((server) => listen(server, 0)));
  } finally {
    await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  }
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

/**
 * Returns when the port can be listened on again. A killed process is reported dead when its first thread is; the others
 * may hold its sockets a moment longer.
 * @throws when it is still taken after {@link RELEASE_TIMEOUT_MS}.
 */
export async function untilPortIsFree(port: number): Promise<void> {
  const deadline = Date.now() + RELEASE_TIMEOUT_MS;
  while (await portIsTaken(port)) {
    if (Date.now() > deadline) throw new Error(`port ${port} is still taken ${RELEASE_TIMEOUT_MS} ms after its owner`);
    await sleep(RELEASE_POLL_MS);
  }
}

async function listenOnce(port: number): Promise<number> {
  const server = createServer();
  const taken = await listen(server, port);
  await new Promise((resolve) => server.close(resolve));
  return taken;
}

/** @returns the port it listens on. */
function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ port, host: LOCAL_ADDRESS, exclusive: true }, () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("the socket has no port"));
      else resolve(address.port);
    });
  });
}
