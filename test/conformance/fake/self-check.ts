import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { NODE } from "../../../scripts/lib/paths.ts";
import { allCases } from "../cases/all.ts";
import { type Child, startChild } from "../lib/child.ts";
import { firstPort } from "../lib/first-port.ts";
import { runCases } from "../lib/run-cases.ts";
import { ContractTarget, type Control } from "../targets/latchkey.ts";
import { KEPT } from "./journal.ts";
import { MUTATIONS } from "./mutations.ts";

const SERVER = fileURLToPath(new URL("server.ts", import.meta.url));
/** Where a free port is looked for. */
const FIRST_PORT = 9_440;

/** The stand-in server as a target; `mutation` makes it wrong in one way. */
export function fakeTarget(mutation: string | null): ContractTarget {
  const secret = randomBytes(32).toString("base64url");
  const journal = join(tmpdir(), `latchkey-fake-${randomBytes(6).toString("hex")}`);
  let child: Child | null = null;
  let port: number | null = null;
  const start = async () => {
    port ??= await firstPort(FIRST_PORT);
    const env = { ...process.env, ...(mutation === null ? {} : { FAKE_MUTATION: mutation }) };
    child = await startChild(NODE, [SERVER, String(port), secret, journal], port, env);
    return `http://127.0.0.1:${port}`;
  };
  const control: Control = {
    start,
    async crash() {
      await child?.end("SIGKILL");
      return start();
    },
    async stop() {
      await child?.end();
      rmSync(journal, { force: true });
    },
  };
  return new ContractTarget("fake", { url: "", secret, control, evictAfter: KEPT });
}

/**
 * Breaks the stand-in in every way it can be broken.
 * @returns whether each way was noticed by the case that has to notice it.
 */
export async function selfCheck(say: (line: string) => void): Promise<boolean> {
  let isRight = true;
  for (const { name, caughtBy } of MUTATIONS) {
    const target = fakeTarget(name);
    const cases = allCases.filter((entry) => entry.name.includes(caughtBy));
    await target.start();
    try {
      const outcomes = await runCases(target, cases, () => {});
      const failed = outcomes.find(({ verdict }) => verdict === "FAIL");
      isRight &&= failed !== undefined;
      say(`${failed === undefined ? "NOT NOTICED" : "noticed    "}  ${name}: ${failed?.reason ?? caughtBy}`);
    } finally {
      await target.stop();
    }
  }
  return isRight;
}
