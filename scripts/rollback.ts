import { parseArgs } from "node:util";
import { z } from "zod";
import { ENVIRONMENTS } from "./lib/environments.ts";
import { Cloudflare, CloudflareError, SECRETS_CHANGED, type Share, type Version } from "./lib/release/cloudflare.ts";
import { classChange, classesOf, rollbackTarget } from "./lib/release/guards.ts";
import { readProject } from "./lib/release/project.ts";
import { explain } from "./lib/release/release.ts";
import { smoke } from "./lib/release/smoke.ts";
import { deployBoth } from "./lib/release/versions.ts";

const HELP = `Sends every request to the previous version of both Workers, at once.

  npm run rollback -- --env staging|production [options]

  --to VERSION       goes back to this version of the edge instead of the previous one
  --to-back VERSION  the same for the back; by default, the version that was uploaded with that of the edge
  --reason TEXT      stored with the deployment
  --url URL          also checks afterwards whether the service answers
  --accept-secrets   goes back even if secrets were changed since that version was uploaded; it uses its older secrets
  --dry-run          only says what it would do
  --help             this text

Needs CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN. It asks no questions, and prints what it cannot undo.`;

const CANNOT_UNDO = `Not undone, because no rollback can:
  data      data that the newer version has written stays in D1, objects, R2 and KV; older code was tested with it
  schema    D1 migrations and steps of the objects' schemas stay applied; they only ever add
  objects   Cloudflare does not go back to a version before an object class was added or removed
  secrets   a version keeps those it was uploaded with; crons, routes and queues belong to no version`;

const { values } = parseArgs({
  options: {
    env: { type: "string" },
    to: { type: "string" },
    "to-back": { type: "string" },
    reason: { type: "string", default: "by hand" },
    url: { type: "string" },
    "accept-secrets": { type: "boolean", default: false },
    "dry-run": { type: "boolean", default: false },
    help: { type: "boolean", short: "h" },
  },
});
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}
const asked = z
  .object({ env: z.enum(ENVIRONMENTS), to: z.uuid().optional(), "to-back": z.uuid().optional() })
  .safeParse(values);
if (!asked.success) {
  console.error(`${z.prettifyError(asked.error)}\n\n${HELP}`);
  process.exit(2);
}

/** Migrations of this checkout that were applied after an instant, as D1 says; null when D1 does not answer. */
async function appliedSince(cloudflare: Cloudflare, database: string, instant: string): Promise<string[] | null> {
  try {
    const rows = await cloudflare.query(
      await cloudflare.databaseId(database),
      "SELECT name FROM d1_migrations WHERE datetime(applied_at) > datetime(?) ORDER BY id",
      [instant],
    );
    return rows.map((row) => String(row.name));
  } catch {
    return null; // no reason to keep a bad version: the rollback goes on
  }
}

/** What runs of one Worker, and where it goes back to. */
interface Way {
  from: readonly Share[];
  to: Version;
}

/** @throws when there is nothing to go back to, or when the object classes differ. */
async function wayBack(cloudflare: Cloudflare, script: string, asked: string | null): Promise<Way> {
  const deployments = await cloudflare.deployments(script);
  const from = deployments[0]?.versions ?? [];
  const target = asked ?? rollbackTarget(deployments);
  if (target === null || from.length === 0) throw new Error(`there is no version of ${script} to go back to`);
  const running = from.at(-1)?.version_id ?? target;
  const [to, live] = await Promise.all([cloudflare.version(script, target), cloudflare.version(script, running)]);
  const { added, removed } = classChange({
    wantedClasses: classesOf(to, script),
    liveClasses: classesOf(live, script),
  });
  if (added.length + removed.length > 0) {
    throw new Error(
      `object classes differ (${[...added, ...removed].join(", ")}): Cloudflare does not go back past that. Repair forward: ` +
        "`git revert`, keep the classes, `npm run release`",
    );
  }
  return { from, to };
}

/**
 * The version of the back that was uploaded together with one of the edge: of those that were deployed, the one whose
 * upload was next to it in time. A release that was killed may have left each of them at another step.
 */
async function uploadedWith(cloudflare: Cloudflare, script: string, edge: Version): Promise<string | null> {
  const ids = (await cloudflare.deployments(script)).flatMap(({ versions }) => versions.map((one) => one.version_id));
  const versions = await Promise.all([...new Set(ids)].map((id) => cloudflare.version(script, id)));
  const apart = (version: Version) =>
    Math.abs(Date.parse(version.metadata.created_on) - Date.parse(edge.metadata.created_on));
  return versions.toSorted((one, other) => apart(one) - apart(other))[0]?.id ?? null;
}

function tagOf(version: Version): string {
  return version.annotations["workers/tag"] ?? "";
}

async function rollback(): Promise<void> {
  const { scripts, databases } = readProject(asked.data?.env ?? "production");
  const cloudflare = Cloudflare.fromEnvironment(process.env);
  const edge = await wayBack(cloudflare, scripts.edge, asked.data?.to ?? null);
  const fitting = asked.data?.["to-back"] ?? (await uploadedWith(cloudflare, scripts.back, edge.to));
  const back = await wayBack(cloudflare, scripts.back, fitting);
  for (const [script, { from, to }] of [
    [scripts.edge, edge],
    [scripts.back, back],
  ] as const) {
    const running = from.map(({ version_id, percentage }) => `${version_id} (${percentage} %)`).join(" and ");
    console.log(`${script}\n  from ${running}`);
    console.log(`  to   ${to.id}, uploaded ${to.metadata.created_on} ${tagOf(to)}\n`);
  }
  console.log(CANNOT_UNDO);
  for (const { name } of databases) {
    const migrations = await appliedSince(cloudflare, name, edge.to.metadata.created_on);
    if (migrations === null) console.log(`  (${name} does not say which migrations have been applied since)`);
    else if (migrations.length > 0) console.log(`  applied to ${name} since that version: ${migrations.join(", ")}`);
  }
  if (values["dry-run"]) return;

  const started = performance.now();
  const versions = { edge: edge.to.id, back: back.to.id };
  await deployBoth(cloudflare, scripts, [{ versions, percentage: 100 }], `rollback: ${values.reason}`, {
    force: values["accept-secrets"],
  }).catch(async (fault: unknown) => {
    // The back may have gone back alone: a second try would then take its present version for the one to leave.
    await cloudflare.deploy(scripts.back, back.from, "the rollback did not succeed", { force: true });
    throw fault;
  });
  console.log(`\nrolled back in ${Math.round(performance.now() - started)} ms`);
  if (values.url !== undefined) {
    const failed = await smoke(values.url.replace(/\/$/, ""), { token: process.env.SMOKE_TOKEN });
    if (failed.length > 0) throw new Error(`rolled back, but the service does not answer well: ${failed.join("; ")}`);
    console.log("the service answers");
  }
}

try {
  await rollback();
} catch (fault) {
  const isAboutSecrets = fault instanceof CloudflareError && fault.code === SECRETS_CHANGED;
  console.error(`\n${explain(fault)}`);
  if (isAboutSecrets) {
    console.error(
      "Nothing was changed. That version would run with the secrets it was uploaded with. If that is right, add --accept-secrets.",
    );
  }
  process.exit(1);
}
