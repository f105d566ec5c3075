import { execFile, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort, LOCAL_ADDRESS } from "../../../scripts/lib/ports.ts";
import { until } from "./processes.ts";

const run = promisify(execFile);

/** Where Debian's packages put the server, one folder per version. */
const PACKAGES = "/usr/lib/postgresql";
/** Debian's user and group of that name that own nothing; the server refuses to run as root. */
const NOBODY = 65_534;
const START_MS = 30_000;
const USER = "latchkey";

export interface Postgres {
  connectionString: string;
  /** Ends the server and removes its files. */
  stop(): Promise<void>;
}

/** The folder with the newest server's programs; null when none is installed. */
export function postgresPrograms(): string | null {
  if (!existsSync(PACKAGES)) return null;
  const versions = readdirSync(PACKAGES).toSorted((a, b) => Number(b) - Number(a));
  const folders = versions.map((version) => join(PACKAGES, version, "bin"));
  return folders.find((folder) => existsSync(join(folder, "initdb"))) ?? null;
}

/** Starts a server of its own, with an empty database, on a free port of this machine. */
export async function startPostgres(programs: string): Promise<Postgres> {
  const home = mkdtempSync(join(tmpdir(), "latchkey-postgres-"));
  const isRoot = process.getuid?.() === 0;
  const as = isRoot ? { uid: NOBODY, gid: NOBODY } : {};
  if (isRoot) chownSync(home, NOBODY, NOBODY);
  const data = join(home, "data");
  const port = await freePort();
  // Nobody else reaches the address, and a crash of the machine may take the files with it.
  const settings = [
    "--no-locale",
    "--encoding=UTF8",
    "--auth=trust",
    `--username=${USER}`,
    "--no-sync",
    "--no-instructions",
  ];
  await run(join(programs, "initdb"), [`--pgdata=${data}`, ...settings], { ...as, cwd: home });
  const options = { listen_addresses: LOCAL_ADDRESS, port, unix_socket_directories: home, fsync: "off" };
  const server = spawn(
    join(programs, "postgres"),
    ["-D", data, ...Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`])],
    { ...as, cwd: home, stdio: ["ignore", "ignore", "pipe"] },
  );
  let output = "";
  server.stderr.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
  });
  const ended = new Promise<void>((resolve) => server.once("close", () => resolve()));
  await until("the database server", START_MS, async () => {
    if (server.exitCode !== null) throw new Error(`the server ended:\n${output}`);
    const ready = ["-q", "-h", LOCAL_ADDRESS, "-p", String(port)];
    return run(join(programs, "pg_isready"), ready).then(
      () => true,
      () => false,
    );
  });
  return {
    // The server trusts whoever reaches it; Hyperdrive wants a password anyway.
    connectionString: `postgres://${USER}:${USER}@${LOCAL_ADDRESS}:${port}/postgres`,
    stop: async () => {
      server.kill("SIGINT"); // ends connections instead of waiting for them
      await ended;
      rmSync(home, { recursive: true, force: true });
    },
  };
}
