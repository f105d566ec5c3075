#!/usr/bin/env bash
# Fact: INSERT with NULL into a column of the type INT, FLOAT, NUMBER or MONEY stores NaN in alasql 4.19.1, without an error. From then on
#   IS NULL does not find the row, COUNT counts it and AVG takes it for 0. INTEGER, DOUBLE, DECIMAL and columns that are left out of
#   the INSERT or set to NULL by UPDATE are right. In all columns NOT (mark = 10) is true for a missing mark, while mark <> 10 is
#   not; in SQL both are unknown and the row is not in the result. A sum over no row is 0 instead of NULL. ISO SQL (9075-2,
#   aggregate functions) takes only the values that are there; SQLite (sql.js 1.14.1) is asked the same here.
# Why it matters: the package runs SQL in the page, so it is used in SQL courses and for tables of marks. The average of 10 and 20 with
#   two marks missing is 7.5 for 15, and "who has no mark yet?" names nobody. A learner whose query is right has another result
#   than the key, which a real database made; the lesson on NULL cannot be taught. Use SQLite in the page, or write INTEGER.
# The guess: INT is another name of INTEGER, and NULL is stored as NULL.
# Date: 2026-12-01
# Needs: Node 20 or newer, npm.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
echo '{ "name": "finding", "private": true, "type": "module" }' >package.json
npm install --no-audit --no-fund --silent alasql@4.19.1 sql.js@1.14.1

cat >run.js <<'JS'
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
const require = createRequire(import.meta.url);
const alasql = require("alasql");
const version = (name) => JSON.parse(readFileSync(`node_modules/${name}/package.json`, "utf8")).version;
const sqlite = new (await require("sql.js")()).Database();
for (const database of [alasql, (text) => sqlite.run(text)]) {
  for (const type of ["INT", "FLOAT", "INTEGER", "DOUBLE"]) {
    database(`CREATE TABLE in_${type} (learner INT, mark ${type})`);
    database(`INSERT INTO in_${type} VALUES (1, 10), (2, NULL), (3, 20), (4, NULL)`);
  }
}
const inAlasql = (query) => alasql(query).flatMap((row) => Object.values(row).map((value) => value ?? null));
const inSqlite = (query) => sqlite.exec(query).flatMap(({ values }) => values.flat());
const cases = [
  // query, by SQL, seen
  ["SELECT COUNT(*) AS x FROM in_INT", [4], [4]],
  ["SELECT COUNT(mark) AS x FROM in_INT", [2], [4]],
  ["SELECT COUNT(mark) AS x FROM in_INTEGER", [2], [2]],
  ["SELECT AVG(mark) AS x FROM in_INT", [15], [7.5]],
  ["SELECT AVG(mark) AS x FROM in_FLOAT", [15], [7.5]],
  ["SELECT AVG(mark) AS x FROM in_INTEGER", [15], [15]],
  ["SELECT AVG(mark) AS x FROM in_DOUBLE", [15], [15]],
  ["SELECT learner FROM in_INT WHERE mark IS NULL", [2, 4], []],
  ["SELECT learner FROM in_INTEGER WHERE mark IS NULL", [2, 4], [2, 4]],
  ["SELECT learner FROM in_INTEGER WHERE mark <> 10", [3], [3]],
  ["SELECT learner FROM in_INTEGER WHERE NOT (mark = 10)", [3], [2, 3, 4]],
  ["SELECT SUM(mark) AS x FROM in_INTEGER WHERE learner > 9", [null], [0]],
];
console.log(`alasql ${version("alasql")}, sql.js ${version("sql.js")}`);
let changed = false;
for (const [query, right, expected] of cases) {
  const [seen, checked] = [inAlasql(query), inSqlite(query)].map((values) => JSON.stringify(values));
  console.log(`${query.padEnd(56)} SQLite ${checked.padEnd(7)} alasql ${seen}`);
  if (seen !== JSON.stringify(expected) || checked !== JSON.stringify(right)) changed = true;
}
if (changed) {
  console.error("changed: expected the last columns of `cases`");
  process.exit(1);
}
console.log("as described");
JS
node run.js
