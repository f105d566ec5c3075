import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { COMMITTED, configText, read } from "./lib/config/file.ts";

const HELP = `Writes wrangler.toml from scripts/config/settings.ts.

  npm run config              writes it
  npm run config -- --check   writes nothing; exit code 1 when it is out of date

Afterwards \`npm run types\` writes the types of the bindings.`;

const { values } = parseArgs({ options: { check: { type: "boolean" }, help: { type: "boolean", short: "h" } } });
if (values.help === true) {
  console.log(HELP);
  process.exit(0);
}
const wanted = configText();
if (read(COMMITTED) === wanted) console.log("wrangler.toml is up to date");
else if (values.check === true) {
  console.error("wrangler.toml is not what scripts/config/settings.ts says: run `npm run config`");
  process.exit(1);
} else {
  writeFileSync(COMMITTED, wanted);
  console.log("wrangler.toml is written");
}
