import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseEnv } from "node:util";
import { secretDefect } from "../../src/platform/secrets.ts";

/** The file wrangler reads local secrets from; git ignores it. */
export const LOCAL_SECRETS_FILE = fileURLToPath(new URL("../../.dev.vars", import.meta.url));

/** Bytes of a generated secret: as many as the output of HMAC-SHA-256, which it keys. */
const SECRET_BYTES = 32;
/** Only the owner reads and writes the file. */
const OWNER_ONLY = 0o600;

/** The secrets a local installation has; each is random and its own. */
const SECRETS = ["AUTH_SECRET", "METRICS_TOKEN"] as const;
type SecretName = (typeof SECRETS)[number];

/**
 * A secret of the local installation, or null where the file or the line is missing or the value is empty.
 * @throws when the file exists but cannot be read.
 */
export function readLocalSecret(file = LOCAL_SECRETS_FILE, name: SecretName = "AUTH_SECRET"): string | null {
  const text = readIfPresent(file);
  if (text === null) return null;
  const secret = parseEnv(text)[name];
  return secret === undefined || secret === "" ? null : secret;
}

/**
 * Makes a random one of each secret that the local installation lacks. Other lines of an existing file stay.
 * @returns AUTH_SECRET, one that the Worker accepts.
 * @throws when a secret in the file is one the Worker refuses to serve with: replacing it would silently invalidate
 *   every token made with it, so that is left to the owner.
 */
export function ensureLocalSecret(file = LOCAL_SECRETS_FILE): string {
  for (const name of SECRETS) {
    const existing = readLocalSecret(file, name);
    if (existing === null) {
      writeSecret(file, name);
      continue;
    }
    const defect = secretDefect(existing, name);
    if (defect !== null)
      throw new Error(`${file}: ${defect}. Remove the line; a new secret is made at the next start.`);
  }
  return readLocalSecret(file) ?? "";
}

function writeSecret(file: string, name: SecretName): void {
  const others = (readIfPresent(file) ?? "")
    .split("\n")
    .filter((line) => line !== "" && line.split("=")[0]?.trim() !== name);
  writeFileSync(file, `${[...others, `${name}="${randomSecret()}"`].join("\n")}\n`, { mode: OWNER_ONLY });
  // The mode above only counts for a new file.
  chmodSync(file, OWNER_ONLY);
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
