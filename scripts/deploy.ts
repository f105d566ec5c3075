import { parseArgs } from "node:util";
import { z } from "zod";
import { inParallel } from "../src/platform/parallel.ts";
import { ENVIRONMENTS, type Environment, environmentOf, PARTS, type Part } from "./lib/environments.ts";
import { type Project, readProject } from "./lib/release/project.ts";
import { runWrangler } from "./lib/wrangler.ts";

/** Most of the edge's upload, KiB after gzip: an isolate of it starts for every learner who is alone in the morning. */
const EDGE_KIB = 300;

const HELP = `Deploys both Workers of Latchkey at once, to the Cloudflare account that wrangler is signed in to.

  npm run deploy -- --env staging|production
  npm run deploy -- --dry-run [--env …]

  --env      the environment of wrangler.toml
  --dry-run  needs no account: bundles both Workers and checks their configuration, for both environments if none is
             named. Fails if the upload of the edge has more than ${EDGE_KIB} KiB (gzip)
  --help     this text

Use it for the first time, and for what cannot be released gradually: a deploy that adds or removes a Durable Object class must
ship alone. Everything else goes through \`npm run release\`.

In this order: the secrets are there, the databases and the queues exist, D1 migrations, the edge, the back. Migrations
come first and only ever add, so that the code that still runs works with the newer schema. The edge has the objects, so
the back finds every class that it calls.`;

/** How the secrets are made; nobody needs to see them. */
const secretHelp = (
  name: string,
  environment: Environment,
) => `Both Workers need ${name}. Give them 32 random bytes once:

  node -e "process.stdout.write(require('node:crypto').randomBytes(32).toString('base64url'))" | npm run -s secret -- put ${name} --env ${environment}

wrangler creates a Worker that does not exist yet. Then run the deploy again.`;

const secretsSchema = z.array(z.looseObject({ name: z.string() }));

/** A step did not succeed; its output has been printed. */
class DeployError extends Error {}

/** wrangler's arguments that name a Worker. */
function named(environment: Environment, part: Part): string[] {
  return ["--env", environmentOf(environment, part) ?? ""];
}

async function ensureSecrets({ environment, requiredSecrets }: Project): Promise<void> {
  for (const part of PARTS) {
    const asked = ["secret", "list", "--format", "json", ...named(environment, part)];
    const { code, stdout, output } = await runWrangler(asked);
    if (code !== 0) throw new DeployError(`${output.trim()}\n\n${secretHelp(requiredSecrets[0] ?? "", environment)}`);
    const names = secretsSchema.parse(JSON.parse(stdout)).map((secret) => secret.name);
    const missing = requiredSecrets.find((name) => !names.includes(name));
    if (missing !== undefined) throw new DeployError(secretHelp(missing, environment));
  }
}

async function ensureExists(what: string, find: readonly string[], create: readonly string[]): Promise<void> {
  if ((await runWrangler(find)).code === 0) {
    console.log(`${what} exists`);
    return;
  }
  console.log(`${what} is missing: creating it`);
  await mustSucceed(create);
}

async function mustSucceed(args: readonly string[]): Promise<string> {
  const { code, output } = await runWrangler(args, { echo: true });
  if (code !== 0) throw new DeployError(`wrangler ${args.join(" ")} ended with ${code}`);
  return output;
}

/** What wrangler says of an upload. @throws when it is too large. */
function ensureSmall(part: Part, output: string): void {
  const kib = Number(/Total Upload:.*gzip: ([\d.]+) KiB/.exec(output)?.[1] ?? Number.NaN);
  if (part === "edge" && !(kib <= EDGE_KIB)) {
    throw new DeployError(
      `the upload of the edge has ${kib} KiB (gzip), more than ${EDGE_KIB}: see \`npm run -s bundle\``,
    );
  }
}

function heading(text: string): void {
  console.log(`\n=== ${text} ===`);
}

async function deploy(project: Project): Promise<void> {
  const { environment, databases, queues, requiredSecrets } = project;
  heading("secrets");
  await ensureSecrets(project);
  console.log(`${requiredSecrets.join(", ")}: set`);

  heading("databases and queues");
  for (const { name } of databases)
    await ensureExists(`database ${name}`, ["d1", "info", name], ["d1", "create", name]);
  await inParallel(queues, 3, (queue) =>
    ensureExists(`queue ${queue}`, ["queues", "info", queue], ["queues", "create", queue]),
  );

  heading("migrations");
  for (const { name, files } of databases) {
    if (files.length > 0) await mustSucceed(["d1", "migrations", "apply", name, "--remote", "--env", environment]);
  }

  // The bound is checked before anything is uploaded.
  ensureSmall("edge", await mustSucceed(["deploy", "--dry-run", ...named(environment, "edge")]));
  for (const part of PARTS) {
    heading(`code of the ${part}`);
    await mustSucceed(["deploy", ...named(environment, part)]);
  }
}

async function dryRun(project: Project): Promise<void> {
  for (const part of PARTS) {
    heading(`bundle of the ${part} for ${project.environment} (nothing is uploaded)`);
    ensureSmall(part, await mustSucceed(["deploy", "--dry-run", ...named(project.environment, part)]));
  }
  console.log(
    `\nA real deploy would now check the secrets (${project.requiredSecrets.join(", ")}), create what is missing of`,
  );
  const names = project.databases.map(({ name }) => name);
  console.log(`the databases (${names.join(", ")}) and the queues (${project.queues.join(", ")}),`);
  console.log("apply the D1 migrations, and upload these bundles.");
}

try {
  const { values } = parseArgs({
    options: { env: { type: "string" }, "dry-run": { type: "boolean" }, help: { type: "boolean", short: "h" } },
  });
  const environment = z.enum(ENVIRONMENTS).optional().parse(values.env);
  if (values.help === true) console.log(HELP);
  else if (values["dry-run"] === true) {
    for (const one of environment === undefined ? ENVIRONMENTS : [environment]) await dryRun(readProject(one));
  } else if (environment === undefined)
    throw new DeployError("Name the environment: --env staging or --env production.");
  else await deploy(readProject(environment));
} catch (fault) {
  console.error(`\nNot deployed. ${fault instanceof Error ? fault.message : String(fault)}`);
  process.exit(1);
}
