import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RecordServer } from "../../support/client/record-server.ts";

const SCRIPT = join(import.meta.dirname, "../../support/client/spool-writer.ts");
const COUNT = 400;
/** The first process is killed after so many items were kept, the second after so many more. */
const KILLS_AFTER = [37, 120];

describe("a process that is killed while it writes", () => {
  const records = new RecordServer();
  let server: Server;
  let url: string;
  let folder: string;
  let isDown = true;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "latchkey-spool-"));
    server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      if (isDown) {
        request.socket.destroy();
        return;
      }
      const answer = await records.fetch(`http://latchkey.test${request.url}`, {
        method: "POST",
        body: Buffer.concat(chunks).toString(),
        headers: { "idempotency-key": String(request.headers["idempotency-key"]) },
      });
      response.writeHead(answer.status, { "content-type": "application/json" }).end(await answer.text());
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    url = `http://127.0.0.1:${address.port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  /** Runs the writer until it ends or has kept so many items. @returns what it has said. */
  async function run(first: number, count: number, killAfter: number) {
    const child = spawn(process.execPath, [SCRIPT, url, join(folder, "spool"), String(first), String(count)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const kept: number[] = [];
    let left = 0;
    let stopped: number | null = null;
    const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
    for await (const line of createInterface({ input: child.stdout })) {
      const [word, number] = line.split(" ");
      if (word === "left") left = Number(number);
      else if (word === "kept") kept.push(Number(number));
      else if (word === "stopped") stopped = Number(number);
      if (kept.length >= killAfter) child.kill("SIGKILL");
    }
    await ended;
    return { kept, left, stopped };
  }

  it("[I1] [I5] loses no item that was acknowledged as kept, and each item arrives once", async () => {
    // Nobody answers the first: everything it kept is in its spool alone.
    const first = await run(0, COUNT, KILLS_AFTER[0] ?? 0);
    expect(first.stopped).toBeNull();
    expect(records.items.size).toBe(0);
    isDown = false;
    const second = await run(1_000, COUNT, KILLS_AFTER[1] ?? 0);
    expect(second.left).toBeGreaterThanOrEqual(first.kept.length);
    expect(second.stopped).toBeNull();
    const third = await run(2_000, 1, Number.POSITIVE_INFINITY);
    expect(third.stopped).toBe(0);
    const arrived = new Set(records.items.keys());
    const missing = [...first.kept, ...second.kept, ...third.kept].filter((number) => !arrived.has(`ada:s:t${number}`));
    expect(missing).toEqual([]);
    expect(records.doubles).toBe(0);
  });
}, 30_000);
