import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { z } from "zod";
import { NODE, ROOT } from "../../scripts/lib/paths.ts";

/** Lines of the command kept for a message, should it fail. */
const TAIL_LINES = 20;

export const importSummarySchema = z.object({
  enrollments: z.object({ sent: z.int(), created: z.int(), existing: z.int() }),
  facts: z.object({
    sent: z.int(),
    outcomes: z.record(z.string(), z.int()),
    calls: z.int(),
    replayed_calls: z.int(),
    sent_again: z.int(),
  }),
  retries: z.int(),
  seconds: z.object({ publish: z.number(), enroll: z.number(), facts: z.number(), total: z.number() }),
});
export type ImportSummary = z.infer<typeof importSummarySchema>;

/** The import command in its own process, as a user runs it, and how far it says it has come. */
export class ImportRun {
  /** Done so far, by step, as its lines say. */
  readonly done = { enroll: 0, facts: 0 };
  isOver = false;
  /** Its summary. Rejects with its last lines when it fails. */
  readonly ended: Promise<ImportSummary>;
  readonly #kill: () => void;

  constructor(args: readonly string[], say: (line: string) => void) {
    const child = spawn(NODE, ["scripts/import.ts", ...args], { cwd: ROOT, stdio: ["ignore", "pipe", "pipe"] });
    this.#kill = () => child.kill("SIGKILL");
    const tail: string[] = [];
    createInterface({ input: child.stderr }).on("line", (line) => {
      tail.push(line);
      if (tail.length > TAIL_LINES) tail.shift();
      const [, step, count] = /^(enroll|facts) +(\d+) of /.exec(line) ?? [];
      if (step === "enroll" || step === "facts") this.done[step] = Number(count);
      else say(`  ${line}`);
    });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
    this.ended = new Promise<ImportSummary>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", (code) => {
        this.isOver = true;
        if (code === 0) resolve(importSummarySchema.parse(JSON.parse(output)));
        else reject(new Error(`the import ended with ${code}:\n${tail.join("\n")}`));
      });
    });
  }

  kill(): void {
    if (!this.isOver) this.#kill();
  }
}
