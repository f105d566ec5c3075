import { text } from "node:stream/consumers";
import { parseArgs } from "node:util";
import { z } from "zod";
import { ENVIRONMENTS, environmentOf, PARTS } from "./lib/environments.ts";
import { runWrangler } from "./lib/wrangler.ts";

const HELP = `Gives a secret to both Workers, or takes it from both. They need the same: one signs what the other verifies.

  … | npm run -s secret -- put NAME --env staging|production     the value is read from the input
  … | npm run -s secret -- bulk --env staging|production         several, as JSON
  npm run -s secret -- delete NAME --env staging|production

The edge comes first. While only one has a new value, what the other signs is refused: set AUTH_SECRET_PREVIOUS with it.
If the command fails half-way, run it again.`;

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { env: { type: "string" }, help: { type: "boolean", short: "h" } },
  });
  if (values.help === true) console.log(HELP);
  else {
    const environment = z.enum(ENVIRONMENTS).parse(values.env);
    const [verb = "", ...names] = z
      .union([
        z.tuple([z.enum(["put", "delete"]), z.string().regex(/^[A-Z][A-Z0-9_]*$/)]),
        z.tuple([z.literal("bulk")]),
      ])
      .parse(positionals);
    const input = verb === "delete" ? "" : await text(process.stdin);
    for (const part of PARTS) {
      const env = environmentOf(environment, part) ?? "";
      const { code } = await runWrangler(["secret", verb, ...names, "--env", env], { echo: true, input });
      if (code !== 0) throw new Error(`wrangler secret ${verb} --env ${env} ended with ${code}`);
    }
  }
} catch (fault) {
  console.error(`\n${fault instanceof z.ZodError ? HELP : fault instanceof Error ? fault.message : String(fault)}`);
  process.exit(1);
}
