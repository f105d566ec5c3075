import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Role } from "../../src/platform/roles.ts";
import type { ApiClient } from "./api-client.ts";
import { SAMPLE_AUTHOR, SAMPLE_LEARNER } from "./demo.ts";

/** Beside the data it opens; whoever reads the one can read the other. */
const FILE = "demo-accounts.json";
const OWNER_ONLY = 0o600;
/** 72 bits: beyond guessing behind the rate limit of sign-in, and still short enough to type. */
const PASSWORD_BYTES = 9;

export interface DemoAccount {
  role: Role;
  email: string;
  password: string;
}

const USERS: { id: string; role: Role; name: string }[] = [
  { id: SAMPLE_LEARNER, role: "learner", name: "Lin Demo" },
  { id: SAMPLE_AUTHOR, role: "author", name: "Ada Author" },
  { id: "admin", role: "admin", name: "Otto Operator" },
];

const storedSchema = z.record(z.string(), z.string());

/**
 * Makes the accounts one can sign in with on the pages: random passwords, made once for a state directory and kept in
 * it, so that a second start shows the same ones.
 * @returns what to type on the sign-in page. An account whose password is not known any more is left out.
 * @throws when the API refuses.
 */
export async function ensureDemoAccounts(admin: ApiClient, stateDir: string): Promise<DemoAccount[]> {
  const file = join(stateDir, FILE);
  const passwords = readStored(file);
  const accounts: DemoAccount[] = [];
  for (const { id, role, name } of USERS) {
    const email = `${id}@example.org`;
    const known = passwords[id];
    const password = known ?? randomBytes(PASSWORD_BYTES).toString("base64url");
    if (known === undefined) {
      // Written first: an account whose password was lost on the way could never be entered.
      passwords[id] = password;
      writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: OWNER_ONLY });
    }
    const made = await admin.post("/api/v1/users", { id, email, name, role, password });
    if (made.status !== 201 && made.status !== 409) throw new Error(`${made.request} was answered with ${made.status}`);
    if (made.status === 409 && known === undefined) {
      delete passwords[id];
      writeFileSync(file, `${JSON.stringify(passwords, null, 2)}\n`, { mode: OWNER_ONLY });
      continue;
    }
    accounts.push({ role, email, password });
  }
  return accounts;
}

function readStored(file: string): Record<string, string> {
  try {
    return storedSchema.parse(JSON.parse(readFileSync(file, "utf8")));
  } catch {
    return {}; // the first start with this directory
  }
}
