import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { z } from "zod";
import { DATABASE } from "./lib/migrations.ts";
import { fromRoot } from "./lib/paths.ts";
import { runWrangler } from "./lib/wrangler.ts";

const HELP = `Deploys Latchkey to the Cloudflare account that wrangler is signed in to.

  npm run deploy [-- --dry-run]

  --dry-run  does what needs no account: bundles the Worker and checks its configuration
  --help     this text

In this order: the secret is there, the database and the queues exist, D1 migrations, code. Migrations come first and
only ever add, so that the code that still runs works with the newer schema. A deploy that adds or removes a Durable
Object class must ship alone.`;

const SECRET = "AUTH_SECRET";
const SECRET_HELP = `The Worker refuses to serve without ${SECRET}. Give it 32 random bytes once; nobody needs to see them:

  node -e "process.stdout.write(require('node:crypto').randomBytes(32).toString('base64url'))" | npx wrangler secret put ${SECRET}

wrangler offers to create the Worker when it does not exist yet. Then run the deploy again.`;

const secretsSchema = z.array(z.looseObject({ name: z.string() }));

/** A step did not succeed; its output has been printed. */
class DeployError extends Error {}

async function ensureSecret(): Promise<void> {
  const { code, stdout, output } = await runWrangler(["secret", "list", "--format", "json"]);
  if (code !== 0) throw new DeployError(`${output.trim()}\n\n${SECRET_HELP}`);
  const names = secretsSchema.parse(JSON.parse(stdout)).map((secret) => secret.name);
  if (!names.includes(SECRET)) throw new DeployError(SECRET_HELP);
}

/** Queues named in wrangler.toml, including the dead-letter queues, which no deploy creates by itself. */
function configuredQueues(toml: string): string[] {
  const names = [...toml.matchAll(/^\s*(?:queue|dead_letter_queue)\s*=\s*"([^"]+)"/gm)].flatMap(
    (match) => match[1] ?? [],
  );
  return [...new Set(names)].sort();
}

async function ensureExists(what: string, find: readonly string[], create: readonly string[]): Promise<void> {
  if ((await runWrangler(find)).code === 0) {
    console.log(`${what} exists`);
    return;
  }
  console.log(`${what} is missing: creating it`);
  await mustSucceed(create);
}

async function mustSucceed(args: readonly string[]): Promise<void> {
  const { code } = await runWrangler(args, { echo: true });
  if (code !== 0) throw new DeployError(`wrangler ${args.join(" ")} ended with ${code}`);
}

function heading(text: string): void {
  console.log(`\n=== ${text} ===`);
}

async function deploy(): Promise<void> {
  heading("secret");
  await ensureSecret();
  console.log(`${SECRET} is set`);

  heading("database and queues");
  await ensureExists(`database ${DATABASE}`, ["d1", "info", DATABASE], ["d1", "create", DATABASE]);
  for (const queue of configuredQueues(readFileSync(fromRoot("wrangler.toml"), "utf8"))) {
    await ensureExists(`queue ${queue}`, ["queues", "info", queue], ["queues", "create", queue]);
  }

  heading("migrations");
  await mustSucceed(["d1", "migrations", "apply", DATABASE, "--remote"]);

  heading("code");
  await mustSucceed(["deploy"]);
}

async function dryRun(): Promise<void> {
  heading("bundle (nothing is uploaded)");
  await mustSucceed(["deploy", "--dry-run"]);
  console.log("\nA real deploy would now check the secret, create what is missing of the database and the queues");
  console.log(`(${configuredQueues(readFileSync(fromRoot("wrangler.toml"), "utf8")).join(", ")}),`);
  console.log("apply the D1 migrations, and upload this bundle.");
}

try {
  const { values } = parseArgs({ options: { "dry-run": { type: "boolean" }, help: { type: "boolean", short: "h" } } });
  if (values.help === true) console.log(HELP);
  else if (values["dry-run"] === true) await dryRun();
  else await deploy();
} catch (fault) {
  console.error(`\nNot deployed. ${fault instanceof Error ? fault.message : String(fault)}`);
  process.exit(1);
}
