import { withTimeOut } from "../../platform/http/time-out.ts";
import { logFault } from "../../platform/log.ts";
import { type Family, gauge, gaugeBy } from "../../platform/metrics/family.ts";
import type { Section } from "../../platform/metrics/section.ts";
import { countedFamilies } from "../../platform/metrics/totals.ts";

/** A section that takes longer is left out, milliseconds. */
const SECTION_TIMEOUT_MS = 2_000;
/** A result is used again for this long, so that several scrapers cost no more than one. */
const CACHE_MS = 5_000;

/** When this isolate first answered anything: before that it has no clock. */
let startedAt: number | null = null;
let last: { at: number; families: readonly Family[] } | null = null;

const counted: Section = { name: "counted", read: countedFamilies };

/** All metrics: what was counted, and what each room reads from its stored data now. */
export async function scrape(env: Env, sections: readonly Section[], now: number): Promise<readonly Family[]> {
  if (last !== null && now - last.at < CACHE_MS && now >= last.at) return last.families;
  startedAt ??= now;
  const all = [counted, ...sections];
  const read = await Promise.all(all.map((section) => readSection(env, section, now)));
  const families = [
    ...process(env, startedAt),
    gaugeBy(
      "metrics_section_up",
      "1: this section was read; 0: its source did not answer, and its metrics are missing.",
      "section",
      all.map(({ name }, at) => [name, read[at] === null ? 0 : 1]),
    ),
    ...read.flatMap((part) => part ?? []),
  ];
  last = { at: now, families };
  return families;
}

async function readSection(env: Env, section: Section, now: number): Promise<readonly Family[] | null> {
  try {
    return await withTimeOut(section.read(env, now), SECTION_TIMEOUT_MS, section.name);
  } catch (fault) {
    logFault("metrics_section_failed", fault, { section: section.name });
    return null;
  }
}

function process(env: Env, started: number): Family[] {
  const { id, tag } = env.CF_VERSION_METADATA ?? { id: "", tag: "" };
  return [
    {
      name: "build_info",
      help: "The version that answers; always 1.",
      type: "gauge",
      samples: [{ labels: { version: id, tag, environment: env.ENVIRONMENT }, value: 1 }],
    },
    gauge("process_start_time_seconds", "When the isolate that answers was started.", started / 1_000),
  ];
}

/** Forgets the last result; for tests. */
export function forgetScrape(): void {
  last = null;
}
