import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { dashboards } from "../../../scripts/lib/dashboards.ts";
import { fromRoot } from "../../../scripts/lib/paths.ts";

/** Runs a tool, with something to read or without. @returns what it printed. @throws with that when it refuses. */
export function run(tool: string, args: readonly string[], input = ""): string {
  const { status, stdout, stderr } = spawnSync(tool, args, { encoding: "utf8", input });
  if (status !== 0) throw new Error(`${tool} ${args.join(" ")} ended with ${status}:\n${stdout}${stderr}`);
  return stdout + stderr;
}

const ruleSchema = z.object({
  alert: z.string().optional(),
  record: z.string().optional(),
  expr: z.string(),
  for: z.string().optional(),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});
export type Rule = z.infer<typeof ruleSchema>;
const ruleFileSchema = z.object({ groups: z.array(z.object({ name: z.string(), rules: z.array(ruleSchema) })) });

export const RULES = fromRoot("ops/prometheus/rules");
export const RULE_TESTS = fromRoot("ops/prometheus/tests");

export function filesIn(directory: string): string[] {
  return readdirSync(directory)
    .sort()
    .map((name) => join(directory, name));
}

/** Every rule of every file. */
export function rules(): Rule[] {
  return filesIn(RULES).flatMap((file) =>
    ruleFileSchema.parse(parse(readFileSync(file, "utf8"))).groups.flatMap((group) => group.rules),
  );
}

/** Every expression that a dashboard or a rule evaluates. */
export function expressions(): string[] {
  const shown = dashboards().flatMap(({ panels, annotations }) => [
    ...panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
    ...annotations.list.map(({ expr }) => expr),
  ]);
  return [...shown, ...rules().map(({ expr }) => expr)];
}

/** Words of PromQL that look like names of metrics. */
const WORDS = new Set(
  `abs absent and avg bool by clamp count group histogram_quantile increase le max min on or quantile rate sqrt sum time topk
   unless vector without inf nan ignoring offset`.split(/\s+/),
);

/** Names of the metrics an expression reads, as a scrape has them; recorded series and ALERTS are none. */
export function metricsIn(expr: string): string[] {
  const bare = expr
    .replace(/"(?:[^"\\]|\\.)*"/g, '""')
    .replace(/\{[^}]*\}/g, "")
    .replace(/\b(by|on|without|ignoring)\s*\([^)]*\)/g, "")
    .replace(/\[[^\]]*\]/g, "");
  const names = [...bare.matchAll(/[a-zA-Z_][\w:]*/g)].map(([name]) => name);
  return [
    ...new Set(names.filter((name) => !WORDS.has(name) && !name.includes(":") && name !== "ALERTS" && name !== "up")),
  ];
}
