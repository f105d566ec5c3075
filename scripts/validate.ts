import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { z } from "zod";
import { mintAccessToken } from "../src/identity/tokens.ts";
import type { Role } from "../src/platform/roles.ts";
import { secretDefect } from "../src/platform/secrets.ts";
import { driveCrons } from "./lib/crons.ts";
import { ensureLocalSecret } from "./lib/local-secrets.ts";
import { freePort } from "./lib/ports.ts";
import { applyMigrations, type Runtime, startRuntime } from "./lib/runtime.ts";
import { chartsOf, demandsOf, renderReport } from "./lib/validate/report.ts";
import { validate } from "./lib/validate/run.ts";
import { School } from "./lib/validate/school.ts";

const HELP = `Validates an installation under load, for three days or for minutes, and writes a report.

  npm run validate -- --hours 72 --url https://staging.example.org
  npm run validate -- --minutes 12

  --hours N, --minutes N   length of the three phases together
  --url URL                an installation; without it, the command starts one here, with its own state, and kills it twice
  --rate N                 requests a second in ordinary days (default 20)
  --learners N             learners at a time (default 100)
  --read-p95 N             milliseconds within which 95 % of the reads must be answered (default 300)
  --write-p95 N            the same for writes (default 1000)
  --max-error-share N      share of requests that may fail (default 0.001; ten times that in the bad days)
  --out DIR                where report.md and its pictures go (default validation-report)
  --help                   this text

For an installation elsewhere, set VALIDATION_SECRET to its secret of that name. The command signs tokens with it, for
users whose ids begin with validation-. Only staging accepts them. The run writes only one course and its learners,
named after the run. Exit: 0 all requirements met, 1 not. See docs/operate/validation.md.`;

const { values } = parseArgs({
  options: {
    hours: { type: "string" },
    minutes: { type: "string" },
    url: { type: "string" },
    rate: { type: "string", default: "20" },
    learners: { type: "string", default: "100" },
    "read-p95": { type: "string", default: "300" },
    "write-p95": { type: "string", default: "1000" },
    "max-error-share": { type: "string", default: "0.001" },
    out: { type: "string", default: "validation-report" },
    help: { type: "boolean", short: "h" },
  },
});
const amount = z.coerce.number().positive();
const asked = z
  .object({
    minutes: amount,
    url: z.url().optional(),
    rate: amount,
    learners: amount.int(),
    readP95: amount,
    writeP95: amount,
    maxErrorShare: amount.max(1),
  })
  .safeParse({
    minutes: values.minutes ?? (values.hours === undefined ? undefined : Number(values.hours) * 60),
    url: values.url?.replace(/\/$/, ""),
    rate: values.rate,
    learners: values.learners,
    readP95: values["read-p95"],
    writeP95: values["write-p95"],
    maxErrorShare: values["max-error-share"],
  });
if (values.help === true || !asked.success) {
  console.error(values.help === true ? HELP : `${z.prettifyError(asked.error ?? new z.ZodError([]))}\n\n${HELP}`);
  process.exit(values.help === true ? 0 : 2);
}
const { minutes, url, rate, learners, ...targets } = asked.data;
/** As long as the run, and some. */
const tokenSeconds = Math.ceil(minutes * 60) + 3_600;
const started = Date.now();
const say = (text: string) => console.log(`[${((Date.now() - started) / 1_000).toFixed(0).padStart(6)} s] ${text}`);

function remoteSecret(): string {
  const secret = process.env.VALIDATION_SECRET;
  const defect = secretDefect(secret, "VALIDATION_SECRET");
  if (secret === undefined || defect !== null) throw new Error(`The secret for rehearsals is needed: ${defect}`);
  return secret;
}

/** An installation of this checkout, to be killed and started as we please. */
async function startHere() {
  const stateDir = mkdtempSync(join(tmpdir(), "latchkey-validate-"));
  await applyMigrations(stateDir);
  const port = await freePort();
  const start = () =>
    startRuntime({ stateDir, port, logFile: join(stateDir, "runtime.log"), vars: { READ_LOG_RATE: "0" } });
  let runtime: Runtime = await start();
  const crons = driveCrons(runtime.url, () => {}); // one that falls into a kill fails, and the next minute comes
  say(`started here at ${runtime.url}; state and log in ${stateDir}`);
  return {
    url: runtime.url,
    secret: ensureLocalSecret(),
    async killAndStart() {
      await runtime.kill();
      runtime = await start();
    },
    async stop() {
      crons.stop();
      await runtime.stop();
    },
  };
}

const here = url === undefined ? await startHere() : null;
try {
  const target = here?.url ?? url ?? "";
  const secret = here?.secret ?? remoteSecret();
  const mint = (user: string, role: Role) =>
    mintAccessToken(secret, { sub: user, role, session: null, lifetimeSeconds: tokenSeconds });
  const course = `validation-${started.toString(36)}`;
  const validation = await validate(
    { totalMs: minutes * 60_000, rate, learners, targets, drainMs: 300_000 },
    {
      url: () => target,
      token: (user) => mint(user, "learner"),
      school: new School(target, await mint("validation-operator", "admin"), course),
      killAndStart: here === null ? null : () => here.killAndStart(),
      say,
    },
  );
  mkdirSync(values.out, { recursive: true });
  const charts = chartsOf(validation);
  writeFileSync(
    join(values.out, "report.md"),
    renderReport(validation, here === null ? target : "a local installation"),
  );
  writeFileSync(join(values.out, "load.svg"), charts.load);
  writeFileSync(join(values.out, "latency.svg"), charts.latency);
  const missed = demandsOf(validation).filter(({ met }) => !met);
  for (const { what, seen } of missed) console.log(`not met: ${what}: ${seen}`);
  console.log(missed.length === 0 ? `\nall demands met: ${values.out}/report.md` : `\nsee ${values.out}/report.md`);
  process.exitCode = missed.length === 0 ? 0 : 1;
} finally {
  await here?.stop();
}
