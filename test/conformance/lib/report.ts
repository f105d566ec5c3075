import type { Outcome, Verdict } from "./case.ts";

/** What one target made of every case. */
export interface TargetReport {
  target: string;
  outcomes: Outcome[];
}

const WORDS: Record<Verdict, string> = { pass: "pass", FAIL: "**FAIL**", "not offered": "–" };

/** How many of each verdict. */
export function totals({ outcomes }: TargetReport): string {
  const count = (verdict: Verdict) => outcomes.filter((outcome) => outcome.verdict === verdict).length;
  return `${count("pass")} pass, ${count("FAIL")} FAIL, ${count("not offered")} not offered`;
}

/** The text of docs/developers/events-conformance.md. */
export function markdown(reports: readonly TargetReport[]): string {
  const names = reports.map(({ target }) => target);
  const cases = reports[0]?.outcomes ?? [];
  const lines = [
    "# Beside nchan and better-sse",
    "",
    "Written by `npm run conformance`; not to be edited. Each row is a case of `test/conformance`, run from outside over",
    "HTTP. A target fails a case when it behaves wrongly; what it does not have is marked –, which is no failure: nchan and",
    "better-sse leave tokens, history and progress to the application, and better-sse leaves resuming to it as well.",
    "",
    `| | ${names.join(" | ")} |`,
    `|---|${names.map(() => "---|").join("")}`,
    `| all cases | ${reports.map(totals).join(" | ")} |`,
  ];
  let group = "";
  for (const { group: own, name } of cases) {
    if (own !== group) lines.push(`| **${own}** |${names.map(() => " |").join("")}`);
    group = own;
    const verdicts = reports.map((report) => WORDS[find(report, own, name)?.verdict ?? "not offered"]);
    lines.push(`| ${escaped(name)} | ${verdicts.join(" | ")} |`);
  }
  const failures = reports.flatMap((report) =>
    report.outcomes
      .filter(({ verdict }) => verdict === "FAIL")
      .map(({ name, reason }) => `- ${report.target}, “${escaped(name)}”: ${escaped(reason ?? "")}`),
  );
  if (failures.length > 0) lines.push("", "What the failures say:", "", ...failures);
  return `${lines.join("\n")}\n`;
}

function find({ outcomes }: TargetReport, group: string, name: string): Outcome | undefined {
  return outcomes.find((outcome) => outcome.group === group && outcome.name === name);
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
}
