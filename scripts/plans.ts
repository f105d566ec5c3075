import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { fromRoot } from "./lib/paths.ts";
import { startDatabases, statementFiles, withPlans } from "./lib/plans.ts";

const HELP = `Writes D1's query plan above each statement of src/*/statements.ts and src/*/statements/*.ts.

  npm run -s plans             writes the plans that have changed
  npm run -s plans -- --check  writes nothing; exit code 1 if a plan has changed

A statement that reads a whole table needs a line "// scans: " with the reason.`;

const { values } = parseArgs({ options: { check: { type: "boolean" }, help: { type: "boolean" } } });

if (values.help === true) console.log(HELP);
else {
  const databases = await startDatabases();
  try {
    for (const path of statementFiles()) {
      const text = readFileSync(fromRoot(path), "utf8");
      const { text: planned, unexplained } = await withPlans(databases, path, text);
      for (const line of unexplained) console.log(line);
      if (planned !== text) console.log(`${path}: plans have changed`);
      if (values.check === true ? planned !== text || unexplained.length > 0 : unexplained.length > 0) {
        process.exitCode = 1;
      }
      if (values.check !== true && planned !== text) writeFileSync(fromRoot(path), planned);
    }
  } finally {
    await databases.stop();
  }
}
