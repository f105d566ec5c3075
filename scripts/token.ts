import { parseArgs } from "node:util";
import { mintAccessToken } from "../src/identity/tokens.ts";
import { USER_ID } from "../src/platform/ids.ts";
import { ROLES, type Role } from "../src/platform/roles.ts";
import { secretDefect } from "../src/platform/secrets.ts";
import { LOCAL_SECRETS_FILE, readLocalSecret } from "./lib/local-secrets.ts";

// Prints a bearer token for the local installation, and nothing else on stdout, so that it can stand in a command:
//   curl -H "Authorization: Bearer $(npm run -s token -- ada)" http://localhost:8787/api/v1/users/ada

const SECONDS_PER_DAY = 86_400;
/** Such a token belongs to no session: it ends when its user signs out everywhere, and counts on this machine only. */
const DEFAULT_DAYS = 1;
const MAX_DAYS = 7;

const USAGE = `Usage: npm run -s token -- <user> [--role ${ROLES.join("|")}] [--days N]

Prints a bearer token for the user id, signed with the secret of the local installation. It is valid only there.
On a deployment, people sign in, and services and scripts use keys (POST /api/v1/keys).
  <user>    letters, digits, dashes and underscores, at most 64 characters
  --role    what the token may do; default learner
  --days    lifetime, 1 to ${MAX_DAYS}; default ${DEFAULT_DAYS}
`;

interface Request {
  user: string;
  role: Role;
  days: number;
}

/** @throws Error with a sentence for the person at the terminal. */
function readArguments(): Request | "help" {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      role: { type: "string", default: "learner" },
      days: { type: "string", default: String(DEFAULT_DAYS) },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) return "help";
  const [user, ...rest] = positionals;
  if (user === undefined || rest.length > 0) throw new Error("Name exactly one user.");
  if (!USER_ID.test(user)) {
    throw new Error('A user id has letters, digits and any of _ . @ : + -, at most 64, and is not "." or "..".');
  }
  const role = ROLES.find((known) => known === values.role);
  if (role === undefined) throw new Error(`--role must be one of: ${ROLES.join(", ")}.`);
  const days = Number(values.days);
  if (!/^\d+$/.test(values.days) || days < 1 || days > MAX_DAYS) {
    throw new Error(`--days must be a whole number from 1 to ${MAX_DAYS}.`);
  }
  return { user, role, days };
}

/** @throws Error with a sentence for the person at the terminal. */
function localSecret(): string {
  const secret = readLocalSecret();
  if (secret === null)
    throw new Error(`There is no AUTH_SECRET in ${LOCAL_SECRETS_FILE}. Run "npm start" once: it makes one.`);
  const defect = secretDefect(secret);
  if (defect !== null) throw new Error(`${LOCAL_SECRETS_FILE}: ${defect}; the Worker would refuse to serve with it.`);
  return secret;
}

try {
  const request = readArguments();
  if (request === "help") {
    process.stdout.write(USAGE);
  } else {
    const { user, role, days } = request;
    const claims = { sub: user, role, session: null, lifetimeSeconds: days * SECONDS_PER_DAY };
    process.stdout.write(`${await mintAccessToken(localSecret(), claims)}\n`);
  }
} catch (fault) {
  process.stderr.write(`${fault instanceof Error ? fault.message : String(fault)}\nMore: npm run -s token -- --help\n`);
  process.exitCode = 1;
}
