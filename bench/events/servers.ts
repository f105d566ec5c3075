import { execFileSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { untilPortIsFree } from "../../scripts/lib/ports.ts";
import { firstPort } from "../../test/conformance/lib/first-port.ts";
import { startBetterSse } from "../../test/conformance/peers/better-sse.ts";
import { startNchan } from "../../test/conformance/peers/nchan.ts";
import { removeState } from "../../test/support/node/state.ts";
import type { Build } from "../lib/builds.ts";
import { treeOf } from "../lib/cpu.ts";
import { hasProgram } from "../lib/machine.ts";
import { startServer } from "../lib/server.ts";
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
  /** As tables call it. */
  name: string;
  kind: Address["kind"];
  /** Streams can be resumed: without that, a restart loses by design. */
  canResume: boolean;
  start(): Promise<Running>;
}

const NCHAN_MODULE = "/usr/lib/nginx/modules/ngx_nchan_module.so";

/** What is missing to run nchan, as a sentence; null when it can be run. */
export function nchanMissing(): string | null {
  if (hasProgram("nginx") && existsSync(NCHAN_MODULE)) return null;
  return "nchan is left out: nginx or its module is not here (Debian's packages nginx and libnginx-mod-nchan)";
}

/** The builds of Latchkey, this one first, and the peers that are installed; `core` is theirs, null where there is only one. */
export function contenders(builds: readonly Build[], core: number | null): Contender[] {
  const own = builds.map(
    (build): Contender => ({
      name: build.name === "this" ? "latchkey" : `latchkey ${build.name}`,
      kind: "latchkey",
      canResume: true,
      start: () => startLatchkey(build, core),
    }),
  );
  const sockets = builds.slice(0, 1).map(
    (build): Contender => ({
      name: "latchkey, sockets",
      kind: "latchkey",
      canResume: true,
      start: () => startLatchkey(build, core, true),
    }),
  );
  const peers: Contender[] = [
    { name: "nchan", kind: "nchan", canResume: true, start: () => startPeer("nchan", startNchan, core) },
    {
      name: "better-sse",
      kind: "better-sse",
      canResume: false,
      start: () => startPeer("better-sse", startBetterSse, core),
    },
  ];
  return [...own, ...sockets, ...peers.filter(({ kind }) => kind !== "nchan" || nchanMissing() === null)];
}

async function startLatchkey(
  { bundles, freshState }: Build,
  core: number | null,
  overSockets = false,
): Promise<Running> {
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
    address: { kind: "latchkey", overSockets, port, secret },
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
    address: { kind, overSockets: false, port, secret: "" },
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
