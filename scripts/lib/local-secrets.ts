import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { secretDefect } from "../../src/shared/secrets.ts";

/** The file wrangler reads local secrets from; git ignores it. */
export const LOCAL_SECRETS_FILE = fileURLToPath(new URL("../../.dev.vars", import.meta.url));

/** Bytes of a generated secret: as many as the output of HMAC-SHA-256, which it keys. */
const SECRET_BYTES = 32;
/** Only the owner reads and writes the file. */
const OWNER_ONLY = 0o600;

/**
 * AUTH_SECRET of the local installation, or null where the file or the line is missing or the value is empty.
 * @throws when the file exists but cannot be read.
 */
export function readLocalSecret(file = LOCAL_SECRETS_FILE): string | null {
  const text = readIfPresent(file);
  if (text === null) return null;
  const secret = parseEnv(text).AUTH_SECRET;
  return secret === undefined || secret === "" ? null : secret;
}

/**
 * AUTH_SECRET of the local installation; makes a random one the first time. Other lines of an existing file stay.
 * @returns a secret that the Worker accepts.
 * @throws when the secret in the file is one the Worker refuses to serve with: replacing it would silently invalidate
 *   every token made with it, so that is left to the owner.
 */
export function ensureLocalSecret(file = LOCAL_SECRETS_FILE): string {
  const existing = readLocalSecret(file);
  if (existing !== null) {
    const defect = secretDefect(existing);
    if (defect !== null)
      throw new Error(`${file}: ${defect}. Remove the line; a new secret is made at the next start.`);
    return existing;
  }
  const secret = randomSecret();
  const others = (readIfPresent(file) ?? "")
    .split("\n")
    .filter((line) => line !== "" && !/^\s*AUTH_SECRET\s*=/.test(line));
  writeFileSync(file, `${[...others, `AUTH_SECRET="${secret}"`].join("\n")}\n`, { mode: OWNER_ONLY });
  // The mode above only counts for a new file.
  chmodSync(file, OWNER_ONLY);
  return secret;
}

/** Random bytes can spell a well-known word, if hardly ever: then they are drawn again. */
function randomSecret(): string {
  for (;;) {
    const secret = randomBytes(SECRET_BYTES).toString("base64url");
    if (secretDefect(secret) === null) return secret;
  }
}

function readIfPresent(file: string): string | null {
  try {
    return readFileSync(file, "utf8");
  } catch (fault) {
    if (fault instanceof Error && Reflect.get(fault, "code") === "ENOENT") return null;
    throw fault;
  }
}
