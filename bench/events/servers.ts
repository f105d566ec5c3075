import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { untilPortIsFree } from "../../scripts/lib/ports.ts";
import { firstPort } from "../../test/conformance/lib/first-port.ts";
import { startBetterSse } from "../../test/conformance/peers/better-sse.ts";
import { startNchan } from "../../test/conformance/peers/nchan.ts";
import { freshState, removeState } from "../../test/support/node/state.ts";
import { treeOf } from "../lib/cpu.ts";
import { type Bundles, startServer } from "../lib/server.ts";
import type { Address } from "./protocol.ts";

/** Where a free port is looked for. */
const FIRST_PORT = 9_420;

/** A server that is measured, on a core of its own. */
export interface Running {
  readonly address: Address;
  /** The process whose tree serves. */
  pid(): number;
  /** SIGKILL for every process, then a new start on what was stored. */
  crash(): Promise<void>;
  stop(): Promise<void>;
}

export interface Contender {
  name: Address["kind"];
  /** Streams can be resumed: without that, a restart loses by design. */
  canResume: boolean;
  start(): Promise<Running>;
}

/** Latchkey and its peers; `core` is theirs, null where there is only one. */
export function contenders(bundles: Bundles, core: number | null): Contender[] {
  return [
    { name: "latchkey", canResume: true, start: () => startLatchkey(bundles, core) },
    { name: "nchan", canResume: true, start: () => startPeer("nchan", startNchan, core) },
    { name: "better-sse", canResume: false, start: () => startPeer("better-sse", startBetterSse, core) },
  ];
}

async function startLatchkey(bundles: Bundles, core: number | null): Promise<Running> {
  const secret = randomBytes(32).toString("base64url");
  const stateDir = await freshState();
  const port = await firstPort(FIRST_PORT);
  const start = async () => {
    await untilPortIsFree(port);
    const server = await startServer(bundles, stateDir, { bindings: { AUTH_SECRET: secret }, port });
    pin(server.workerd(), core);
    return server;
  };
  let server = await start();
  return {
    address: { kind: "latchkey", port, secret },
    pid: () => server.workerd(),
    async crash() {
      await server.kill();
      server = await start();
    },
    async stop() {
      await server.stop();
      removeState(stateDir);
    },
  };
}

async function startPeer(
  kind: "nchan" | "better-sse",
  startIt: typeof startNchan,
  core: number | null,
): Promise<Running> {
  const port = await firstPort(FIRST_PORT);
  const start = async () => {
    const child = await startIt(port);
    pin(child.pid, core);
    return child;
  };
  let child = await start();
  return {
    address: { kind, port, secret: "" },
    pid: () => child.pid,
    async crash() {
      await child.end("SIGKILL");
      child = await start();
    },
    stop: () => child.end(),
  };
}

/** Keeps all threads of a process tree on one core; those it starts later stay there too. */
function pin(root: number, core: number | null): void {
  if (core === null) return;
  for (const { pid } of treeOf(root)) {
    execFileSync("taskset", ["-a", "-c", "-p", String(core), String(pid)], { stdio: "ignore" });
  }
}
