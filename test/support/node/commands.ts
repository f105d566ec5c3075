import { type Block, blocksOf, documents } from "./documents.ts";

// Who runs which command of the documents. What nobody runs has a reason here.

/** Documents whose commands `test/system/documents.test.ts` types in this order; later ones may rest on earlier ones. */
export const TYPED_DOCUMENTS = [
  "README.md",
  "docs/tutorial.md",
  "docs/authors/courses.md",
  "docs/authors/publishing.md",
  "docs/developers/records.md",
  "docs/operate/shards.md",
];

/** Blocks for a deployment of the reader's own, by how they begin: the same test types them against the local service. */
const AGAINST_THE_SERVICE: readonly (readonly [file: string, beginning: string])[] = [
  ["SECURITY.md", "curl -s --json"],
  ["docs/authors/import.md", "npm run -s import"],
  ["docs/authors/import.md", "curl -s -X POST"],
  ["docs/developers/pass.md", "curl"],
  ["docs/operate/backup-and-restore.md", "npm run -s erasures"],
  ["docs/operate/release.md", "curl -X PUT"],
  ["docs/operate/shards.md", "npm run -s shards -- move"],
];

/** Commands that are not typed as they stand: who runs them instead, or why nobody can. */
export const NOT_TYPED: readonly (readonly [command: RegExp, why: string])[] = [
  [/^npm start\b/, "`test/system/start.test.ts` starts the service with these options"],
  [/^npm run build:web\b/, "`vitest.config.ts` builds the pages before each run of the Worker's tests"],
  [/^npm run test:browser\b/, "these are the browser tests themselves, as `.ci/run` runs them"],
  [/^npm run build:client\b/, "`test/unit/client/package.test.ts` builds the package and uses it"],
  [/^npm run samples\b/, "downloads two frameworks; `.ci/run` runs `scripts/build-samples.ts`"],
  [
    /^cp -r samples\b|^npm install && npm install\b|^npx vite\b/,
    "typed in a copy of a sample; `scripts/build-samples.ts` does the same",
  ],
  [
    /^npm install (?:\.\.\/|react)/,
    "typed in the reader's own repository; `test/unit/client/package.test.ts` uses the package",
  ],
  [/^npm run insight\b/, "needs the OULAD files; `test/system/insight.test.ts` runs it where they are"],
  [
    /^npm run -s import .*--people /,
    "needs a backup with people; `test/unit/courses/importers/people.test.ts` reads one",
  ],
  [/^npm run bench\b/, "makes load for minutes; `bench/run.ts` is started by hand"],
  [
    /^npm run (?:-s )?(?:backup|backup:verify|restore)\b/,
    "`test/system/backup.test.ts` takes, verifies and restores a backup",
  ],
  [/^npm run deploy\b/, "needs an account; `test/system/release/whole.test.ts` deploys to a stubbed one"],
  [/^npm run -s secret\b/, "needs an account; the commands of wrangler that it runs are checked with the others"],
  [/^npm run rollback\b/, "needs an account; `test/system/release/whole.test.ts` rolls back in a stubbed one"],
  [/^npm run config && npm run deploy\b/, "likewise; `scripts/config.ts` is checked with the types"],
  [/^npm run validate\b|^VALIDATION_SECRET=/, "takes minutes to days; `test/system/validate.test.ts` runs a short one"],
  [
    /^npm run docs:dashboards\b/,
    "needs Prometheus with figures; `test/unit/ops/monitoring.test.ts` checks what is drawn",
  ],
  [/^(?:promtool|amtool)\b/, "`test/unit/ops/monitoring.test.ts` gives both the same files"],
  [/\$PROMETHEUS\b/, "needs Prometheus; `test/unit/ops/monitoring.test.ts` checks the names in the queries"],
  [
    /^curl .*(?:dead-letters\/<id>|\/erasures\/)/,
    "needs a dead letter or an erasure; `test/worker/plans/plans.test.ts` calls the routes",
  ],
  [/auth\/bootstrap\b/, "works while there is no administrator; `test/worker/identity/bootstrap.test.ts` calls it so"],
  [/^(?:openssl|read|rm|export|systemctl|\$EDITOR) /, "on the reader's own machine"],
];

/** A command of a document, on one line: continued lines are joined, and what is fed to it is left out. */
export interface Command {
  at: string;
  block: Block;
  text: string;
}

/** Every shell block of the documents. */
function shellBlocks(): Block[] {
  return documents().flatMap((file) => blocksOf(file).filter(({ language }) => language === "sh"));
}

/** Whether the commands of a block are typed with those of its document. */
function isTyped({ file, kind }: Block): boolean {
  return kind !== "elsewhere" && TYPED_DOCUMENTS.includes(file);
}

/** The blocks that are typed against the local service though they name another deployment. */
export function blocksForTheService(): Block[] {
  return shellBlocks().filter(({ file, text, kind }) => {
    if (text.split("\n").some((line) => NOT_TYPED.some(([command]) => command.test(line)))) return false;
    return kind === "elsewhere" && AGAINST_THE_SERVICE.some(([of, start]) => of === file && text.startsWith(start));
  });
}

/** Blocks of {@link AGAINST_THE_SERVICE} that stand nowhere any more. */
export function lostBlocks(): string[] {
  return AGAINST_THE_SERVICE.flatMap(([of, start]) =>
    blocksForTheService().some(({ file, text }) => file === of && text.startsWith(start)) ? [] : [`${of}: ${start}`],
  );
}

/** The commands of blocks that no test types as a whole. */
export function otherCommands(): Command[] {
  const typed = new Set(blocksForTheService().map(({ file, line }) => `${file}:${line}`));
  return shellBlocks().flatMap((block) => {
    const at = `${block.file}:${block.line}`;
    if (isTyped(block) || typed.has(at)) return [];
    const joined = block.text.replaceAll("\\\n", " ").replace(/<<'?(\w+)'?\n[\s\S]*?\n\1\n/g, "\n");
    return joined.split("\n").flatMap((text) => (text.trim() === "" ? [] : [{ at, block, text: text.trim() }]));
  });
}

/** Calls of the pages about alerts, which the test of the documents sends to the local service. */
export function isAlertCall({ block, text }: Command): boolean {
  return block.file.startsWith("docs/operate/alerts/") && text.startsWith("curl ") && text.includes("$LATCHKEY");
}

/** What a command asks of wrangler: the words of the command, and its flags. Null when it asks nothing. */
export function wranglerCall(text: string): { words: string[]; flags: string[] } | null {
  const call = /npx wrangler ((?:[a-z][\w-]* ?)+)([^|#\n]*)/.exec(text);
  if (call === null) return null;
  const words = (call[1] ?? "").trim().split(" ");
  const unquoted = (call[2] ?? "").replace(/"[^"]*"|'[^']*'/g, "");
  return { words, flags: [...unquoted.matchAll(/(?<![\w-])--([a-z][\w-]*)/g)].map(([, flag = ""]) => flag) };
}
