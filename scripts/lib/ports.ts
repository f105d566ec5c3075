import { createServer } from "node:net";

/** The one address the local runtime listens on: nothing outside this machine can reach it. */
export const LOCAL_ADDRESS = "127.0.0.1";

/** A port that nobody listens on right now. */
export function freePort(): Promise<number> {
  return listenOnce(0);
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

function listenOnce(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen({ port, host: LOCAL_ADDRESS, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("the socket has no port"));
        else resolve(address.port);
      });
    });
  });
}
