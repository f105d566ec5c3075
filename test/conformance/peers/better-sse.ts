import { fileURLToPath } from "node:url";
import { NODE } from "../../../scripts/lib/paths.ts";
import { type Child, startChild } from "../lib/child.ts";

const SERVER = fileURLToPath(new URL("better-sse-server.ts", import.meta.url));

/** Starts the better-sse application on a port of 127.0.0.1. */
export function startBetterSse(port: number): Promise<Child> {
  return startChild(NODE, [SERVER, String(port)], port);
}
